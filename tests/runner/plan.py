# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Programs that several guests run between them."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from dataclasses import asdict

from . import programs


class Plan:
    """Programs that guests take by turns: some guests from the front, others from the back, until they meet."""

    def __init__(self, todo, kernel):
        self.todo = todo
        self.kernel = kernel
        self.counted = bool(todo) and todo[0].counted  # all of them, or none
        self.cpus = todo[0].cpus if todo else 1  # of all of them
        self.begun = set()
        self.guests, self.ending, self.lock = [], False, threading.Lock()
        self.shared = tempfile.mkdtemp(prefix="xslot-tests-")
        with open(f"{self.shared}/plan.json", "w", encoding="utf-8") as plan:
            json.dump([asdict(p) for p in todo], plan)

    def start(self, argv, env):
        """A guest, or None when they are to end."""
        with self.lock:
            if self.ending:
                return None
            child = subprocess.Popen(argv, env=env, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     start_new_session=True)
            self.guests.append(child)
            return child

    def end(self):
        """No guest outlives us when we are interrupted."""
        with self.lock:
            self.ending = True
            for child in self.guests:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()

    def close(self):
        self.end()
        shutil.rmtree(self.shared)

    def left(self):
        return [p for p in self.todo if not taken_path(self.shared, p).exists()]


def taken_path(shared, program):
    return programs.tap_path(shared, program).with_suffix(".taken")


def take(shared, program):
    """Is it this guest's to run? Of all that ask, one is told so: its host's mkdir() decides."""
    try:
        taken_path(shared, program).mkdir()
        return True
    except FileExistsError:
        return False

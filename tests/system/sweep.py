# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Kill sweeps: the same thing done again and again, each time cut off by SIGKILL one system call later.

By itself a test lets the thing come to its end once, to know how many calls it makes, and then takes a few that are
spread over them evenly. XSLOT_SWEEP=all takes every one, XSLOT_SWEEP=3 every third, XSLOT_SWEEP=3+200 every third from the
200th on. It ends after the points that came too late to kill anything. kill-at.c counts the calls, those of all threads
together.
"""
import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from host import PATIENCE, built, wait_for

LATE = 3  # points that came too late: the number of calls differs from time to time
END = 20000  # more calls than anything here makes


def bpffs(host):
    return Path(host.ini.read_text().partition("bpffs = ")[2].split()[0])


def pins(host):
    """What the host's folder holds, without what differs from one instance to the next: ids and banks."""
    paths = (str(path.relative_to(bpffs(host))) for path in bpffs(host).rglob("*"))
    return sorted(re.sub(r"inst/\d+", "inst/ID", re.sub(r"(link_\d+|fused|code)_[a-d]$", r"\1", path)) for path in paths)


@dataclass
class Sweep:
    """Iterate over it for the numbers, and tell it after each whether the process was killed."""

    name: str
    sample: int  # so many points, unless XSLOT_SWEEP says which
    points: int = 0
    survived: int = 0
    began: float = field(default_factory=time.monotonic)

    def numbers(self):
        asked = os.environ.get("XSLOT_SWEEP")
        if asked:
            step, _, first = asked.replace("all", "1").partition("+")
            yield from range(int(first or 1), END, int(step))
            return
        yield END
        calls = Killer.calls
        for i in range(self.sample):
            yield calls * (2 * i + 1) // (2 * self.sample)

    def __iter__(self):
        for number in self.numbers():
            if self.survived >= LATE:
                break
            self.points += 1
            if "XSLOT_SWEEP" in os.environ:
                print(f"{self.name} sweep: call {number}", flush=True)
            yield number

    def came_to_its_end(self):
        self.survived += 1

    def over(self, *words):
        deadly = self.points - self.survived
        print(f"{self.name} sweep: {self.points} points, {deadly} of them deadly, in {time.monotonic() - self.began:.0f} s", *words)
        assert 2 * deadly >= self.sample, "too few points for the test to mean anything"


class Killer:
    """kill-at at work on a process that runs, or on the program that `argv` will start."""

    calls = 0  # that were made by who came to its end last

    def __init__(self, directory, number):
        self.report = Path(directory) / "killed-at"
        self.report.unlink(missing_ok=True)
        self.head = [str(built("plain", "kill-at")), str(self.report), str(number)]

    def attach(self, pid):
        """Count from now; returns when it does."""
        self.process = subprocess.Popen(self.head + [str(pid)])
        wait_for(self.said, "kill-at to attach")

    def argv(self, *argv):
        return self.head + [str(word) for word in argv]

    def said(self):
        """What kill-at wrote so far, as words."""
        return self.report.read_text().split() if self.report.exists() else []

    def let_go(self):
        """Stop counting; True when it was in time to kill."""
        words = self.said()
        if len(words) == 2:
            try:
                os.kill(int(words[1]), signal.SIGTERM)
            except ProcessLookupError:  # it has just done its work
                pass
        _, _, what, number = wait_for(lambda: len(self.said()) == 4 and self.said(), "kill-at to go")
        if what == "ended":
            Killer.calls = int(number)
            print(f"{number} system calls")
        return what == "killed"


def killed(process, killer, over=lambda: False):
    """
    Wait until kill-at killed `process`, or over() is true, or it ended by itself; False unless it was killed. over() asks
    nothing of the process: what that would make it do would be counted, and how much that is depends on the machine.
    """
    wait_for(lambda: process.poll() is not None or over(), "the process to be killed, or to come to its end")
    if not killer.let_go():
        return False
    assert process.wait(PATIENCE) == -signal.SIGKILL
    return True


def host_killed_at(host, number, begin, over=lambda: False):
    """begin() something in the running host and kill it at its `number`th system call from then; False when it was too late."""
    killer = Killer(host.directory, number)
    killer.attach(host.pid())
    begin()
    try:
        return killed(host.process, killer, over)
    finally:
        killer.process.wait(PATIENCE)


def call_killed_at(host, number, method, **parameters):
    """Call the host and kill it at its `number`th system call from then; False when it had replied before that."""
    with contextlib.ExitStack() as stack:
        calls = []

        def begin():
            with contextlib.suppress(OSError):  # it may be dead by now
                calls.append(stack.enter_context(host.ask(method, **parameters)))
                calls[0].setblocking(False)

        def replied():
            try:
                return any(b"\0" in call.recv(1 << 20) for call in calls)
            except OSError:  # nothing yet, or nobody
                return False

        return host_killed_at(host, number, begin, replied)


@contextlib.contextmanager
def started_under(host, tracer):
    """Start the host under a Killer or a like of it; gives a function that tells whether it has said that it is ready."""
    path = host.directory / "notify"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, open(host.log_path, "ab") as log:
        def ready():
            try:
                return b"READY=1" in manager.recv(1 << 12, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False

        manager.bind(str(path))
        host.process = host.namespace.start(*tracer.argv(*host.argv()), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=os.environ | {"NOTIFY_SOCKET": str(path)})
        yield ready


def start_killed_at(host, number):
    """Start the host and kill it at its `number`th system call; False when it was ready before that."""
    killer = Killer(host.directory, number)
    with started_under(host, killer) as ready:
        return killed(host.process, killer, ready)


def run_killed_at(host, number, *argv):
    """Run a command in the host's namespace and kill it at its `number`th system call; False when it ended before that."""
    killer = Killer(host.directory, number)
    process = host.namespace.start(*killer.argv(*argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return killed(process, killer)

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What this kernel lets root do, and the guest for what it does not."""
import ctypes
import json
import os
import platform
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from . import build, programs
from .results import FAILED, Journal, Result, parse_tap

XDP, EXT = 6, 28  # enum bpf_prog_type
EPERM = 1
VM = build.ROOT / "tests/vm"
BOOTS = 3  # a guest that dies is replaced, for the programs it had not come to, this often


def may_load(program_type):
    """Try BPF_PROG_LOAD of `return 0`. An extension without a target is invalid, but only where extensions are allowed."""
    code = ctypes.create_string_buffer(bytes.fromhex("b700000000000000" "9500000000000000"))
    licence = ctypes.create_string_buffer(b"GPL")
    attr = struct.pack("<IIQQ", program_type, 2, ctypes.addressof(code), ctypes.addressof(licence)).ljust(128, b"\0")
    libc = ctypes.CDLL(None, use_errno=True)
    number = {"x86_64": 321, "aarch64": 280}[platform.machine()]
    fd = libc.syscall(number, 5, ctypes.create_string_buffer(attr, 128), 128)
    if fd >= 0:
        os.close(fd)
    return fd >= 0 or ctypes.get_errno() != EPERM


def kernel(suite):
    """The directory of a Debian release's kernel, fetched once."""
    out = subprocess.run([VM / "kernels", suite], stdout=subprocess.PIPE, text=True, check=False)
    if out.returncode:
        sys.exit(f"cannot get the kernel of {suite}")
    return out.stdout.strip()


def run(todo, suite, tally):
    """Run programs in as few guests as possible: all of them counted, or none."""
    directory = kernel(suite)
    for _ in range(BOOTS):
        if not todo:
            return
        todo = boot(todo, directory, tally)
    for program in todo:
        tally.add(Result(program.name, "", FAILED, f"not run: {BOOTS} guests died before it"))


def boot(todo, directory, tally):
    """One guest. Returns the programs that it did not come to."""
    shared = tempfile.mkdtemp(prefix="xslot-tests-")
    try:
        with open(f"{shared}/plan.json", "w", encoding="utf-8") as plan:
            json.dump([asdict(p) for p in todo], plan)
        words = start(todo, directory, shared)
        return harvest(todo, shared, words, tally)
    finally:
        shutil.rmtree(shared)


def start(todo, directory, shared):
    """Boot, run the plan, pass on what it prints; returns the last words."""
    limit = sum(p.timeout for p in todo) + 120
    given = [f"{name}={os.environ[name]}" for name in ("XSLOT_SWEEP", "XSLOT_FAULTS", "XSLOT_LIES", "XSLOT_RELOADS", "XSLOT_TEST_SEED") if name in os.environ]
    clock = ["-i"] if todo[0].counted else ["-c", "2"]
    argv = [VM / "run", "-k", directory, *clock, "-t", str(limit), "--", "env", f"PYTHONPATH={build.ROOT}/tests", *given,
            "/usr/bin/python3", "-m", "runner", "--inside", shared]
    child = subprocess.Popen(argv, env=os.environ | {"VM_OUT": shared}, text=True, errors="replace",
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    words = []
    try:
        for line in child.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            words = words[-60:] + [line]
        child.wait()
    finally:
        if child.poll() is None:  # interrupted
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    return "".join(words)


def harvest(todo, shared, words, tally):
    """Count what the journal says; a program that began and did not end took the guest with it."""
    path = Path(shared) / "journal"
    events = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    begun = {e["begin"] for e in events if "begin" in e}
    ended = {e["end"] for e in events if "end" in e}
    for event in events:
        if "result" in event:
            tally.results.append(Result(**event["result"]))
        if "time" in event:
            tally.times[event["time"][0]] = event["time"][1]
    for program in (p for p in todo if p.name in begun - ended):
        tap = programs.tap_path(shared, program)
        for result in parse_tap(program.name, tap.read_text("utf-8") if tap.exists() else "", None, words):
            tally.add(result)
        tally.add(Result(program.name, "guest", FAILED, f"died; its last words:\n{words}"))
    if not begun:
        tally.add(Result("guest", "", FAILED, f"it never came to the tests; its last words:\n{words}"))
        return []
    return [p for p in todo if p.name not in begun]


def inside(shared):
    """In the guest: run the plan, journal what happens."""
    journal = Journal(f"{shared}/journal")
    with open(f"{shared}/plan.json", encoding="utf-8") as plan:
        todo = [programs.Program(**p) for p in json.load(plan)]
    for program in todo:
        journal.write(begin=program.name)
        programs.run(program, journal, shared)
        journal.write(end=program.name)

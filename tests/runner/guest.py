# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What this kernel lets root do, and guests for what it does not."""
import ctypes
import json
import os
import platform
import struct
import subprocess
import sys
import threading
from pathlib import Path

from . import build, programs
from .plan import Plan, take
from .results import FAILED, Journal, Result, parse_tap

XDP, EXT = 6, 28  # enum bpf_prog_type
EPERM = 1
VM = build.ROOT / "tests/vm"
BOOTS = 3  # a guest that dies is replaced, for the programs that none had come to, this often


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


class Lanes:
    """Guests for a plan: one beside what runs natively, and a second one afterwards, when this machine has two CPUs."""

    def __init__(self, todo, suite, tally):
        self.tally = tally
        self.plan = Plan(todo, kernel(suite) if todo else None)
        self.front = threading.Thread(target=run, args=(self.plan, tally, "front"), daemon=True)

    def __enter__(self):
        self.front.start()

    def __exit__(self, *exception):
        try:
            if exception == (None, None, None):
                if (os.cpu_count() or 1) > 1:
                    run(self.plan, self.tally, "back")
                self.front.join()
                give_up(self.plan, self.tally)
        finally:
            self.plan.close()
            self.front.join()


def run_alone(todo, suite, tally):
    """In one guest, with nothing beside it."""
    plan = Plan(todo, kernel(suite) if todo else None)
    try:
        run(plan, tally, "front")
        give_up(plan, tally)
    finally:
        plan.close()


def run(plan, tally, end):
    """Run what is left of a plan from one end of it, in one guest unless that dies."""
    for number in range(BOOTS):
        if not plan.left() or not boot(plan, f"{end}-{number}", tally):
            return


def give_up(plan, tally):
    for program in (p for p in plan.todo if p.name not in plan.begun):
        tally.add(Result(program.name, "", FAILED, f"not run: {BOOTS} guests died before it"))


def boot(plan, name, tally):
    """One guest. Did it die, so that another one is worth a try?"""
    words = start(plan, name)
    return harvest(plan, name, words, tally)


def start(plan, name):
    """Boot, run the plan, pass on what it prints; returns the last words."""
    limit = sum(p.timeout for p in plan.left()) + 120
    given = [f"{name}={os.environ[name]}" for name in ("XSLOT_SWEEP", "XSLOT_FAULTS", "XSLOT_LIES", "XSLOT_RELOADS", "XSLOT_TEST_SEED") if name in os.environ]
    clock = ["-i"] if plan.counted else ["-c", str(plan.cpus)]
    argv = [VM / "run", "-k", plan.kernel, *clock, "-t", str(limit), "--", "env", f"PYTHONPATH={build.ROOT}/tests", *given,
            "/usr/bin/python3", "-m", "runner", "--inside", plan.shared, name]
    child = plan.start(argv, os.environ | {"VM_OUT": plan.shared})
    words = []
    for line in child.stdout if child else []:
        sys.stdout.write(line)
        sys.stdout.flush()
        words = words[-60:] + [line]
    if child:
        child.wait()
    return "".join(words)


def harvest(plan, name, words, tally):
    """Count what the guest's journal says; a program that began and did not end took the guest with it."""
    path = Path(plan.shared) / f"{name}.journal"
    events = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    begun = {e["begin"] for e in events if "begin" in e}
    plan.begun |= begun
    ended = {e["end"] for e in events if "end" in e}
    for event in events:
        if "result" in event:
            tally.results.append(Result(**event["result"]))
        if "time" in event:
            tally.times[event["time"][0]] = event["time"][1]
    for program in (p for p in plan.todo if p.name in begun - ended):
        tap = programs.tap_path(plan.shared, program)
        for result in parse_tap(program.name, tap.read_text("utf-8") if tap.exists() else "", None, words):
            tally.add(result)
        tally.add(Result(program.name, "guest", FAILED, f"died; its last words:\n{words}"))
    if not path.exists():
        tally.add(Result("guest", "", FAILED, f"it never came to the tests; its last words:\n{words}"))
    return bool(begun - ended)


def inside(shared, name):
    """In the guest: run what no other has taken, journal what happens."""
    journal = Journal(f"{shared}/{name}.journal")
    with open(f"{shared}/plan.json", encoding="utf-8") as plan:
        todo = [programs.Program(**p) for p in json.load(plan)]
    for program in reversed(todo) if name.startswith("back") else todo:
        if take(shared, program):
            journal.write(begin=program.name)
            programs.run(program, journal, shared)
            journal.write(end=program.name)

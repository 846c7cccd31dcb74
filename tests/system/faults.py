# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Fault sweeps: the same thing done again and again, each time with one system call in it that fails.

fail-at.c counts the calls of each kind and makes one fail. By itself a test lets the thing come to its end once, to know
how many there are, and then takes a few of different kinds, the same each time: XSLOT_TEST_SEED=N takes others.
XSLOT_SWEEP=all takes every call with every error, XSLOT_SWEEP=3 every third, XSLOT_SWEEP=3+200 every third from the 200th
on. XSLOT_FAULTS=bpf,mmap:17,write:51:ENOSPC takes only these kinds, calls and errors.
"""
import errno
import os
import random
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from host import built, wait_for
from sweep import started_under

ERRORS = (errno.ENOMEM, errno.EPERM, errno.EMFILE)
FULL = (errno.ENOSPC, errno.EIO)
KINDS = {"bpf": ERRORS, "mmap": ERRORS, "openat": ERRORS, "netlink": ERRORS, "socket": ERRORS, "clone": ERRORS,
         "write": FULL, "name": FULL, "wake": (errno.EPERM,), "remove": (errno.ENOMEM, errno.EPERM)}
END = 1000000  # more calls than anything here makes


@dataclass
class Fault:
    kind: str
    number: int
    error: int

    def __str__(self):
        return f"{self.kind}:{self.number}:{errno.errorcode[self.error]}"


class Injector:
    """fail-at at work on a process that runs, or on the program that `argv` will start."""

    counts = {}  # how many calls of each kind there were when none failed

    def __init__(self, directory, fault):
        self.report = Path(directory) / "failed-at"
        self.report.unlink(missing_ok=True)
        self.head = [str(built("plain", "fail-at")), str(self.report), fault.kind, str(fault.number), str(fault.error)]

    def attach(self, pid):
        """Count from now; returns when it does."""
        self.process = subprocess.Popen(self.head + [str(pid)])
        wait_for(self.said, "fail-at to attach")

    def argv(self, *argv):
        return self.head + [str(word) for word in argv]

    def said(self):
        """What fail-at wrote so far, as whole lines of words."""
        text = self.report.read_text() if self.report.exists() else ""
        return [line.split() for line in text[:text.rfind("\n") + 1].splitlines()]

    def let_go(self):
        """Stop counting; True when a call failed."""
        lines = self.said()
        if len(lines) == 1:
            try:
                os.kill(int(lines[0][1]), signal.SIGTERM)
            except ProcessLookupError:  # it has just done its work
                pass
        words = wait_for(lambda: len(self.said()) == 2 and self.said()[1], "fail-at to go")
        if words[0] == "ended":
            Injector.counts = dict(zip(words[1::2], map(int, words[2::2])))
        return words[0] == "failed"


def sweep_numbers(calls):
    """Those that XSLOT_SWEEP asks for."""
    step, _, first = os.environ["XSLOT_SWEEP"].replace("all", "1").partition("+")
    return range(int(first or 1), calls + 1, int(step))


def only(fault):
    """Is it one that XSLOT_FAULTS lets through?"""
    asked = os.environ.get("XSLOT_FAULTS")
    return not asked or any(f"{fault}:".startswith(f"{some}:") for some in asked.split(","))


@dataclass
class FaultSweep:
    """Iterate over it for the faults; tell it what came of each."""

    name: str
    sample: int  # so many calls, unless XSLOT_SWEEP or XSLOT_FAULTS says which
    hits: int = 0
    outcomes: dict = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def chosen(self, counts):
        seed = int(os.environ.get("XSLOT_TEST_SEED", 1))
        print(f"{self.name} faults: XSLOT_TEST_SEED={seed}", flush=True)
        by_chance = random.Random(seed)
        kinds = [kind for kind in KINDS if counts[kind]]
        for kind in by_chance.sample(kinds, min(self.sample, len(kinds))):
            yield Fault(kind, by_chance.randint(1, counts[kind]), by_chance.choice(KINDS[kind]))

    @staticmethod
    def whole(counts):
        for kind, errors in KINDS.items():
            for number in sweep_numbers(counts[kind]) if "XSLOT_SWEEP" in os.environ else range(1, counts[kind] + 1):
                for error in errors:
                    yield Fault(kind, number, error)

    def __iter__(self):
        yield Fault("bpf", END, errno.EPERM)
        counts = dict(Injector.counts)
        print(f"{self.name} faults: {counts}", flush=True)
        whole = "XSLOT_SWEEP" in os.environ or "XSLOT_FAULTS" in os.environ
        for fault in filter(only, self.whole(counts) if whole else self.chosen(counts)):
            began = time.monotonic()
            print(f"{self.name} fault: {fault}", flush=True)
            yield fault
            print(f"  {time.monotonic() - began:.1f} s", flush=True)

    def came_to(self, outcome, hit):
        """`hit`: a call failed. How many there are of a kind differs from time to time, so the last may not come."""
        print(f"  {outcome if hit else 'no such call'}", flush=True)
        self.hits += hit
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + hit

    def over(self):
        print(f"{self.name} faults: {self.hits} calls failed, {self.outcomes}, in {time.monotonic() - self.began:.0f} s")
        assert self.hits > 0, "no call failed: the test means nothing"


def start_with(host, fault):
    """Start the host with a fault: (did the call fail, is it ready). When it is not, it has ended."""
    injector = Injector(host.directory, fault)
    with started_under(host, injector) as ready:
        wait_for(lambda: host.process.poll() is not None or ready(), "the host to be ready, or to end")
        return injector.let_go(), host.process.poll() is None


def call_with(host, fault, method, **parameters):
    """Call the host with a fault: (did the call fail, its answer or None when it hung up)."""
    injector = Injector(host.directory, fault)
    injector.attach(host.pid())
    try:
        answer = host.call(method, **parameters)
    except TimeoutError as why:
        raise AssertionError(f"no answer after {fault}") from why
    except OSError:  # the connection's own call failed
        answer = None
    failed = injector.let_go()
    injector.process.wait()
    return failed, answer

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Results: what a test did, how TAP says it, and the count at the end."""
import json
import re
import sys
from dataclasses import asdict, dataclass

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass
class Result:
    program: str
    test: str
    status: str
    text: str = ""

    def name(self):
        return f"{self.program}: {self.test}" if self.test else self.program


class Tally:
    """Prints each result as it comes and counts it."""

    def __init__(self):
        self.results = []
        self.times = {}

    def add(self, result):
        self.results.append(result)
        show(result)

    def took(self, program, seconds):
        self.times[program] = seconds
        show_time(program, seconds)

    def slowest(self, number=10):
        """Where a run's time goes. Those of a guest whose clock counts instructions are that clock's."""
        print(f"the {min(number, len(self.times))} slowest:")
        for name, seconds in sorted(self.times.items(), key=lambda item: -item[1])[:number]:
            print(f"  {seconds:7.1f} s  {name}")

    def recall(self):
        """Show again what failed: of a log that is cut, the end is kept."""
        failed = [r for r in self.results if r.status == FAILED and r.text]
        if failed:
            print("what failed:")
        for result in failed:
            show(result)

    def summary(self):
        def names(status):
            return [r.name() for r in self.results if r.status == status]

        failed, skipped = names(FAILED), names(SKIPPED)
        line = f"{len(self.results)} tests: {len(names(PASSED))} passed, {len(failed)} failed"
        line += f" ({'; '.join(failed)})" if failed else ""
        line += f", {len(skipped)} skipped"
        line += f" ({'; '.join(skipped)})" if skipped else ""
        return line

    def ok(self):
        return any(r.status == PASSED for r in self.results) and not any(r.status == FAILED for r in self.results)


class Journal:
    """The same inside a guest: each result also goes into a file that outlives the guest."""

    def __init__(self, path):
        self.file = open(path, "a", buffering=1, encoding="utf-8")

    def write(self, **event):
        self.file.write(json.dumps(event) + "\n")
        self.file.flush()

    def add(self, result):
        self.write(result=asdict(result))
        show(result)

    def took(self, program, seconds):
        self.write(time=[program, seconds])
        show_time(program, seconds)


def show(result):
    print(f"  {result.status:7} {result.name()}")
    if result.status == FAILED and result.text:
        for line in result.text.strip("\n").splitlines():
            print(f"          | {line}")
    sys.stdout.flush()


def show_time(program, seconds):
    print(f"          {program}: {seconds:.1f} s", flush=True)


# cmocka marks a skipped test "not ok 2 # SKIP name", other programs "ok 2 - name # SKIP why".
TAP_LINE = re.compile(r"^(not )?ok (\d+)(?: - | )?(.*)$")
TAP_PLAN = re.compile(r"^1\.\.(\d+)$")


def parse_tap_line(program, line):
    """A Result, or None when `line` reports no test. Number 0 is cmocka's way to report a failed group setup."""
    match = TAP_LINE.match(line)
    if not match or match.group(2) == "0":
        return None
    name, skip, rest = (part.strip() for part in match.group(3).partition("# SKIP"))
    if skip:
        return Result(program, name or rest, SKIPPED, rest)
    return Result(program, name, FAILED if match.group(1) else PASSED)


def parse_tap(program, tap, status, output=None):
    """
    All results of a program's TAP and exit status; what is missing or unexplained counts as failed, and shows the end
    of `output`. A failure's text: comments after it, as cmocka does it, and other lines before it.
    """
    results, planned, text = [], 0, []
    for line in tap.splitlines():
        plan = TAP_PLAN.match(line)
        result = parse_tap_line(program, line)
        if plan:
            planned += int(plan.group(1))
        elif result:
            if result.status == FAILED:
                result.text = "\n".join(text[-80:])
            results.append(result)
            text = []
        elif line.startswith("# ") and results and results[-1].status == FAILED:
            results[-1].text += "\n" + line
        else:
            text.append(line)
    tail = "\n".join((output or tap).splitlines()[-40:])
    for number in range(len(results) + 1, planned + 1):
        results.append(Result(program, f"test {number}", FAILED, f"never reported ({died(status)})\n{tail}"))
        tail = ""
    if not results:
        results.append(Result(program, "", FAILED, f"reported no test ({died(status)})\n{tail}"))
    elif status != 0 and not any(r.status == FAILED for r in results):
        results.append(Result(program, "exit", FAILED, f"{died(status)} after its last test\n{tail}"))
    return results


def died(status):
    if status is None:
        return "ran out of time"
    return f"killed by signal {-status}" if status < 0 else f"exit status {status}"

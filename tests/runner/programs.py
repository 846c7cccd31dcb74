# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Test programs: found through meson and as pytest files, run one at a time with a limit."""
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import build
from .results import FAILED, Result, parse_tap

SUITES = ("unit", "fuzz", "plugin", "system", "service")
LIMITS = {"unit": 600, "fuzz": 900, "plugin": 600, "system": 600}  # seconds for one C program; against hanging, not for speed

FUZZ_SECONDS = 4  # for each target
QUICK = "test_verdicts or test_chains"  # of tests/system, for --quick

# The dear ones last, so that what breaks is known early.
LATE = ["test_cost", "test_state", "test_refusal", "test_atomicity", "test_storm", "test_sabotage", "test_leak"]

# What a healthy kernel never says. An emulated one complains of stalls and lockups, too, when its machine has other work; and
# since Linux 6.8 the verifier warns once where the ranges that it computed for a made-up program (fuzz/fuse) contradict each other,
# and goes on with wider ones.
KERNEL_TROUBLE = re.compile(r"WARNING: (?!.*reg_bounds_sanity_check)|BUG: (?!soft lockup|workqueue lockup)|kernel BUG at|Oops|refcount")

# Network, mounts and bpffs of its own for each program, so that nothing outlives it or meets the machine's own.
ISOLATE = ["unshare", "--net", "--mount", "--propagation", "private", "--", "sh", "-c",
           'ip link set lo up; umount -l /sys/fs/bpf 2>/dev/null; mount -t bpf bpf /sys/fs/bpf; exec "$@"', "isolated"]


@dataclass
class Program:
    suite: str
    name: str
    argv: list
    cwd: str
    timeout: int
    env: dict = field(default_factory=dict)
    pytest: bool = False
    counted: bool = False  # needs a clock that counts instructions: only a guest has one
    builds: list = field(default_factory=list)  # beside asan
    cpus: int = 1  # that its guest needs


def environment():
    env = {f"XSLOT_BUILD_{name.upper().replace('-', '_')}": str(build.directory(name)) for name in build.BUILDS}
    return env | {
        "CMOCKA_MESSAGE_OUTPUT": "TAP",
        "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def find(path, suites, pattern, kernel=None):
    """The programs to run, cheap ones first."""
    programs = []
    for test in build.introspect_tests(path):
        suite, *more = [s.rpartition(":")[2] for s in test["suite"]] or [""]
        suite = "unit" if suite == "style" else suite
        if suite in suites and pattern in test["name"]:
            programs.append(Program(suite, f"{suite}/{test['name']}", test["cmd"], test["workdir"] or str(path),
                                    min(test["timeout"] or 600, LIMITS[suite]), test["env"],
                                    counted="counted" in more, cpus=2 if "smp" in more else 1))
    if "fuzz" in suites:
        programs += [fuzz for fuzz in find_fuzz() if pattern in fuzz.name]
    programs.sort(key=lambda p: SUITES.index(p.suite))
    if "system" in suites:
        programs += find_pytest(pattern)
    if "service" in suites:
        programs += find_scenes(pattern, kernel)
    return programs


def find_fuzz():
    """Every target for a few seconds, together less than two minutes, and the same inputs each time: a run tells of a change,
    and finds nothing new by chance. tests/fuzz/run takes other inputs, for longer."""
    run = build.ROOT / "tests/fuzz/run"
    out = subprocess.run([run, "--list"], capture_output=True, text=True, check=True)
    return [Program("fuzz", f"fuzz/{name}", [str(run), name, str(FUZZ_SECONDS)], str(run.parent), LIMITS["fuzz"],
                    {"XSLOT_FUZZ_SEED": "1"}) for name in out.stdout.split()]


def find_scenes(pattern, kernel):
    """One program, as all scenes share its guest."""
    folder = build.ROOT / "tests/service"
    if not any(pattern in scene.name for scene in folder.glob("*.scene")):
        return []
    return [Program("service", "service", [str(folder / "run"), str(build.directory("plain")), kernel or "bookworm", pattern],
                    str(folder), 900, builds=["plain"])]


def may_match(file, text, pattern):
    """Can pytest's -k select a test of the file? Each file that need not be asked saves seconds of an emulated guest."""
    words = [w for w in re.findall(r"[\w.\[\]-]+", pattern.lower()) if w not in ("and", "or")]
    return not words or "not" in words or any(w in file.stem or w in text.lower() for w in words)


def builds_of(text):
    """Those that the file names; all of them have programs of plain's."""
    return ["plain"] + [name for name in build.BUILDS if name not in ("asan", "plain") and f'"{name}"' in text]


def cpus_of(text):
    """A file says CPUS = 2 when what it shows needs another CPU's packets at the same moment."""
    said = re.search(r"^CPUS = (\d+)$", text, re.M)
    return int(said[1]) if said else 1


def find_pytest(pattern):
    files = sorted((build.ROOT / "tests/system").glob("test_*.py"),
                   key=lambda f: (LATE.index(f.stem) if f.stem in LATE else -1, f.stem))
    select = ["-k", pattern] if pattern else []
    limit = 1800 if "XSLOT_SWEEP" not in os.environ else 24 * 3600  # whole kill sweeps take hours
    found = []
    for file in files:
        text = file.read_text("utf-8")
        if may_match(file, text, pattern):
            argv = ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", *select, str(file)]
            found.append(Program("system", f"system/{file.stem}", argv, str(file.parent), limit, pytest=True, builds=builds_of(text),
                                 cpus=cpus_of(text)))
    return found


def find_quick(path):
    """What a change is tried with: all that needs no guest but fuzzing, and one chain under packets in a guest."""
    return find(path, ["unit", "plugin"], "") + [p for p in find_pytest(QUICK) if p.name == "system/test_reload"]


def tap_path(directory, program):
    return Path(directory) / f"{program.name.replace('/', '-')}.tap"


def run(program, sink, directory):
    """Run one program and put what it reports into `sink`. Python tests report through a file in `directory`."""
    started, log = time.monotonic(), kernel_log()
    tap = tap_path(directory, program)
    tap.touch()
    argv = program.argv if program.suite in ("unit", "fuzz", "service") else ISOLATE + program.argv
    env = os.environ | environment() | program.env | {"XSLOT_PYTEST_TAP": str(tap)}
    output, status = communicate(argv, program, env)
    if program.pytest:
        results = pytest_results(program, tap.read_text("utf-8"), output, status)
    else:
        results = parse_tap(program.name, output, status)
    for result in results:
        sink.add(result)
    trouble = [line for line in kernel_log()[len(log):] if KERNEL_TROUBLE.search(line)]
    if trouble:
        sink.add(Result(program.name, "kernel log", FAILED, "\n".join(trouble[:20])))
    sink.took(program.name, time.monotonic() - started)


def pytest_results(program, tap, output, status):
    """tests/system/conftest.py reports in TAP. Status 5 is pytest's for nothing selected, which is fine under -k."""
    if status == 5 and "-k" in program.argv:
        return []
    return parse_tap(program.name, tap, status, output)


def communicate(argv, program, env):
    """Output (both streams) and exit status, None after the time limit; nothing of its process group stays."""
    child = subprocess.Popen(argv, cwd=program.cwd, env=env, text=True, errors="replace", start_new_session=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    # A clock that counts instructions leaps while all wait for the disk: there the guest's own limit holds, by the real one.
    limit = None if program.counted else program.timeout
    try:
        output, _ = child.communicate(timeout=limit)
        return output, child.returncode
    except subprocess.TimeoutExpired:
        return kill(child), None
    finally:
        kill(child)


def kill(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    return child.communicate()[0] if child.stdout and not child.stdout.closed else ""


def kernel_log():
    out = subprocess.run(["dmesg"], capture_output=True, text=True, errors="replace", check=False)
    return out.stdout.splitlines()

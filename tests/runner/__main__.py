# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""tests/run's command line, and the order of things."""
import argparse
import os
import signal
import sys
import tempfile

from . import build, guest, programs
from .results import Tally

KERNELS = ("bookworm", "bullseye", "bookworm-backports", "sid")


def arguments():
    parser = argparse.ArgumentParser(prog="tests/run")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="unit, fuzz, plugin, system, service; all when none is given")
    parser.add_argument("--kernel", choices=KERNELS, help="all but unit and fuzz in a guest with this release's kernel")
    parser.add_argument("-k", dest="pattern", default="", help="only tests whose name contains this")
    parser.add_argument("--quick", action="store_true", help="style, unit and plugin tests, and one chain in a guest")
    parser.add_argument("--inside", nargs=2, metavar=("DIRECTORY", "NAME"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.quick and (args.suites or args.pattern):
        parser.error("--quick chooses by itself: it takes neither suites nor -k")
    args.suites = args.suites or list(programs.SUITES)
    unknown = set(args.suites) - set(programs.SUITES)
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    return args


def native_suites(kernel):
    """Suites that run on this kernel; says why when one does not."""
    suites = {"unit", "fuzz", "service"}  # service boots a guest by itself
    if os.geteuid() != 0:
        sys.exit("all tests but unit and fuzz need root: sudo tests/run, or tests/run unit fuzz")
    if kernel:
        return suites
    if guest.may_load(guest.XDP):
        suites.add("plugin")
    if guest.may_load(guest.EXT):
        suites.add("system")
    return suites


def run_natively(todo, tally):
    with tempfile.TemporaryDirectory(prefix="xslot-tests-") as directory:
        for program in todo:
            programs.run(program, tally, directory)


def run_all(todo, native, kernel, tally):
    """
    Tests that count packets across CPUs have a guest with two for themselves. All others are as right on one CPU, and cost a
    third there: emulated CPUs spin for each other. So their guests go side by side, and beside what runs natively.
    """
    here = [p for p in todo if p.suite in native and not p.counted]
    there = [p for p in todo if p.suite not in native and not p.counted]
    with guest.Lanes([p for p in there if p.cpus == 1], kernel, tally):
        run_natively(here, tally)
        guest.run_alone([p for p in todo if p.counted], kernel, tally)
    guest.run_alone([p for p in there if p.cpus > 1], kernel, tally)


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no guest outlives us
    if args.inside:
        return guest.inside(*args.inside)
    native = native_suites(args.kernel) if set(args.suites) - {"unit", "fuzz"} else set(args.suites)
    path = build.build("asan")
    todo = programs.find_quick(path) if args.quick else programs.find(path, args.suites, args.pattern, args.kernel)
    for name in build.BUILDS:
        if any(name in p.builds for p in todo):
            build.build(name)
    tally = Tally()
    kernel = args.kernel or "bookworm"
    why = "as asked" if args.kernel else "this kernel refuses what they need, to root too"
    refused = " and ".join(sorted({p.suite for p in todo if p.suite not in native}))
    if refused:
        print(f"running {refused} tests in guests with the {kernel} kernel ({why})", flush=True)
    run_all(todo, native, kernel, tally)
    tally.slowest()
    tally.recall()
    print(tally.summary())
    return 0 if tally.ok() else 1


sys.exit(main())

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""The builds that the tests need, each in a directory of its own beside the source."""
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# asan: what tests run against unless they say otherwise. plain: resident memory and object counts, which ASan's
# quarantine hides. next: what plain meets as another version. The other two break one promise each, and some test must
# notice.
BUILDS = {
    "asan": ["--buildtype=debug", "-Doptimization=1", "-Db_sanitize=address,undefined"],
    "plain": ["--buildtype=debugoptimized"],
    "no-grace": ["--buildtype=debugoptimized", "-Dtests=false", "-Dsabotage=no-grace"],
    "next": ["--buildtype=debugoptimized", "-Dtests=false", "-Ddispatcher_version=4"],
    "in-place": ["--buildtype=debugoptimized", "-Dtests=false", "-Dsabotage=in-place"],
}


def directory(name):
    return ROOT / f"build-{name}"


def build(name):
    """Configure and compile; the compiler's words are shown when it fails, and the run ends there."""
    path = directory(name)
    print(f"building {path.name}", flush=True)
    if not (path / "build.ninja").exists():
        run(["meson", "setup", *BUILDS[name], path, ROOT])
    run(["ninja", "-C", path, "-j", str(os.cpu_count())])
    return path


def run(argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.stdout.write(done.stdout[-8000:])
        sys.exit(f"failed: {' '.join(map(str, argv))}")


def introspect_tests(path):
    """Meson's tests: [{name, suite, cmd, env, timeout, workdir}]."""
    out = subprocess.run(["meson", "introspect", "--tests", path], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)

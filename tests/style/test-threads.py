#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Does each call in core stay on its thread and in its lock? As util/thread_role.h has it and clang checks it, as TAP.

    test-threads.py BUILD        a build folder, for what is generated and the flags of each file
"""
import json
import os
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["-fsyntax-only", "-Wno-everything", "-Wthread-safety", "-Werror=thread-safety"]
# Gets called on both threads, so this must not compile: else the check checks nothing.
WRONG = '#include "util/thread_role.h"\nvoid job(void) ON_WORKER;\nvoid event(void) ON_LOOP;\nvoid event(void)\n{\n\tjob();\n}\n'


def commands(build):
    """{file: (folder, flags that say what it includes and defines)} of core."""
    ret = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = (Path(entry["directory"]) / entry["file"]).resolve()
        if ROOT / "core" in path.parents:
            words = shlex.split(entry["command"])
            ret[path.relative_to(ROOT)] = entry["directory"], [w for w in words if w.startswith(("-I", "-D", "-std="))]
    return ret


def check(clang, folder, flags, path, text=None):
    """What clang has against it: lines."""
    done = subprocess.run([clang, *FLAGS, *flags, "-x", "c", "-" if text else str(path)], cwd=folder, input=text,
                          capture_output=True, text=True, check=False)
    return done.stderr.splitlines() if done.returncode else []


def main(build):
    clang = shutil.which("clang-14") or shutil.which("clang")
    files = commands(build)
    print("1..2")
    if not clang or not files:
        print("not ok 1 - clang\n# clang is not installed, or the build folder knows no file of core")
        return 1
    folder, flags = next(iter(files.values()))
    seen = any("worker_thread" in line for line in check(clang, folder, [f"-I{ROOT}/core"], None, WRONG))
    print(f"{'ok' if seen else 'not ok'} 1 - a call on the wrong thread is seen")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda item: check(clang, *item[1], ROOT / item[0]), sorted(files.items()))
        complaints = [line for lines in found for line in lines]
    print(f"{'not ok' if complaints else 'ok'} 2 - {len(files)} files")
    for line in complaints:
        print(f"# {line}")
    return 1 if complaints or not seen else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))

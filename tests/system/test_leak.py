# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""A thousand reloads leave nothing behind: neither in the process nor in the kernel."""
import json
import os
import subprocess

import pytest

from chains import INTERFACE, chain, classify, stamp
from frames import Injector
from host import Host, wait_for

RELOADS = 1000
RESIDENT_KIB = 1024


@pytest.fixture
def host(namespace, link, tmp_path):
    """The plain build: ASan keeps freed memory back, and would hide what grows."""
    with Host(namespace, tmp_path, build="plain") as h:
        yield h


def count(kind):
    out = subprocess.run(["bpftool", "-j", kind, "list"], capture_output=True, text=True, check=True)
    return len(json.loads(out.stdout or "[]"))


def objects(host):
    """What the kernel holds, on the whole machine, and what the process holds."""
    fds = len(os.listdir(f"/proc/{host.pid()}/fd"))
    with open(f"/proc/{host.pid()}/maps", encoding="utf-8") as maps:
        mapped = {line.split(None, 5)[5].strip() for line in maps if "memfd:" in line}
    return {"fds": fds, "memfds": len(mapped)} | {kind: count(kind) for kind in ("prog", "map", "link")}


def resident(host):
    """KiB that the process itself fills. Not pages of files: how many of libc's are mapped depends on the page cache."""
    with open(f"/proc/{host.pid()}/status", encoding="utf-8") as status:
        return sum(int(line.split()[1]) for line in status if line.startswith(("RssAnon:", "RssShmem:")))


def change(host, number):
    """Every kind of change in turn; after an even number of them the configuration is the first again."""
    odd = number % 2
    host.plugin("stamp", "v2" if odd else "v1")
    (host.directory / "acl.rules").write_text("allow any\n" + "deny 192.0.2.0/24 tcp 25\n" * odd)
    slots = [stamp(20, 1), stamp(30, 2 + odd)] + [stamp(40, 3)] * (number % 4 == 1)
    host.write(chain((10, "acl", {"rules": host.directory / "acl.rules"}), *slots, classify()))
    if number % 5 == 3:  # and one in five is refused, after everything before it was prepared
        host.write(host.conf.read_text() + "[slot edge.95]\nplugin = object\nobject = /dev/null\n")
        assert host.reload()[0] == 78
        host.write(host.conf.read_text().partition("[slot edge.95]")[0])
    host.must_reload()


def test_thousand_reloads(host):
    for name, version in (("acl", ""), ("object", ""), ("classify", "v1")):
        host.plugin(name, version)
    host.plugin("stamp", "v1")
    (host.directory / "acl.rules").write_text("allow any\n")
    host.write(chain((10, "acl", {"rules": host.directory / "acl.rules"}), stamp(20, 1), stamp(30, 2), classify()))
    host.start()
    with Injector(host.namespace, INTERFACE, threads=1, packets=4096) as injector:
        for number in range(1, 13):
            change(host, number)
        injector.wait()
    early, early_resident = settled(host), resident(host)
    for number in range(13, RELOADS + 1):
        change(host, number)
        if number % 100 == 0:
            print(f"reload {number}: resident memory {resident(host)} KiB")
    # The kernel frees programs and maps later, after grace periods.
    wait_for(lambda: not more(objects(host), early), f"no more than after the first reloads: {early}, now {objects(host)}")
    grown = resident(host) - early_resident
    print(f"leak: {early}; resident memory {early_resident} KiB, {grown:+d} KiB after {RELOADS} reloads")
    assert grown <= RESIDENT_KIB


def more(now, then):
    """Fewer is fine: what was on its way out was counted then."""
    return {kind: count for kind, count in now.items() if count > then[kind]}


def settled(host):
    """The objects, once their number stands still."""
    last = []

    def stands_still():
        last.append(objects(host))
        return len(last) > 4 and all(one == last[-1] for one in last[-4:])

    wait_for(stands_still, "object counts to stand still")
    return last[-1]

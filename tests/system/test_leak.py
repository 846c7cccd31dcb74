# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Reloads leave nothing behind: neither in the process nor in the kernel. 300 of them, or as many as XSLOT_RELOADS says."""
import contextlib
import os
import subprocess

import pytest

from chains import INTERFACE, chain, classify, stamp
from frames import Injector
from host import Host, wait_for
from objects import objects, objects_at_rest, wait_for_objects
from sweep import bpffs, pins

RELOADS = int(os.environ.get("XSLOT_RELOADS", 300))
RESIDENT_KIB = 1024


@pytest.fixture
def host(namespace, link, tmp_path):
    """The plain build: ASan keeps freed memory back, and would hide what grows."""
    with Host(namespace, tmp_path, build="plain") as h:
        yield h


def held(host, of_kernel):
    """What the kernel holds, on the whole machine, and what the process holds."""
    fds = len(os.listdir(f"/proc/{host.pid()}/fd"))
    with open(f"/proc/{host.pid()}/maps", encoding="utf-8") as maps:
        mapped = {line.split(None, 5)[5].strip() for line in maps if "memfd:" in line}
    return {"fds": fds, "memfds": len(mapped)} | of_kernel


def more(now, then):
    """Fewer is no leak: what was on its way out then, a connection for one, was counted."""
    return {kind: count for kind, count in now.items() if count > then[kind]}


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


def test_reloads_leave_nothing(host):
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
    host.rest()
    early, early_resident = held(host, objects_at_rest()), resident(host)
    for number in range(13, RELOADS + 1):
        change(host, number)
        if number % 100 == 0:
            print(f"reload {number}: resident memory {resident(host)} KiB")
    # The kernel frees programs and maps later, after grace periods.
    wait_for(lambda: not more(held(host, objects()), early),
             lambda: f"no more than after the first reloads, {early}: {held(host, objects())}")
    grown = resident(host) - early_resident
    print(f"leak: {early}; resident memory {early_resident} KiB, {grown:+d} KiB after {RELOADS} reloads")
    assert grown <= RESIDENT_KIB


@contextlib.contextmanager
def removals_fail(host, folder):
    """Nothing can be removed from `folder`, one of bpffs: the host has no capability to go against its mode."""
    path, = bpffs(host).glob(folder)
    path.chmod(0o500)
    yield
    assert path.exists(), "all of it was removed: the test means nothing"
    path.chmod(0o700)


def test_pins_that_could_not_be_removed(host):
    """They hold programs and maps: each reload tries again, also one with nothing to change."""
    host.plugin("stamp", "v1")
    edge, more = chain(stamp(20, 1)), "\n[chain more]\ninterfaces = later0\n[slot more.1]\nplugin = stamp\nid = 3\n"
    host.write(edge)
    host.start()
    another_s, = (folder / "999999" for folder in bpffs(host).glob("*/edge/if"))
    subprocess.run(["bpftool", "map", "create", another_s, "type", "array", "key", "4", "value", "4", "entries", "1", "name", "x"],
                   check=True)
    one, one_pins = objects_at_rest(), pins(host)
    host.write(edge + more)
    host.must_reload()
    with removals_fail(host, "*/more/inst/*"):
        host.write(edge)
        host.must_reload()  # the folder of a chain stays
    with removals_fail(host, "*/edge/inst/*"):
        host.plugin("stamp", "v2")
        host.must_reload()  # an instance stays, and the chain is gone
    assert not list(bpffs(host).glob("*/more")) and objects() != one
    with removals_fail(host, "*/edge/if"):
        host.write(edge.replace(INTERFACE, "later0"))
        host.must_reload(allow_bare=True)  # an interface's pin stays
    host.write(edge)
    host.must_reload()
    assert host.must_reload()["result"] == "unchanged"
    assert pins(host) == one_pins  # and nothing that is not the host's has gone
    wait_for_objects(one, "after a reload that could remove what was left")

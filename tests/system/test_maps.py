# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""slot/NUMBER/maps/NAME in bpffs: what runs, by the number in the file, for whoever reads maps from outside."""
import ctypes
import os
import platform
import re
import struct
import threading

import pytest

from chains import INTERFACE, chain, classify, stamp
from frames import inject
from host import Host, wait_for
from sweep import bpffs

BPF_OBJ_GET = 7
CALL = {"x86_64": 321, "aarch64": 280}[platform.machine()]
LIBC = ctypes.CDLL(None, use_errno=True)


@pytest.fixture
def host(namespace, link, tmp_path):
    with Host(namespace, tmp_path, build="plain") as h:
        for name in ("stamp", "classify"):
            h.plugin(name, "v1")
        h.write(chain(stamp(20, 1), stamp(30, 2), classify()))
        yield h.start()


def slots(host):
    """{number: where it leads}."""
    (folder,) = bpffs(host).glob("*/edge/slot")
    return {path.name: os.readlink(path) for path in folder.iterdir()}


def map_id(host, path):
    """The id of the map at slot/PATH; opened as any reader does, in one system call."""
    (folder,) = bpffs(host).glob("*/edge/slot")
    name = ctypes.create_string_buffer(os.fsencode(folder / path))
    attr = ctypes.create_string_buffer(struct.pack("<QII", ctypes.addressof(name), 0, 0), 128)
    fd = LIBC.syscall(CALL, BPF_OBJ_GET, attr, 128)
    if fd < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    try:
        with open(f"/proc/self/fdinfo/{fd}", encoding="utf-8") as info:
            return int(re.search(r"^map_id:\s*(\d+)$", info.read(), re.M).group(1))
    finally:
        os.close(fd)


def test_follow_what_runs(host):
    assert sorted(slots(host)) == ["20", "30", "90"]
    trails, first, second = (map_id(host, path) for path in ("90/maps/trails", "20/maps/rodata", "30/maps/rodata"))
    # Other numbers: the maps follow.
    host.write(chain(stamp(21, 1), stamp(30, 2), classify(91)))
    host.must_reload()
    assert sorted(slots(host)) == ["21", "30", "91"]
    assert map_id(host, "91/maps/trails") == trails and map_id(host, "21/maps/rodata") == first
    # Other builds: state stays, the rest is new.
    for name in ("stamp", "classify"):
        host.plugin(name, "v2")
    host.must_reload()
    assert map_id(host, "91/maps/trails") == trails
    assert map_id(host, "21/maps/rodata") not in (first, second)
    # Refused: nothing moves.
    before = slots(host)
    host.write(host.conf.read_text() + "nonsense\n")
    assert host.reload()[0] == 78
    assert slots(host) == before
    # Removed, moved to another position: the links say so.
    host.write(chain(stamp(30, 2), classify(91)))
    host.must_reload()
    assert slots(host) == {number: before[number] for number in ("30", "91")}
    inject(host.namespace, INTERFACE, 8)


def test_adopted(host):
    """A host that died between the store and the links, or somebody's hand: the next start puts them right."""
    host.on_stop("keep")
    host.must_reload()
    before = slots(host)
    host.murder()
    (folder,) = bpffs(host).glob("*/edge/slot")
    (folder / "20").unlink()
    os.symlink("../inst/999", folder / "@30")
    os.symlink("../inst/999", folder / "77")
    (folder / "90").unlink()
    os.symlink("../inst/999", folder / "90")
    host.start()
    assert slots(host) == before
    host.on_stop("detach")
    host.must_reload()


def has_frags():
    """Linux 5.18, which can also exchange names in bpffs."""
    return tuple(int(part) for part in os.uname().release.split(".")[:2]) >= (5, 18)


def test_a_reader_always_finds_one(host):
    """While slots are replaced, and the whole chain is rebuilt: the old map or the new one."""
    seen, missing, done = [], [], threading.Event()

    def read():
        while not done.is_set():
            try:
                found = map_id(host, "20/maps/rodata")
            except OSError as error:
                missing.append(error)
                continue
            if seen[-1:] != [found]:
                seen.append(found)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        wait_for(lambda: seen, "the reader to read")
        for turn in range(1, 9):
            host.plugin("stamp", ("v1", "v2")[turn % 2])
            frags = "yes" if has_frags() and turn % 4 == 0 else "no"
            host.write(chain(stamp(20, 1), stamp(30, 2), classify(), frags=frags))
            host.must_reload()
            now = map_id(host, "20/maps/rodata")
            wait_for(lambda: missing or seen[-1:] == [now], "the reader to see it")
    finally:
        done.set()
        reader.join()
    assert not missing
    assert len(set(seen)) == len(seen) == 9, "each was seen, in order, and none came back"

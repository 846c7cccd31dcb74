# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What a host takes over is what it seems: maps, links and counts that are not lead to a refusal, and to nothing else."""
import json
import os
import signal
from pathlib import Path

import pytest

from chains import INTERFACE, chain, classify
from host import Host


@pytest.fixture
def host(namespace, link, tmp_path):
    with Host(namespace, tmp_path) as h:
        h.on_stop("keep")
        for name in ("count", "classify"):
            h.plugin(name, "v1" if name == "classify" else "")
        h.write(chain((10, "count"), classify()))
        yield h
        if not h.process or h.process.poll() is not None:
            h.start()
        h.on_stop("detach")
        h.must_reload()


def programs(host):
    return [slot["program_id"] for slot in host.chain()["slots"]]


def exchange(a, b):
    os.rename(a, a.with_name("exchanged"))
    os.rename(b, a)
    os.rename(a.with_name("exchanged"), b)


def value(host, pin):
    shown = json.loads(host.namespace.run("bpftool", "-j", "map", "dump", "pinned", pin).stdout)
    return [int(byte, 16) for byte in shown[0]["value"]]


def store(host, pin, wanted):
    host.namespace.run("bpftool", "map", "update", "pinned", pin, "key", "hex", "00", "00", "00", "00", "value", "hex",
                       *(f"{byte:02x}" for byte in wanted))


def refuses(host, *words):
    """A start ends with a sentence; it was no crash, and the interface runs what it ran."""
    done = host.namespace.run(host.program(), "-c", host.ini, check=False)
    assert done.returncode in (1, 78), done
    for word in words:
        assert word in done.stderr, done.stderr
    assert host.namespace.xdp_program(INTERFACE) != 0


def test_what_is_not_what_it_seems(host):
    host.start()
    before = programs(host)
    host.murder()
    folder = next(path.parent for path in Path(f"/sys/fs/bpf/xslot-{os.getpid()}").rglob("manifest"))
    instances = [(folder / f"slot/{number}").resolve() for number in (10, 90)]
    links = [next(instance.glob(f"link_{index}_?")) for index, instance in enumerate(instances)]
    maps = [sorted((instance / "maps").iterdir())[0] for instance in instances]

    exchange(*maps)
    refuses(host, "cannot adopt", "is not what its object declares")
    exchange(*maps)

    exchange(*links)
    refuses(host, "cannot adopt", str(links[0]), "it fills another function of dispatcher")
    exchange(*links)

    good = value(host, folder / "state")
    for generation in (0, 3):  # of four
        for word in range(1, 3):  # its counts
            bad = list(good)
            at = 24 + 256 * generation + 4 * word
            bad[at:at + 4] = [0xff] * 4
            store(host, folder / "state", bad)
            refuses(host, "cannot adopt", "state is corrupt")
    store(host, folder / "state", good)

    host.start()
    assert programs(host) == before
    assert host.process.poll() is None
    host.process.send_signal(signal.SIGHUP)

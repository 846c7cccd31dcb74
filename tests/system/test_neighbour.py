# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Somebody else's XDP program is on an interface that the files name: it is left alone and named, all else goes on."""
import re

import pytest

from chains import INTERFACE, chain, classify, slow, stamp, trails
from frames import inject
from host import Host
from neighbour import Loader, Neighbour

DEVICE = "n0"  # where the neighbour is
INNER = f"\n[chain inner]\ninterfaces = {DEVICE}\n"


@pytest.fixture
def device(namespace, peer):
    namespace.veth(DEVICE, peer, "n1")


@pytest.fixture
def running(namespace, link, device, tmp_path):
    """A host with one chain of its own."""
    with Host(namespace, tmp_path, build="plain") as host:
        host.keep = "sys_admin,sys_ptrace"  # to name who is there
        for name in ("slow", "stamp", "classify"):
            host.plugin(name, "v1")
        host.write(chain(slow(5, 0, clear=True), stamp(10, 1), classify()))
        yield host.start()


def by_netlink(namespace):
    with Neighbour(namespace, "netlink", DEVICE) as there:
        yield there.program_id, (rf"^cannot attach to {DEVICE} in native mode: XDP program drop_all "
                                 rf"\(program id {there.program_id}, native, attached through netlink\) is attached; "
                                 rf"`ip link set dev {DEVICE} xdpdrv off` takes it off$")
        namespace.run("ip", "link", "set", "dev", DEVICE, "xdpdrv", "off")


def by_generic(namespace):
    """The kernel does not run both modes on one interface, so it is in the way of a native chain, too."""
    with Neighbour(namespace, "generic", DEVICE) as there:
        yield there.program_id, (rf"in native mode: XDP program drop_all \(program id {there.program_id}, generic, "
                                 rf"attached through netlink\) .*`ip link set dev {DEVICE} xdpgeneric off`")
        namespace.run("ip", "link", "set", "dev", DEVICE, "xdpgeneric", "off")


def by_link(namespace):
    with Neighbour(namespace, "link", DEVICE) as there:
        yield there.program_id, (rf"in native mode: XDP program drop_all \(program id {there.program_id}, native, "
                                 rf"BPF link id {there.link_id}\) is attached; stop its owner, or `bpftool link detach id "
                                 rf"{there.link_id}` takes it off$")


def by_loader(namespace):
    there = Loader(namespace, DEVICE, "drop_all", "pass_all")
    ids = there.program_ids()
    assert set(ids) == {"drop_all", "pass_all"}
    each = [rf"{name} \(program id {ident}\)" for name, ident in ids.items()]
    yield there.program_id, (rf"in native mode: libxdp's dispatcher xdp_dispatcher \(program id {there.program_id}, "
                             rf"native\) with {', '.join(each)} is attached; `xdp-loader unload {DEVICE} --all` takes it off$")
    there.unload()


@pytest.mark.parametrize("arrive", [by_netlink, by_generic, by_link, by_loader])
def test_left_alone_and_named(running, namespace, arrive):
    running.rest()
    before = running.chain()
    visit = arrive(namespace)
    program_id, sentence = next(visit)
    own = running.conf.read_text()
    running.write(own.replace("id = 1", "id = 2") + INNER)

    code, answer = running.reload()
    error, = answer["errors"]
    print(error["message"])
    assert code == 78
    assert error["file"] == str(running.conf) and error["line"] == len(own.splitlines()) + 3
    assert re.search(sentence, error["message"])

    # Who is there stays, what ran goes on, and packets meet the old configuration only.
    assert namespace.xdp_program(DEVICE) == program_id
    assert [c["name"] for c in running.status()["chains"]] == ["edge"]
    after = running.chain()
    assert after["generation"] == before["generation"] and after["interfaces"] == before["interfaces"]
    assert [s["program_id"] for s in after["slots"]] == [s["program_id"] for s in before["slots"]]
    inject(namespace, INTERFACE, 80)
    assert trails(running) == {"11": 80}

    assert next(visit, None) is None  # it goes
    assert namespace.xdp_program(DEVICE) == 0
    running.must_reload()
    interface, = running.chain("inner")["interfaces"]
    assert (interface["name"], interface["state"], interface["attach"]) == (DEVICE, "attached", "link")
    assert namespace.xdp_program(DEVICE) not in (0, program_id)
    inject(namespace, INTERFACE, 8)
    inject(namespace, DEVICE, 16)
    assert trails(running) == {"11": 80, "12": 8}
    assert running.chain("inner")["packets"] == 16


def test_arrives_meanwhile(running, namespace):
    """A reload that has nothing to do with the neighbour's interface goes through, the neighbour unheeded."""
    with Neighbour(namespace, "netlink", DEVICE) as there:
        running.write(running.conf.read_text().replace("id = 1", "id = 2"))
        running.must_reload()
        inject(namespace, INTERFACE, 8)
        assert trails(running) == {"12": 8}
        assert namespace.xdp_program(DEVICE) == there.program_id

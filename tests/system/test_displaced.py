# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Somebody puts another program into the host's own BPF link, which nobody reports: whoever looks next sees it."""
import json
import platform
import re

import pytest

from chains import INTERFACE, PEER, chain, classify
from frames import Sender
from host import Host, built, wait_for
from neighbour import Displaced, links

RATE = 500  # frames a second: an emulated veth keeps up
MORE = 50  # frames that must not, or must, have met the chain
FRAGS = tuple(map(int, platform.release().split(".")[:2])) >= (5, 18)


@pytest.fixture
def host(namespace, peer, link, tmp_path):
    """One chain with traffic on it, whose dataplane outlives the host."""
    with Host(namespace, tmp_path, build="plain") as h:
        h.keep = "sys_admin,sys_ptrace"  # to name who is there
        h.peer = peer
        h.on_stop("keep")
        h.plugin("classify", "v1")
        h.write(chain(classify()))
        with Sender(peer, PEER, rate=RATE) as sender:
            yield h.start()
            sender.stop()
        h.on_stop("detach")
        if h.process.poll() is None:
            h.stop()
        h.count_edits()
        h.start()


def interface(host):
    (shown,) = host.chain()["interfaces"]
    return shown


def is_driven_out(host, other):
    """From the same link; packets meet the chain again, and nobody else."""
    assert links(host, INTERFACE) == {other.link_id: other.displaced_id}
    assert other.is_said() == 1
    assert interface(host)["state"] == "attached" and interface(host)["reason"] is None
    seen = host.chain()["packets"]
    wait_for(lambda: host.chain()["packets"] > seen + MORE, "frames to meet the chain again")
    assert other.stop() > 0


def sent(host):
    shown, = json.loads(host.peer.run("ip", "-j", "-s", "link", "show", "dev", PEER).stdout)
    return shown["stats64"]["tx"]["packets"]


def alarms(host):
    return len(re.findall("our BPF link", host.log()))


def test_status_shows_it_and_a_reload_ends_it(host):
    host.write(chain(classify(), on_detach="alarm"))  # else the host does not wait for that
    host.must_reload()
    wait_for(lambda: host.chain()["packets"] > MORE, "the first frames")
    with Displaced(host) as other:
        shown = interface(host)
        assert shown["state"] == "displaced" and shown["attach"] == "link"
        assert re.search(rf"^XDP program drop_all \(program id {other.program_id}\) was put into our BPF link on {INTERFACE}.*"
                         r"xslotctl reload", shown["reason"])
        assert "DISPLACED: XDP program drop_all" in host.namespace.run(built("plain", "xslotctl"), "--socket", host.socket, "status").stdout
        before, frames = host.chain()["packets"], sent(host)
        wait_for(lambda: sent(host) > frames + MORE, "frames that pass the chain by")
        assert host.chain()["packets"] == before
        answer = host.must_reload()
        assert answer["result"] == "ok"
        assert answer["changed"] == [f"edge: {INTERFACE} put back, in the place of program {other.program_id}"]
        is_driven_out(host, other)
    assert host.must_reload()["result"] == "unchanged"


def test_a_refused_reload_ends_it(host):
    with Displaced(host) as other:
        host.write("[chain\n")
        assert host.reload()[1]["result"] == "refused"
        is_driven_out(host, other)
    host.write(chain(classify(drop=False)))
    host.must_reload()
    with Displaced(host) as other:
        host.write(chain((90, "classify", {"nonsense": 1})))
        assert host.reload()[1]["result"] == "refused"
        is_driven_out(host, other)
    host.write(chain(classify()))


def test_another_interface_makes_the_host_look(host, namespace):
    host.write(chain(classify()) + "[chain later]\ninterfaces = y0\nmode = generic\n")
    host.must_reload()
    with Displaced(host) as other:
        namespace.run("ip", "link", "add", "y0", "type", "veth", "peer", "name", "y1")
        wait_for(other.is_said, "the host to look")
        wait_for(lambda: interface(host)["state"] == "attached", "the host to put its program back")
        is_driven_out(host, other)


def test_a_start_ends_it(host):
    """Whose program it is the pin tells, not the program that is found there."""
    host.murder()
    with Displaced(host) as other:
        host.start()
        assert host.status()["last_reload"]["result"] == "ok"
        is_driven_out(host, other)


def test_what_the_host_itself_updates_is_no_alarm(host):
    """A rebuild, a rollback over it, a start after a death: each leaves another program in the link."""
    before = after = host.namespace.xdp_program(INTERFACE)
    if FRAGS:
        host.write(chain(classify(), frags="yes"))
        host.must_reload()
        assert host.namespace.xdp_program(INTERFACE) != before
        assert host.must_reload()["result"] == "unchanged"
        after = host.namespace.xdp_program(INTERFACE)
    host.murder()
    host.start()
    assert host.status()["last_reload"]["result"] == "unchanged"
    assert host.namespace.xdp_program(INTERFACE) == after
    if FRAGS:
        assert host.call("Rollback")["result"] == "ok"
        assert host.namespace.xdp_program(INTERFACE) != after
    host.write(chain(classify(drop=False)).replace("edge", "border"))
    host.must_reload()
    assert host.must_reload()["result"] == "unchanged"
    assert alarms(host) == 0

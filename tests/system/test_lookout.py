# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Somebody takes the chain off an interface, which the kernel reports to nobody: an alarm by itself, and what becomes of it."""
import pytest

from chains import INTERFACE, chain, classify
from frames import inject
from host import Host, built, wait_for
from neighbour import Displaced, Neighbour, links

SPARE = "[chain later]\ninterfaces = y0\nmode = generic\n"


@pytest.fixture
def host(namespace, link, tmp_path):
    with Host(namespace, tmp_path, build="plain") as h:
        h.plugin("classify", "v1")
        h.keep = "sys_admin,sys_ptrace"  # to name who is there, and to replace it
        yield h


def interface(host):
    (shown,) = host.chain()["interfaces"]
    return shown


def detach(host):
    """As an operator does: by the id of the link, which it returns."""
    (link,) = links(host, INTERFACE)
    host.namespace.run("bpftool", "link", "detach", "id", link)
    return link


def ctl(host, verb):
    done = host.namespace.run(built("plain", "xslotctl"), "--socket", host.socket, verb, check=False)
    return done.returncode, done.stdout


def meets_the_chain(host):
    before = host.chain()["packets"]
    inject(host.namespace, INTERFACE, 8)
    return host.chain()["packets"] == before + 8


def becomes(host, state):
    wait_for(lambda: interface(host)["state"] == state, f"{INTERFACE} to be {state}")


def test_it_is_put_back(host):
    """By a new link, with everything that the chain counted; twice, for the alarm is made again."""
    host.write(chain(classify()))
    host.start()
    assert ctl(host, "health") == (0, "XSLOT OK: chains: 1, slots: 1, interfaces: 1\n")
    inject(host.namespace, INTERFACE, 8)
    for time in (1, 2):
        link = detach(host)
        wait_for(lambda link=link: list(links(host, INTERFACE)) not in ([], [link]), "the chain to be attached again")
        becomes(host, "attached")
        assert meets_the_chain(host)
        assert host.log().count(f"error: edge: somebody detached the BPF link of {INTERFACE}, and packets do not meet the "
                                "chain; it is being attached again") == time
    assert host.chain()["packets"] == 24
    assert host.must_reload()["result"] == "unchanged"
    with Displaced(host) as other:
        wait_for(other.is_said, "the host to drive it out")
        becomes(host, "attached")
    assert ctl(host, "health")[0] == 0


def test_it_is_left_alone(host, namespace):
    """on_detach = alarm: whatever happens by itself leaves it so, and says so, until somebody reloads."""
    host.write(chain(classify()) + SPARE)
    host.start()
    host.write(chain(classify(), on_detach="alarm") + SPARE)
    assert host.must_reload()["changed"] == ["edge: on_detach = alarm"]
    assert host.chain()["on_detach"] == "alarm"
    detach(host)
    assert namespace.xdp_program(INTERFACE) == 0
    alarm = f"error: edge: somebody detached the BPF link of {INTERFACE}, and packets do not meet the chain; on_detach = alarm"
    wait_for(lambda: alarm in host.log(), "the alarm")
    assert interface(host)["state"] == "detached" and "xslotctl reload" in interface(host)["reason"]
    code, line = ctl(host, "health")
    assert code == 2 and line.startswith(f"XSLOT CRITICAL: edge: {INTERFACE} is detached: somebody detached")
    assert f"\n  DETACHED: somebody detached the BPF link of {INTERFACE}" in ctl(host, "status")[1]
    namespace.run("ip", "link", "add", "y0", "type", "veth", "peer", "name", "y1")
    wait_for(lambda: host.chain("later")["interfaces"][0]["state"] == "attached", "y0 to be attached")
    for end in ("down", "up"):
        namespace.run("ip", "link", "set", INTERFACE, end)
    host.write("[chain\n")
    assert host.reload()[0] == 78
    host.heard()
    assert interface(host)["state"] == "detached" and namespace.xdp_program(INTERFACE) == 0
    assert host.log().count(alarm) == 1
    host.write(chain(classify(), on_detach="alarm") + SPARE)
    assert host.must_reload()["changed"] == [f"edge: {INTERFACE} attached (native)"]
    assert interface(host)["state"] == "attached" and meets_the_chain(host)
    with Displaced(host) as other:
        wait_for(lambda: "error: edge: XDP program drop_all" in host.log(), "the alarm")
        namespace.run("ip", "link", "del", "y0")
        wait_for(lambda: host.chain("later")["interfaces"][0]["state"] == "waiting", "y0 to be waited for")
        assert interface(host)["state"] == "displaced" and ctl(host, "health")[0] == 2
        host.must_reload()
        assert interface(host)["state"] == "attached" and other.is_said() == 1


def test_through_netlink(host, namespace):
    """Where it took another's place anybody may take it off, or replace it in turn: which is not undone unasked."""
    host.write(chain(classify(), replace="yes"))
    with Neighbour(namespace, "netlink", INTERFACE):
        host.start()
        assert interface(host)["attach"] == "netlink"
    namespace.run("ip", "link", "set", "dev", INTERFACE, "xdpdrv", "off")
    wait_for(lambda: "took the chain's program, attached through netlink, off" in host.log(), "the alarm")
    becomes(host, "attached")
    assert meets_the_chain(host)

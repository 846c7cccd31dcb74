# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""xslotctl clean while the host runs: a chain is off, and only a reload that somebody asks for puts it back.

Without a host: test_outlive.py.
"""
import json
import os
from pathlib import Path

import pytest

from chains import INTERFACE, chain, classify, stamp
from frames import inject
from host import Host, built, wait_for
from objects import objects_at_rest, wait_for_objects
from sweep import Sweep, call_killed_at, pins

OTHER, OTHER_PEER = "y0", "y1"
LAB = f"\n[chain lab]\ninterfaces = {OTHER}\n[slot lab.10]\nplugin = stamp\nid = 7\n"
EDGE = chain(stamp(10, 1), classify())


@pytest.fixture
def host(request, namespace, link, peer, tmp_path):
    """Two chains, on two interfaces; the dataplane outlives this host."""
    namespace.veth(OTHER, peer, OTHER_PEER)
    with Host(namespace, tmp_path, build=getattr(request, "param", "asan")) as h:
        h.on_stop("keep")
        for name in ("stamp", "classify"):
            h.plugin(name, "v1")
        h.write(EDGE + LAB)
        h.start()
        yield h
        h.write(EDGE + LAB)
        h.on_stop("detach")
        if h.process.poll() is None:
            h.must_reload()


def is_off(host, *names):
    status = host.status()
    running = {"edge", "lab"} - set(names)
    assert {c["name"] for c in status["chains"]} == running and set(status["off"]) == set(names)
    assert (host.namespace.xdp_program(INTERFACE) == 0) == ("edge" in names)
    assert (host.namespace.xdp_program(OTHER) == 0) == ("lab" in names)
    return True


def ctl(host, *arguments, code=0):
    done = host.namespace.run(built(host.build, "xslotctl"), "--socket", host.socket, "--config", host.ini, *arguments,
                              check=False)
    assert done.returncode == code, done
    return done.stdout + done.stderr


def disturb(host):
    """The other chain's interface is away for a moment, so the host has interfaces to look at."""
    for one, other, state in ((OTHER, "away", "waiting"), ("away", OTHER, "attached")):
        for change in (["down"], ["name", other]):
            host.namespace.run("ip", "link", "set", one, *change)
        host.namespace.run("ip", "link", "set", other, "up")
        wait_for(lambda state=state: host.chain("lab")["interfaces"][0]["state"] == state, f"{OTHER} to be {state}")


def test_one_chain(host):
    """It is off, the other goes on untouched; restarts and link events keep it off, and a reload puts it back."""
    other = host.chain("lab")["slots"][0]["program_id"]
    empty = objects_at_rest()
    text = ctl(host, "clean", "edge")
    assert text.strip() == ("1 chain taken off; it stays off until the next \"xslotctl reload\", which puts back the chains of the configuration")
    assert is_off(host, "edge")
    assert objects_at_rest()["prog"] < empty["prog"]
    assert "OFF: chain edge was taken off" in ctl(host, "status")
    assert "took it off" in ctl(host, "status", "edge", code=1)
    assert "took it off" in ctl(host, "bypass", "edge", "on", code=1)
    assert "it is already off" in ctl(host, "clean", "edge")
    assert 'there is no chain "core"' in ctl(host, "clean", "core", code=1)
    inject(host.namespace, OTHER, 8)
    for end in (Host.murder, Host.stop):
        end(host)
        host.start()
        assert is_off(host, "edge")
        disturb(host)
        assert is_off(host, "edge")
        assert "chain edge is OFF" in host.log().rpartition("adopted chain")[2]
    assert host.chain("lab")["slots"][0]["program_id"] == other and host.chain("lab")["packets"] == 8
    host.hangup()
    assert is_off(host)
    inject(host.namespace, INTERFACE, 8)
    assert host.slot(10)["seen"] == 8
    assert host.chain("lab")["slots"][0]["program_id"] == other
    wait_for_objects(empty, "after all that")


def test_all_chains(host):
    """With --all, and with a configuration that is broken; without it nobody takes them off by mistake."""
    host.write(EDGE + "nonsense\n")
    for arguments in ((), ("--bpffs", "/sys/fs/bpf"), ("edge", "--all")):
        assert "--all" in ctl(host, "clean", *arguments, code=2)
    assert is_off(host)
    assert json.loads(host.ctl("clean", "--all").stdout)["removed"] == 2
    assert is_off(host, "edge", "lab")
    assert host.reload()[0] == 78
    assert is_off(host, "edge", "lab")
    host.write(EDGE)  # lab is in no file any more
    host.must_reload()
    assert host.status()["off"] == [] and host.namespace.xdp_program(OTHER) == 0
    assert host.namespace.xdp_program(INTERFACE) != 0
    ctl(host, "clean", "edge")
    host.write("")
    assert host.must_reload()["result"] == "unchanged" and host.status()["off"] == []


def test_broken_configuration_without_a_host(host):
    host.murder()
    assert "--all" in ctl(host, "clean", code=2)
    host.ini.write_text(host.ini.read_text() + "nonsense\n")
    text = ctl(host, "clean", "--all")
    assert "WARNING: the configuration is wrong" in text and "/sys/fs/bpf/xslot;" in text
    assert "0 chains taken off" in text
    assert host.namespace.xdp_program(INTERFACE) != 0
    folder = host.ini.read_text().partition("bpffs = ")[2].split()[0]
    assert "1 chain taken off" in ctl(host, "clean", "lab", "--bpffs", folder)
    held = Path(folder) / "held"  # whoever has the link, too, does not keep the chain
    os.link(next(Path(folder).glob("*/edge/if/*")), held)
    assert ctl(host, "clean", "--all", "--bpffs", folder) == "1 chain taken off\n"
    assert host.namespace.xdp_program(INTERFACE) == 0
    held.unlink()
    assert not pins(host)
    host.ini.write_text(host.ini.read_text().replace("nonsense\n", ""))
    host.start()
    assert is_off(host)


@pytest.mark.parametrize("host", ["plain"], indirect=True)
def test_kill_sweep(host):
    """Killed at any system call of it: the chain is there, or it is off and nothing is left of it."""
    whole, pinned = objects_at_rest(), pins(host)
    ctl(host, "clean", "edge")
    rest, pinned_rest = objects_at_rest(), pins(host)
    sweep = Sweep("clean", 6)
    for number in sweep:
        host.must_reload()
        assert is_off(host)
        if call_killed_at(host, number, "Clean", chain="edge"):
            host.start()
        else:
            sweep.came_to_its_end()
        off = bool(host.status()["off"])
        assert is_off(host, *["edge"] * off)
        wait_for_objects(rest if off else whole, f"after call {number}")
        assert pins(host) == (pinned_rest if off else pinned)
    sweep.over()

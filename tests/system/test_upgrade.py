# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""A host meets a dispatcher of another version or layout, or is asked for another kind of it, and replaces it in place.

Frames come from the neighbour all the time, over veth pairs: what is injected into a program by its id would not notice
that the interface runs another.
"""
import json
import os
import subprocess
from contextlib import ExitStack

import pytest

from chains import INTERFACE, PEER, chain, classify, slow, stamp, trails
from frames import Sender
from host import Host, build_directory, built, wait_for
from objects import objects_at_rest, wait_for_objects
from sweep import Sweep, bpffs, call_killed_at, pins, start_killed_at

CPUS = 2

OTHER, OTHER_PEER = "x2", "x3"
VERSIONS = {"before": 2, "plain": 3, "next": 4}  # hosts, and the version of their dispatcher
LAYOUTS = {"before": 2, "plain": 3, "next": 3}
SIZES = {2: [344, 30592], 3: [1048, 61072]}  # see map_sizes(); 2: as xslotd made them when it knew no other
RATE = 200


@pytest.fixture
def host(namespace, peer, link, tmp_path):
    """Two interfaces, on_stop = keep."""
    if not (build_directory("next") / "build.ninja").exists():
        pytest.skip("there is no build with another dispatcher version")
    namespace.veth(OTHER, peer, OTHER_PEER)
    with Host(namespace, tmp_path, build="plain") as h:
        h.peer = peer
        h.on_stop("keep")
        for name in ("slow", "classify"):
            h.plugin(name, "v1")
        yield h
        h.on_stop("detach")
        if h.process.poll() is None:
            h.stop()
        h.start()  # whatever the test left: take it off


def configure(host, version="v1", numbers=(10, 20, 30, 90), **keys):
    host.plugin("stamp", version)
    first, second, third, last = numbers
    text = chain(slow(first, 50, clear=True), stamp(second, 1), stamp(third, 2), classify(last, drop=False), **keys)
    host.write(text.replace(f"interfaces = {INTERFACE}", f"interfaces = {INTERFACE}, {OTHER}"))


class Frames(ExitStack):
    """Frames from the neighbour on both links, until sent() says how many they were."""

    def __init__(self, host):
        super().__init__()
        self.senders = [self.enter_context(Sender(host.peer, name, rate=RATE)) for name in (PEER, OTHER_PEER)]

    def sent(self):
        return sum(sender.stop() for sender in self.senders)


def become(host, version):
    """The next start is this one's: a build, or "before", the plain one with the dispatchers of an older xslotd."""
    host.build, host.layout = ("plain", 2) if version == "before" else (version, None)


def end(host, how):
    """End the host, its dataplane stays."""
    if how == "keep":
        assert host.stop() == 0
    else:
        host.murder()


def tag(host):
    """Of the program that both interfaces run."""
    programs = {host.namespace.xdp_program(name) for name in (INTERFACE, OTHER)}
    assert len(programs) == 1 and 0 not in programs
    out = subprocess.run(["bpftool", "-j", "prog", "show", "id", str(programs.pop())], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)["tag"]


def folder(host):
    """The chain's, in bpffs."""
    (path,) = bpffs(host).glob("*/edge")
    return path


def pinned(path):
    """The id of a pinned map."""
    out = subprocess.run(["bpftool", "-j", "map", "show", "pinned", path], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)["id"]


def state_bytes(host):
    """The dispatcher's shared memory."""
    out = subprocess.run(["bpftool", "-j", "map", "dump", "pinned", folder(host) / "state"], capture_output=True, text=True, check=True)
    return bytes(int(byte, 16) for byte in json.loads(out.stdout)[0]["value"])


def dispatcher_version(host):
    return int.from_bytes(state_bytes(host)[12:16], "little")


def map_sizes(host):
    """Of the dispatcher's state and of the manifest, in bytes."""
    out = []
    for name in ("state", "manifest"):
        shown = subprocess.run(["bpftool", "-j", "map", "show", "pinned", folder(host) / name], capture_output=True, text=True, check=True)
        out.append(json.loads(shown.stdout)["bytes_value"])
    return out


def counted_are(host, sent):
    """Every frame met the whole chain, on whichever dispatcher, and was counted once everywhere."""
    wait_for(lambda: host.chain()["packets"] >= sent, f"{sent} frames to be counted")
    status = host.chain()
    assert status["packets"] == sent and status["gap_packets"] == 0 and status["bad_verdicts"] == 0
    assert [slot["seen"] for slot in status["slots"]] == [sent] * len(status["slots"])
    return trails(host)


@pytest.mark.parametrize("how, versions", [("keep", ("plain", "next")), ("killed", ("before", "plain"))])
def test_there_and_back(host, how, versions):
    """Another version of the dispatcher; another layout of its memory as well."""
    become(host, versions[0])
    configure(host)
    host.start()
    fresh, fresh_pins, tags = objects_at_rest(), pins(host), {versions[0]: tag(host)}
    state = pinned(folder(host) / "slot/90/maps/trails")
    assert {slot["bank"] for slot in host.chain()["slots"]} == {"A"}
    with Frames(host) as frames:
        seen, generation, before = 0, host.chain()["generation"], versions[0]
        for version in (versions[1], versions[0]):
            wait_for(lambda: host.chain()["packets"] > seen, "more frames")
            seen = host.chain()["packets"]
            end(host, how)
            become(host, version)
            host.start()
            assert host.status()["last_reload"]["result"] == "ok"
            said = f"edge: new dispatcher, version {VERSIONS[version]} in place of {VERSIONS[before]}"
            assert said in host.log() and "edge.20: stamp 1.0.0, loaded again" in host.log()
            assert host.chain()["packets"] >= seen and host.chain()["generation"] > generation
            generation, before = host.chain()["generation"], version
            assert tags.setdefault(version, tag(host)) == tag(host)
            assert dispatcher_version(host) == VERSIONS[version]
            assert int.from_bytes(state_bytes(host)[8:12], "little") == LAYOUTS[version]
            assert map_sizes(host) == SIZES[LAYOUTS[version]]
            assert {slot["bank"] for slot in host.chain()["slots"]} == {"A"}  # which packets find by fewer instructions
            assert pins(host) == fresh_pins
            wait_for_objects(fresh, "as at first")
        sent = frames.sent()
    assert tags[versions[0]] != tags[versions[1]]
    assert counted_are(host, sent) == {"1112": sent}
    assert pinned(folder(host) / "slot/90/maps/trails") == state
    host.must_reload()
    assert host.status()["last_reload"]["result"] == "unchanged"


def test_changed_and_renumbered_meanwhile(host):
    """A new version of a plugin, other numbers: state and counts go with the plugin all the same."""
    configure(host)
    host.start()
    with Frames(host) as frames:
        wait_for(lambda: host.chain()["packets"] > 20, "frames")
        end(host, "keep")
        configure(host, "v2", numbers=(11, 20, 30, 91))
        host.build = "next"
        host.start()
        before = host.chain()["packets"]
        wait_for(lambda: host.chain()["packets"] > before, "more frames")
        sent = frames.sent()
    wait_for(lambda: host.chain()["packets"] >= sent, "all frames to be counted")
    counted = trails(host, 91)
    assert set(counted) == {"1112", "2122"} and sum(counted.values()) == sent
    assert [slot["seen"] for slot in host.chain()["slots"]] == [sent] * 4
    assert host.chain()["gap_packets"] == 0


def test_bypass_stays(host):
    """A fused chain, too, and from layout to layout."""
    host.fuse = True

    def fused():
        wait_for(lambda: host.chain()["tier"] == "fused", "a fused chain")

    become(host, "before")
    configure(host)
    host.start()
    with Frames(host) as frames:
        fused()
        host.call("Bypass", chain="edge", on=True)
        for version in ("next", "before"):
            end(host, "killed")
            become(host, version)
            host.start()
            assert host.chain()["bypass"] and dispatcher_version(host) == VERSIONS[version]
            slots, packets = host.slot(90)["seen"], host.chain()["packets"]
            wait_for(lambda: host.chain()["packets"] > packets, "frames that pass by")
            assert host.slot(90)["seen"] == slots
        host.call("Bypass", chain="edge", on=False)
        fused()
        end(host, "killed")
        become(host, "plain")
        host.start()
        fused()
        slots = host.slot(90)["seen"]
        wait_for(lambda: host.slot(90)["seen"] > slots, "frames that do not")
        sent = frames.sent()
    wait_for(lambda: host.chain()["packets"] >= sent, "all frames to be counted")
    status = host.chain()
    assert status["packets"] == sent and status["gap_packets"] == 0
    assert {slot["seen"] for slot in status["slots"]} == {sum(trails(host).values())}


def test_layout_that_we_cannot_read(host):
    """It is left as it runs; the sentence says which version is there, and what helps."""
    configure(host)
    host.start()
    program = host.namespace.xdp_program(INTERFACE)
    end(host, "keep")
    pin, state = folder(host) / "state", state_bytes(host)
    changed = state[:8] + (9).to_bytes(4, "little") + (7).to_bytes(4, "little") + state[16:]
    subprocess.run(["bpftool", "map", "update", "pinned", pin, "key", "0", "0", "0", "0", "value", *map(str, changed)], check=True)
    before = pins(host)
    done = host.namespace.run(host.program(), "-c", host.ini, check=False)
    assert done.returncode == 78
    assert "version 7 with state layout 9" in done.stderr and "reads layouts 2 and 3" in done.stderr
    assert "Start the version of xslot that made it" in done.stderr
    assert pins(host) == before and host.namespace.xdp_program(INTERFACE) == program
    host.namespace.run(built("plain", "xslotctl"), "--config", host.ini, "clean", "--all")
    assert host.namespace.xdp_program(INTERFACE) == 0 and not pins(host)


def sweep_over(host, sweep, change):
    """`change(number)` ends with a running host; then all is as after a fresh start."""
    fresh = pins(host)
    with Frames(host) as frames:
        with_traffic, seen, generation = objects_at_rest(), 0, host.chain()["generation"]
        for number in sweep:
            change(number)
            status = host.chain()
            assert status["gap_packets"] == 0 and status["packets"] >= seen
            assert status["generation"] >= generation, f"after call {number}"
            seen, generation = status["packets"], status["generation"]
            assert [interface["state"] for interface in status["interfaces"]] == ["attached"] * 2
            assert pins(host) == fresh, f"pins after call {number}"
            wait_for_objects(with_traffic, f"after call {number}")
        sent = frames.sent()
    sweep.over(f"{sent} frames")
    return counted_are(host, sent)


def test_sweep_upgrade(host):
    """
    Killed anywhere in a start that replaces the dispatcher, whose memory has another layout; then the same host goes on, or
    the one before it.
    """
    version = "before"
    become(host, version)
    configure(host)
    host.start()
    sweep = Sweep("upgrade", 5)

    def change(number):
        nonlocal version
        end(host, ("keep", "killed")[sweep.points % 2])
        before, version = version, "next" if version == "before" else "before"
        become(host, version)
        if start_killed_at(host, number):
            if sweep.points % 3 == 0:
                version = before
                become(host, version)
            host.start()
        else:
            sweep.came_to_its_end()
        assert dispatcher_version(host) == VERSIONS[version]

    counted = sweep_over(host, sweep, change)
    assert set(counted) == {"1112"}


def has_frags():
    """Linux 5.18."""
    return tuple(int(part) for part in os.uname().release.split(".")[:2]) >= (5, 18)


def test_sweep_frags(host):
    """The same rebuild by a reload: `frags` changes, and a plugin with it."""
    if not has_frags():
        pytest.skip("XDP with packets in several buffers needs Linux 5.18")
    configure(host)
    host.start()
    sweep = Sweep("frags", 5)

    def change(number):
        configure(host, ("v1", "v2")[sweep.points % 2], frags=("no", "yes")[sweep.points % 2])
        if call_killed_at(host, number, "Reload", settle=True):
            host.start()
            host.must_reload()  # it may have been undone
        else:
            sweep.came_to_its_end()

    counted = sweep_over(host, sweep, change)
    assert set(counted) <= {"1112", "2122"}

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Fused chains: packets see no difference, whatever becomes of the chain and of the host.

That the fused program does what the slots do: test-fuse.c, test-fuse-random.c.
"""

import json
import os
import signal
import subprocess

import pytest

from chains import INTERFACE, chain, classify, slow, stamp, trails
from frames import Injector, inject, udp
from host import Host, wait_for
from objects import LIBBPF, objects, objects_at_rest, wait_for_objects
from shapes import kernel, shape
from sweep import Sweep, bpffs, host_killed_at, pins

READS = 100


@pytest.fixture
def host(namespace, link, tmp_path):
    """A host that fuses, and whose dataplane outlives it."""
    with Host(namespace, tmp_path) as h:
        h.fuse = True
        h.on_stop("keep")
        for name in ("slow", "stamp", "classify"):
            h.plugin(name, "v1")
        yield h
        h.on_stop("detach")
        if h.process.poll() is None:
            h.must_reload()


def configure(host, version="v1", **keys):
    host.plugin("stamp", version)
    host.write(chain(slow(10, READS, clear=True), stamp(20, 1), stamp(30, 2), classify(), **keys))


def fused(host):
    return wait_for(lambda: host.chain()["tier"] == "fused" and host.chain(), "a fused chain")


def pin(host):
    return sorted(path.name for path in bpffs(host).glob("*/edge/fused_*"))


def check_counts(host, packets, *expected):
    """Every packet counted once, by every slot, and none that met anything else than one of the versions."""
    # The last packets of the generation before are added when no more of them can come: a grace period after the swap.
    status = wait_for(lambda: host.chain()["packets"] >= packets and host.chain(), f"all {packets} packets to be counted")
    seen = trails(host)
    assert set(seen) <= set(expected), seen
    assert sum(seen.values()) == packets
    assert status["packets"] == packets
    assert [slot["seen"] for slot in status["slots"]] == [packets] * 4
    assert status["slots"][3]["verdicts"]["drop"] == packets
    assert status["gap_packets"] == 0 and status["bad_verdicts"] == 0


def test_goes_live_as_slots_and_is_fused_then(host):
    configure(host)
    host.start()
    status = fused(host)
    assert status["instructions"] > 50 and status["tier_reason"] == ""
    assert {slot["tier"] for slot in status["slots"]} == {"fused"}
    assert pin(host) == ["fused_a"]  # packets get there by fewer instructions
    check_lines()
    inject(host.namespace, INTERFACE, 80)
    check_counts(host, 80, "1112")
    assert host.must_reload()["result"] == "unchanged"
    assert host.chain()["generation"] == status["generation"]
    assert host.chain()["tier"] == "fused"
    configure(host, fuse="no")  # no slot changes, and still it is a change
    reply = host.must_reload()
    assert (reply["result"], reply["changed"]) == ("ok", ["edge: fuse = no"])
    wait_for(lambda: host.chain()["tier"] == "slots", "the chain to run as slots")
    assert host.must_reload()["result"] == "unchanged"


def bpftool(*words):
    return subprocess.run(["bpftool", *words], capture_output=True, text=True, check=True).stdout


def source_lines():
    """What bpftool shows of the newest fused program."""
    programs = [program["id"] for program in json.loads(bpftool("-j", "prog", "show")) if program.get("name") == "xslot_fused"]
    return bpftool("prog", "dump", "xlated", "id", str(max(programs)), "linum")


def check_lines():
    lines = source_lines()
    for file in ("slow.bpf.c", "stamp.bpf.c", "classify.bpf.c", "file:xslot"):
        assert file in lines, lines


def test_reloads_under_traffic(host):
    """To slots and fused again, in every state of it; each packet meets one version."""
    configure(host)
    host.start()
    with Injector(host.namespace, INTERFACE, threads=1) as injector:
        for turn in range(4):
            if turn % 2:
                fused(host)
            configure(host, "v2" if turn % 2 == 0 else "v1")
            assert host.must_reload()["result"] == "ok"
        fused(host)
        injected = injector.stop()
    check_counts(host, injected, "1112", "2122")
    assert len(pin(host)) == 1


def test_held(host):
    """Somebody keeps the link that fills bank A: the other bank does as well, until he lets go."""
    configure(host)
    host.start()
    fused(host)
    path, = bpffs(host).glob("*/edge/fused_a")
    held = LIBBPF.bpf_obj_get(str(path).encode())
    assert held >= 0
    for version, banks in (("v2", ["fused_b"]), ("v1", ["fused_a"])):
        configure(host, version)
        assert host.must_reload()["result"] == "ok"
        fused(host)
        assert pin(host) == banks
        if banks == ["fused_b"]:
            os.close(held)
    inject(host.namespace, INTERFACE, 16)
    check_counts(host, 16, "1112")


def test_is_parted_when_it_is_not_wanted(host):
    before = objects_at_rest()
    configure(host)
    host.start()
    fused(host)
    running = objects_at_rest()
    with Injector(host.namespace, INTERFACE, threads=1) as injector:
        configure(host, fuse="no")
        host.must_reload()
        status = wait_for(lambda: host.chain()["tier"] == "slots" and host.chain(), "slots")
        assert status["tier_reason"] == "the chain has fuse = no" and status["instructions"] == 0
        wait_for(lambda: not pin(host), "the pin to go")
        wait_for(lambda: objects()["link"] == running["link"] - 1, "the link to go")
        configure(host)
        host.must_reload()
        fused(host)
        injected = injector.stop()
    check_counts(host, injected, "1112")
    host.write(chain(slow(10, READS, clear=True), (20, "stamp", {"id": 1, "fuse": "no"}), stamp(30, 2), classify()))
    host.must_reload()
    wait_for(lambda: host.chain()["tier_reason"] == "slot edge.20 has fuse = no", "slots")
    host.on_stop("detach")
    configure(host)
    host.must_reload()
    fused(host)
    assert host.stop() == 0
    wait_for_objects(before, "without a host")


def test_what_cannot_be_fused_runs_as_slots(host):
    host.plugin("object")
    too_deep = chain(slow(10, READS, clear=True), stamp(20, 1), (30, "object", {"object": shape("deep")}))
    why = "edge.30 uses its whole stack, which leaves no room for the packet's context or verdict"
    host.write(too_deep)
    host.start()
    status = wait_for(lambda: host.chain()["tier_reason"] and host.chain(), "the reason")
    assert status["tier_reason"] == why and status["tier"] == "slots"
    inject(host.namespace, INTERFACE, 16)
    assert host.chain()["slots"][2]["verdicts"]["drop"] == 16
    assert f"chain edge runs as slots: {why}" in host.log()
    # Another one is to be tried: what was wrong with the one before is no reason.
    for _ in range(5):
        host.write(too_deep)
        host.must_reload()
        wait_for(lambda: host.chain()["tier_reason"] == why, "the reason")
        configure(host)
        assert host.call("Reload")["result"] == "ok"
        reasons = set()
        wait_for(lambda: reasons.add(host.chain()["tier_reason"]) or host.chain()["tier"] == "fused", "a fused chain")
        assert reasons == {""}


def test_whose_license_is_in_the_way(host):
    """The kernel knows one license a program. The reason names the slot that has none, not the one that needs it."""
    host.plugin("object")
    host.write(chain((10, "object", {"object": shape("closed")}), (20, "object", {"object": shape("printk")})))
    host.start()
    status = wait_for(lambda: host.chain()["tier_reason"] and host.chain(), "the reason")
    assert status["tier_reason"].startswith("edge.10 has no GPL-compatible license"), status
    # Little stack, on which an address and a number that is counted down lie.
    host.write(chain((10, "object", {"object": shape("closed")}), (20, "object", {"object": shape("spill")})))
    host.must_reload()
    assert fused(host)["tier_reason"] == ""


def tail_calling(host, version="v1", jump="pass"):
    """An XDP program that is behind a tail call, and a plugin that makes one, between others. `jump`: its verdict."""
    host.plugin("stamp", version)
    slots = [slow(10, READS, clear=True), (20, "object", {"object": shape("tails"), "program": "tails"}), stamp(30, 1)]
    if jump:
        slots.append((40, "jump", {"verdict": jump, "proceed_on": "pass"}))
    host.write(chain(*slots, stamp(50, 2), classify()))


def check_tail_calls(host, *expected):
    """What the program behind the tail call wrote, and then the stamps."""
    before = trails(host)
    inject(host.namespace, INTERFACE, 16)
    after = trails(host)
    assert {trail: after[trail] - before.get(trail, 0) for trail in after if after[trail] != before.get(trail)} == {
        trail: 16 for trail in expected}
    status = host.chain()
    assert status["gap_packets"] == 0 and status["bad_verdicts"] == 0 and {s["seen"] for s in status["slots"][:3]} == {
        status["packets"]}


def test_tail_calls(host):
    """They are called, and all else stays joined; by hosts that adopted them, too."""
    if kernel() < (5, 11):
        pytest.skip("Linux 5.10 loads no extension that tail-calls")
    host.plugin("object")
    host.plugin("jump", "v1")
    tail_calling(host)
    host.start()
    fused(host)
    check_tail_calls(host, "17171112")
    dump = source_lines()
    for words in ("edge.20: called", "edge.40: called", "stamp.bpf.c", "int jump("):
        assert words in dump, dump
    tail_calling(host, jump="drop")
    host.must_reload()
    fused(host)
    check_tail_calls(host)
    assert host.slot(40)["verdicts"]["drop"] == 16
    host.murder()
    host.count_edits()
    tail_calling(host, version="v2")
    host.start()  # `jump` has to be started again, `object` has not
    fused(host)
    check_tail_calls(host, "17172122")
    tail_calling(host, version="v2", jump=None)
    host.must_reload()
    fused(host)
    host.murder()
    host.start()
    assert host.chain()["tier"] == "fused"
    check_tail_calls(host, "17172122")
    tail_calling(host, jump=None)
    host.must_reload()
    fused(host)
    check_tail_calls(host, "17171112")


def test_maps_in_a_map_of_an_adopted_plugin(host):
    """They are those that it ran with: what was written into them decides, and what is written later."""
    def write(tenant):
        path, = bpffs(host).glob(f"*/edge/slot/20/maps/tenant_{tenant}")
        bpftool("map", "update", "pinned", str(path), *"key 0 0 0 0 value 1 0 0 0".split())

    def drops():
        inject(host.namespace, INTERFACE, 16, udp(target="192.0.2.1"))
        inject(host.namespace, INTERFACE, 16, udp(target="192.0.2.2"))
        return host.slot(20)["verdicts"]["drop"]

    slots = [slow(10, READS, clear=True), (20, "object", {"object": shape("nested")}), stamp(30, 1), classify()]
    host.plugin("object")
    host.write(chain(*slots))
    host.start()
    fused(host)
    write(1)
    assert drops() == 16
    host.murder()
    host.count_edits()
    host.plugin("stamp", "v2")
    host.start()
    fused(host)
    assert drops() == 32
    write(2)
    assert drops() == 64


def test_bypass(host):
    configure(host)
    host.start()
    fused(host)
    inject(host.namespace, INTERFACE, 16)
    assert host.call("Bypass", chain="edge", on=True)["changed"]
    inject(host.namespace, INTERFACE, 24)
    assert host.chain()["packets"] == 40 and trails(host) == {"1112": 16}
    host.murder()
    host.start()
    assert host.call("Bypass", chain="edge", on=False)["changed"]
    assert host.chain()["tier"] == "fused"
    inject(host.namespace, INTERFACE, 16)
    assert host.chain()["packets"] == 56 and trails(host) == {"1112": 32}
    assert host.call("Bypass", chain="edge", on=True)["changed"]
    configure(host, "v2")
    host.must_reload()
    inject(host.namespace, INTERFACE, 24)
    assert host.chain()["packets"] == 80 and trails(host) == {"1112": 32}
    assert (host.chain()["tier"], host.chain()["tier_reason"]) == ("slots", "the chain is bypassed")
    assert host.call("Bypass", chain="edge", on=False)["changed"]
    fused(host)
    inject(host.namespace, INTERFACE, 8)
    assert host.chain()["packets"] == 88 and trails(host) == {"1112": 32, "2122": 8}


def test_adopted(host):
    """By a host that goes on, by one that finds other files, and by one that does not fuse."""
    configure(host)
    host.start()
    status = fused(host)
    with Injector(host.namespace, INTERFACE, threads=1) as injector:
        host.murder()
        host.start()
        now = host.chain()
        assert (now["tier"], now["generation"], now["instructions"]) == (
            "fused", status["generation"], status["instructions"])
        host.murder()
        host.count_edits()
        configure(host, "v2")
        host.start()
        assert host.status()["last_reload"]["result"] == "ok"
        fused(host)  # of two instances that were adopted and two new ones
        check_lines()
        assert len(pin(host)) == 1
        host.murder()
        host.fuse = False
        host.start()
        wait_for(lambda: host.chain()["tier"] == "slots" and not pin(host), "slots")
        injected = injector.stop()
    check_counts(host, injected, "1112", "2122")


def swept(host, name, change, logged, tier):
    """`change()` the files and tell the host, which dies somewhere before it logs that; the next one ends in that tier."""

    def hangup():
        host.kill(signal.SIGHUP)

    def times():
        return host.log().count(logged)

    configure(host)
    host.start()
    fused(host)
    sweep = Sweep(name, 6)
    with Injector(host.namespace, INTERFACE, threads=1) as injector:
        host.must_reload()
        change(0)
        said = times()
        hangup()
        wait_for(lambda: times() > said and host.chain()["tier"] == tier, tier)
        host.murder()
        host.start()  # one that adopted what runs makes other calls
        wait_for(lambda: host.chain()["tier"] == tier, tier)
        pinned, with_traffic = pins(host), objects_at_rest()
        assert len(pin(host)) == (tier == "fused")
        for number in sweep:
            host.must_reload()  # unchanged; its turn comes when the one before is over, and has logged
            change(sweep.points)
            said = times()
            if host_killed_at(host, number, hangup, lambda said=said: times() > said):
                host.start()
                host.must_reload()  # it may have been undone
            else:
                sweep.came_to_its_end()
            wait_for(lambda: host.chain()["tier"] == tier, f"{tier} after call {number}")
            assert host.chain()["gap_packets"] == 0
            wait_for(lambda: pins(host) == pinned, lambda: f"{pinned} after call {number}, now {pins(host)}")
            wait_for_objects(with_traffic, f"after call {number}")
        injected = injector.stop()
    sweep.over()
    check_counts(host, injected, "1112", "2122")


def test_kill_sweep(host):
    """From the reload to the fused program of what it made, which takes the place of another."""
    swept(host, "fuse", lambda point: configure(host, ("v2", "v1")[point % 2]), "chain edge runs fused", "fused")


def test_kill_sweep_of_what_ends_it(host):
    """From the reload that says fuse = no to the slots, with nothing left of the fused program."""

    def change(_):
        configure(host)
        host.must_reload()
        fused(host)
        host.must_reload()
        configure(host, fuse="no")

    swept(host, "slots", change, "chain edge runs as slots", "slots")

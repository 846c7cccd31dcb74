# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""One system call that fails, anywhere in a start or in a reload: what stood stands, nothing is left, and the next one works."""
import os

import pytest

from chains import INTERFACE, chain, classify, slow, stamp, trails
from faults import FaultSweep, call_with, start_with
from frames import inject
from host import Host, wait_for
from objects import objects_at_rest, wait_for_objects
from sweep import pins

OTHER = "other0"


@pytest.fixture
def host(namespace, link, tmp_path):
    """The plain build, configured and not started."""
    namespace.run("ip", "link", "add", OTHER, "type", "dummy")
    with Host(namespace, tmp_path, build="plain") as h:
        h.plugin("slow", "v1")
        h.plugin("classify", "v1")
        configure(h, 1)
        yield h
        h.on_stop("detach")
        if h.process.poll() is None:
            h.stop()
        h.count_edits()
        h.start()  # whatever the test left: take it off


def configure(host, version):
    """One slot is upgraded, one gets another parameter, one stays; version 2 has an interface more."""
    host.plugin("stamp", f"v{version}")
    text = chain(slow(10, 1, clear=True), stamp(20, 1), stamp(30, version), classify(), mode="generic")
    if version == 2:
        text = text.replace(f"interfaces = {INTERFACE}", f"interfaces = {INTERFACE}, {OTHER}")
    host.write(text)


def descriptors(host):
    return len(os.listdir(f"/proc/{host.pid()}/fd"))


def programs(host):
    """The ids of what packets run."""
    return [host.namespace.xdp_program(INTERFACE)] + [slot["program_id"] for slot in host.chain()["slots"]]


def trail_of(host):
    """Eight packets, all of which went one way, which is returned; none met an empty slot."""
    before = trails(host)
    inject(host.namespace, INTERFACE, 8)
    new = {trail: n - before.get(trail, 0) for trail, n in trails(host).items() if n != before.get(trail, 0)}
    assert host.chain()["gap_packets"] == 0
    assert list(new.values()) == [8], f"eight packets went {new}"
    return list(new)[0]


class State:
    """What there is of a host at rest that runs one version."""

    def __init__(self, host):
        self.trail, self.pins, self.descriptors, self.objects = trail_of(host), pins(host), descriptors(host), objects_at_rest()

    def must_hold(self, host, when):
        """Packets go the same way, and there is no more of anything."""
        assert trail_of(host) == self.trail, f"another configuration decides {when}"
        assert pins(host) == self.pins, f"pins {when}"
        wait_for_objects(self.objects, when)
        wait_for(lambda: descriptors(host) <= self.descriptors,
                 lambda: f"no more than {self.descriptors} descriptors {when}: {descriptors(host)}")


def ended_for_want_of_memory(host, before, fault):
    """The one reason to end: small things have no way to fail, see core/util/memory.h."""
    assert fault.kind == "mmap" and "out of memory" in host.log()[before:], \
        f"the host ended with {host.process.returncode} after {fault}:\n{host.log()[before:]}"


def must_stand(host, before, ran, fault):
    """Refused, with a reason; `before`, with just the programs that `ran`."""
    assert all(error["message"] for error in host.status()["last_reload"]["errors"])
    assert programs(host) == ran, f"other programs after {fault}"
    before.must_hold(host, f"after {fault}")


def reload_with(host, fault):
    """(did the call fail, what came of the reload)."""
    before = host.status()["host"]["reloads"]
    hit, answer = call_with(host, fault, "Reload", settle=True, allow_bare=True)
    if host.process.poll() is not None:
        return hit, "ended"
    host.heard()
    if answer:
        return hit, answer["result"]
    host.rest()
    return hit, host.status()["last_reload"]["result"] if host.status()["host"]["reloads"] > before else "not heard"


def test_reload(host):
    """Refused, the old configuration stands; or done all the same; or the host ended, and the old one stands."""
    host.start()
    states, runs = {}, 1
    for version in (2, 1):
        configure(host, version)
        host.must_reload(allow_bare=True)
        states[version] = State(host)
    sweep = FaultSweep("reload", 5)
    for fault in sweep:
        wanted, said, ran = 3 - runs, len(host.log()), programs(host)
        configure(host, wanted)
        hit, result = reload_with(host, fault)
        sweep.came_to(result, hit)
        if result == "ended":
            ended_for_want_of_memory(host, said, fault)
            host.start()
        elif result in ("refused", "not heard"):
            must_stand(host, states[runs], ran, fault)
        if result != "ok":
            host.must_reload(allow_bare=True)
        runs = wanted
        states[runs].must_hold(host, f"after {fault}")
    sweep.over()


def is_bare(host, objects_then, when):
    wait_for(lambda: host.namespace.xdp_program(INTERFACE) == 0, f"no program on the interface {when}")
    assert not pins(host), f"pins {when}: {pins(host)}"
    wait_for_objects(objects_then, when)


def has_ended(host, said, fault):
    assert host.process.returncode > 0 or "out of memory" in host.log()[said:], \
        f"it ended with {host.process.returncode} after {fault}"
    assert host.log()[said:].strip(), f"it ended and said nothing after {fault}"


def test_first_start(host):
    """It is ready, and whole; or it ended, said why, and nothing is left."""
    bare = objects_at_rest()
    host.start()
    fresh = State(host)
    assert host.stop() == 0
    is_bare(host, bare, "after the first")
    sweep = FaultSweep("start", 2)
    for fault in sweep:
        said = len(host.log())
        hit, ready = start_with(host, fault)
        sweep.came_to("ready" if ready else "refused", hit)
        if not ready:
            has_ended(host, said, fault)
            is_bare(host, bare, f"after {fault}")
            host.start()
        fresh.must_hold(host, f"after {fault}")
        assert host.stop() == 0
        is_bare(host, bare, f"after {fault}")
    sweep.over()


def test_later_start(host):
    """The same where a chain runs that the last host left: packets go on through its programs."""
    host.on_stop("keep")
    host.start()
    fresh, ran = State(host), programs(host)
    assert host.stop() == 0
    kept = objects_at_rest(), pins(host)
    sweep = FaultSweep("later start", 2)
    for fault in sweep:
        said = len(host.log())
        hit, ready = start_with(host, fault)
        sweep.came_to("ready" if ready else "refused", hit)
        if not ready:
            has_ended(host, said, fault)
            assert pins(host) == kept[1], f"pins after {fault}"
            wait_for_objects(kept[0], f"after {fault}")
            host.start()
        assert programs(host) == ran, f"other programs after {fault}"
        fresh.must_hold(host, f"after {fault}")
        assert host.stop() == 0
    sweep.over()

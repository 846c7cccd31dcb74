# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Killed anywhere: in a first start, in a stop, in `xslotctl clean`. Whatever comes next finds its way."""
import signal

import pytest

from chains import INTERFACE, chain, classify, slow, stamp, trails
from frames import inject
from host import Host, built, wait_for
from objects import objects_at_rest, wait_for_objects
from sweep import Sweep, host_killed_at, pins, run_killed_at, start_killed_at


@pytest.fixture
def host(namespace, link, tmp_path):
    """The plain build, configured and not started."""
    with Host(namespace, tmp_path, build="plain") as h:
        for name in ("slow", "stamp", "classify"):
            h.plugin(name, "v1")
        h.write(chain(slow(10, 1, clear=True), stamp(20, 1), stamp(30, 2), classify()))
        yield h
        h.on_stop("detach")
        if h.process.poll() is None:
            h.stop()
        h.count_edits()
        h.start()  # whatever the test left: take it off


def clean(host):
    return [built("plain", "xslotctl"), "--config", host.ini, "clean", "--all"]


def is_bare(host, objects_then, number):
    # The kernel lets go of what a dead process had a while after it.
    wait_for(lambda: host.namespace.xdp_program(INTERFACE) == 0, f"no program on the interface after call {number}")
    assert not pins(host), f"pins after call {number}: {pins(host)}"
    wait_for_objects(objects_then, f"after call {number}")


def runs(host, fresh, number):
    """As a first start leaves it; the chain works."""
    fresh_objects, fresh_pins = fresh
    before = host.chain()["packets"]
    inject(host.namespace, INTERFACE, 8)
    status = host.chain()
    assert status["packets"] == before + 8 and status["gap_packets"] == 0
    assert sum(trails(host).values()) == status["packets"] and set(trails(host)) == {"1112"}
    assert pins(host) == fresh_pins, f"pins after call {number}"
    wait_for_objects(fresh_objects, f"after call {number}")


def first_start(host):
    """(objects without a dataplane, (objects, pins) with one)."""
    bare = objects_at_rest()
    host.start()
    return bare, (objects_at_rest(), pins(host))


def test_start(host):
    """A first start that dies: the next one goes on, and `clean` leaves nothing of it."""
    bare, fresh = first_start(host)
    assert host.stop() == 0
    is_bare(host, bare, 0)
    sweep = Sweep("start", 6)
    for number in sweep:
        if not start_killed_at(host, number):
            sweep.came_to_its_end()
        elif sweep.points % 2:
            host.namespace.run(*clean(host))
            is_bare(host, bare, number)
            continue
        else:
            host.start()
        runs(host, fresh, number)
        assert host.stop() == 0
        is_bare(host, bare, number)
    sweep.over()


@pytest.mark.parametrize("what", ["keep", "detach"])
def test_stop(host, what):
    """A stop that dies: kept, packets notice nothing; detached, the next start begins where it was."""
    bare, fresh = first_start(host)
    sweep = Sweep(f"stop ({what})", 4)
    host.on_stop(what)
    host.must_reload()
    programs = [slot["program_id"] for slot in host.chain()["slots"]]
    for number in sweep:
        if not host_killed_at(host, number, lambda: host.kill(signal.SIGTERM)):
            sweep.came_to_its_end()
            if what == "detach":
                is_bare(host, bare, number)
        if what == "keep":
            inject(host.namespace, INTERFACE, 8)
        host.start()
        runs(host, fresh, number)
        if what == "keep":
            assert [slot["program_id"] for slot in host.chain()["slots"]] == programs
    sweep.over()


def test_clean(host):
    """`clean` that dies half-way: another one ends it, or a host takes up what is left."""
    bare, fresh = first_start(host)
    sweep = Sweep("clean", 4)
    for number in sweep:
        host.murder()
        if not run_killed_at(host, number, *clean(host)):
            sweep.came_to_its_end()
            is_bare(host, bare, number)
        elif sweep.points % 2:
            host.namespace.run(*clean(host))
            is_bare(host, bare, number)
        host.start()
        runs(host, fresh, number)
    sweep.over()

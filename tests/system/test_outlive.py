# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""The dataplane outlives the host, however it ends, and the next host takes it over."""
import os

import pytest

from chains import INTERFACE, PEER, chain, classify, slow, stamp, trails
from frames import Injector, inject
from host import Host, built, wait_for
from objects import objects_at_rest, wait_for_objects
from sweep import Sweep, call_killed_at, pins

READS = 100
RESTARTS = 50 if os.environ.get("XSLOT_SWEEP") == "all" else 12


@pytest.fixture
def host(namespace, link, tmp_path):
    """The plain build (a sanitizer may not run under strace), with on_stop = keep."""
    with Host(namespace, tmp_path, build="plain") as h:
        h.on_stop("keep")
        for name in ("slow", "classify"):
            h.plugin(name, "v1")
        yield h
        h.on_stop("detach")
        if h.process.poll() is None:
            h.stop()
        h.count_edits()
        h.start()  # whatever the test left: take it off


def configure(host, version="v1"):
    host.plugin("stamp", version)
    host.write(chain(slow(10, READS, clear=True), stamp(20, 1), stamp(30, 2), classify()))


def programs(host):
    return [(slot["number"], slot["program_id"]) for slot in host.chain()["slots"]]


def restart(host, before):
    """Killed and started: nothing has changed but the counters, which went on. Returns the chain's status."""
    host.murder()
    host.start()
    status = host.status()
    assert status["last_reload"]["result"] == "unchanged"
    now = status["chains"][0]
    assert now["generation"] == before["generation"] and now["bypass"] == before["bypass"]
    assert now["packets"] >= before["packets"] and now["gap_packets"] == 0 and now["bad_verdicts"] == 0
    assert all(new["seen"] >= old["seen"] for new, old in zip(now["slots"], before["slots"]))
    return now


def passed(status):
    """Packets that no slot decided. The last slot drops all, so these are the ones that a bypass let through."""
    return status["packets"] - status["slots"][3]["verdicts"]["drop"]


def test_killed_and_started_under_traffic(host):
    """SIGKILL and start, bypass on in some: no packet is lost, and none passes but by the bypass. XSLOT_SWEEP=all: 50."""
    configure(host)
    host.start()
    before, through = programs(host), 0
    with Injector(host.namespace, INTERFACE, threads=1) as injector:
        host.rest()
        status = host.chain()
        for turn in range(RESTARTS):
            if turn % 5 == 2:
                assert host.call("Bypass", chain="edge", on=True)["changed"]
                status = host.chain()
                seen = status["slots"][0]["seen"]
                status = restart(host, status)
                assert status["slots"][0]["seen"] == seen and status["packets"] > seen
                assert host.call("Bypass", chain="edge", on=False)["changed"]
                host.rest()
                status = host.chain()
                assert passed(status) > through
                through = passed(status)
            else:
                status = restart(host, status)
                assert passed(status) == through, "packets passed that had to be dropped"
        injected = injector.stop()
    status = host.chain()
    print(f"restarts: {RESTARTS} under {injected} packets, {through} of them through a bypass")
    assert programs(host) == before
    assert status["packets"] == injected and passed(status) == through
    assert trails(host) == {"1112": injected - through}
    assert [slot["seen"] for slot in status["slots"]] == [injected - through] * 4


def test_watches_go_on(host):
    """A plugin's timer runs in the next host too."""
    host.plugin("wreck", "v1")
    host.write(chain((10, "wreck")))
    host.start()
    wait_for(lambda: int(host.slot(10)["status"].get("ticks", 0)), "the timer")
    host.murder()
    host.start()
    wait_for(lambda: int(host.slot(10)["status"].get("ticks", 0)), "the timer after a restart")


def test_changed_while_nobody_was_there(host):
    configure(host)
    host.start()
    inject(host.namespace, INTERFACE, 80)
    before = dict(programs(host))
    host.murder()
    host.count_edits()
    inject(host.namespace, INTERFACE, 40)
    configure(host, "v2")
    host.start()
    assert host.status()["last_reload"]["result"] == "ok"
    after = dict(programs(host))
    assert after[10] == before[10] and after[90] == before[90]
    assert after[20] != before[20] and after[30] != before[30]
    inject(host.namespace, INTERFACE, 16)
    assert trails(host) == {"1112": 120, "2122": 16}
    assert host.slot(20)["seen"] == 136
    assert host.chain()["packets"] == 136


def test_keep_then_detach(host):
    configure(host)
    host.start()
    program = host.namespace.xdp_program(INTERFACE)
    assert host.stop() == 0
    assert host.namespace.xdp_program(INTERFACE) == program
    inject(host.namespace, INTERFACE, 24)
    host.start()
    assert trails(host) == {"1112": 24}
    host.on_stop("detach")
    host.must_reload()
    assert host.stop() == 0
    assert host.namespace.xdp_program(INTERFACE) == 0
    assert not pins(host)


def test_refused_start_leaves_what_runs(host):
    configure(host)
    host.start()
    program = host.namespace.xdp_program(INTERFACE)
    before = programs(host)
    host.murder()
    host.count_edits()
    good = host.conf.read_text()
    host.write(good + "nonsense\n")
    done = host.namespace.run(host.program(), "-c", host.ini, check=False)
    assert done.returncode == 78
    assert "test.ini" in done.stderr and "refused" in done.stderr
    assert host.namespace.xdp_program(INTERFACE) == program
    inject(host.namespace, INTERFACE, 8)
    host.write(good)
    host.start()
    assert programs(host) == before
    assert trails(host) == {"1112": 8}


def test_one_host_a_folder(host, peer, tmp_path):
    configure(host)
    host.start()
    done = host.namespace.run(host.program(), "-c", host.ini, check=False)
    assert done.returncode == 78
    assert "another xslotd runs with the state folder" in done.stderr
    elsewhere = tmp_path / "elsewhere.ini"
    elsewhere.write_text(host.ini.read_text().replace(f"{tmp_path}/state", f"{tmp_path}/elsewhere"))
    done = host.namespace.run(host.program(), "-c", elsewhere, check=False)
    assert done.returncode == 78
    assert "another xslotd runs in this network namespace" in done.stderr
    # The same folder from another namespace is another dataplane.
    (tmp_path / "other").mkdir()
    with Host(peer, tmp_path / "other", build="plain") as other:
        other.plugin("count")
        other.write(f"[chain edge]\ninterfaces = {PEER}\n[slot edge.10]\nplugin = count\n")
        other.start()
        assert other.namespace.xdp_program(PEER) != host.namespace.xdp_program(INTERFACE)
        assert other.stop() == 0
    inject(host.namespace, INTERFACE, 8)
    assert trails(host) == {"1112": 8}


def test_clean_without_a_host(host):
    configure(host)
    host.start()
    clean = [built("plain", "xslotctl"), "--socket", host.directory / "nowhere", "--config", host.ini, "clean", "--all"]
    busy = host.namespace.run(*clean, check=False)
    assert busy.returncode == 1 and "a running xslotd uses" in busy.stderr
    host.murder()
    wrong = host.namespace.run(*clean[:-1], "lab", check=False)
    assert wrong.returncode == 1 and 'there is no chain "lab"' in wrong.stderr
    assert host.namespace.xdp_program(INTERFACE) != 0
    done = host.namespace.run(*clean[:-1], "edge")
    assert done.stdout == "1 chain taken off\n"
    assert host.namespace.xdp_program(INTERFACE) == 0
    assert not pins(host)


def test_kill_sweep(host):
    """A reload that changes two slots, cut off at any system call: old or new, and the next host converges."""
    configure(host)
    host.start()
    pinned = pins(host)
    versions, sweep = ("v1", "v2"), Sweep("reload", 12)
    with Injector(host.namespace, INTERFACE, threads=1) as injector:
        with_traffic = objects_at_rest()
        for number in sweep:
            configure(host, versions[sweep.points % 2])
            if call_killed_at(host, number, "Reload", settle=True):
                host.start()
                host.must_reload()  # it may have been undone
            else:
                sweep.came_to_its_end()
            assert host.chain()["gap_packets"] == 0
            wait_for_objects(with_traffic, f"after call {number}")
            assert pins(host) == pinned, f"pins after call {number}"
        injected = injector.stop()
    counted = trails(host)
    sweep.over(counted)
    assert set(counted) <= {"1112", "2122"} and sum(counted.values()) == injected
    assert host.chain()["packets"] == injected

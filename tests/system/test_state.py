# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What reloads do to state: kept to the packet, migrated to the packet, and by a refused reload not touched at all.

ratelimit's buckets: test_ratelimit.py.
"""
import itertools
import json
import subprocess

import pytest

from chains import INTERFACE, chain, classify
from frames import Injector, inject, udp
from host import wait_for

CPUS = 2

SOURCES = {"192.0.2.1": "deny 192.0.2.0/24 udp 2000-2100", "198.51.100.1": "deny 198.51.100.1/32",
           "203.0.113.1": "allow any"}
TROUBLE = (95, "trouble", {"fail": "start"})


def bpftool(*arguments):
    done = subprocess.run(["bpftool", "-j", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def content(info):
    """All of a map; of a large array, which takes a guest minutes to print, a row."""
    if info["type"] == "array" and info["max_entries"] > 256:
        return bpftool("map", "lookup", "id", info["id"], "key", 1, 0, 0, 0)
    return bpftool("map", "dump", "id", info["id"])


def maps(host, number, name=None):
    """{name: (id, content)} of a slot's instance, as the kernel has them."""
    ids = bpftool("prog", "show", "id", host.slot(number)["program_id"])["map_ids"]
    infos = [info for info in bpftool("map") if info["id"] in ids]
    return {info["name"]: (info["id"], content(info)) for info in infos if name in (None, info["name"])}


def carried(host, number):
    return {m["name"]: m["carried"] for m in host.slot(number)["maps"] if m["class"] == "state"}


def rebuild(host, name, old, new):
    """Make the installed plugin another build with another version, as if its source had changed a little."""
    path = host.plugins / f"{name}.so"
    data = path.read_bytes()
    assert data.count(f"{old}\0".encode()) == 1
    path.with_suffix(".new").write_bytes(data.replace(f"{old}\0".encode(), f"{new}\0".encode()))
    path.with_suffix(".new").rename(path)


def hits(host):
    """acl's counters by rule, as the kernel has them: {key: packets of all CPUs}."""
    return {json.dumps(row["key"]): json.dumps(row.get("values", row.get("value"))) for row in maps(host, 10, "hits")["hits"][1]}


@pytest.fixture
def acl(host, tmp_path):
    rules = tmp_path / "acl.rules"
    rules.write_text("\n".join(SOURCES.values()) + "\n")
    host.plugin("acl")
    host.plugin("classify", "v1")
    host.write(chain((10, "acl", {"rules": rules}), classify()))
    host.start()
    return rules


def decided(host):
    """{rule: packets} as acl's status says."""
    status = host.slot(10)["status"]
    return {rule: int(text.split()[0]) for rule, text in status.items() if rule.split()[0] in ("allow", "deny")}


def test_hits_live_through_new_builds(acl, host):
    """Three builds in a row; between and during the reloads, packets. None is forgotten, none counted twice."""
    want = dict.fromkeys(SOURCES.values(), 0)
    for build in (1, 2, 3):
        for n, (source, rule) in enumerate(SOURCES.items(), 1):
            inject(host.namespace, INTERFACE, 64 * n * build, udp(source=source))
            want[rule] += 64 * n * build
        assert decided(host) == want
        before, old = hits(host), host.slot(10)
        rebuild(host, "acl", f"1.0.{build - 1}", f"1.0.{build}")
        assert host.must_reload()["changed"] == [f"edge.10: acl 1.0.{build - 1} -> 1.0.{build}"]
        slot = host.slot(10)
        assert slot["program_id"] != old["program_id"] and slot["version"] == f"1.0.{build}"
        assert carried(host, 10) == {"hits": "kept", "totals": "kept"}
        assert hits(host) == before and decided(host) == want


def test_hits_under_traffic(acl, host):
    """Reloads while packets flow: as many hits as packets."""
    with Injector(host.namespace, INTERFACE, threads=2, frame=udp(source="192.0.2.1")) as injector:
        wait_for(lambda: host.chain()["packets"] > 0, "the first packets")
        for turn in range(3):
            with open(host.plugins / "acl.so", "ab") as file:
                file.write(bytes([turn]))  # in no segment: another build, the same in effect
            host.must_reload()
        injected = injector.stop()
    assert decided(host)[SOURCES["192.0.2.1"]] == injected
    assert host.chain()["gap_packets"] == 0


def test_migrated_under_traffic(host):
    """The state's layout changes there, back and there again: migrate and settle together lose no packet."""
    host.plugin("ledger", "v1")
    host.plugin("classify", "v1")
    host.plugin("slow", "v1")
    host.write(chain((5, "slow", {"reads": 400}), (10, "ledger"), classify()))
    host.start()
    late = 0
    with Injector(host.namespace, INTERFACE, threads=2) as injector:
        wait_for(lambda: host.chain()["packets"] > 0, "the first packets")
        assert carried(host, 10) == {"accounts": "fresh"}
        for turn in range(100):
            host.plugin("ledger", "v1" if turn % 2 else "v2")
            host.must_reload()
            assert carried(host, 10) == {"accounts": "migrated"}
            late += int(host.slot(10)["status"]["late"])
            if turn >= 2 and late:  # on one CPU few come just then
                break
        host.write(chain((5, "slow", {"reads": 400}), (10, "ledger", {"page": 2}), classify()))
        host.must_reload()
        assert carried(host, 10) == {"accounts": "kept"}
        injected = injector.stop()
    assert int(host.slot(10)["status"]["packets"]) == injected
    assert late > 0, "no packet came between migrate and settle: the test showed nothing"
    assert host.chain()["gap_packets"] == 0


def test_every_packet_is_counted_per_cpu(host):
    """Counters per CPU, plain additions: rows of another layout by migrate and settle, a table of another size by the host."""
    for name in ("tally", "classify", "slow"):
        host.plugin(name, "v1")
    sizes = itertools.cycle((20, 8, 300))
    slots = lambda: chain((5, "slow", {"reads": 400}), (10, "tally", {"entries": next(sizes)}), classify())
    host.write(slots())
    host.start()
    late = 0
    with Injector(host.namespace, INTERFACE, threads=2) as injector:
        wait_for(lambda: host.chain()["packets"] > 0, "the first packets")
        for turn in range(60):
            host.plugin("tally", "v1" if turn % 2 else "v2")
            host.write(slots())
            host.must_reload()
            assert carried(host, 10) == {"rows": "migrated", "table": "copied", "both": "kept"}
            late += int(host.slot(10)["status"]["late"])
            if turn >= 2 and late:  # on one CPU few come just then
                break
        host.write(slots())
        host.must_reload()
        assert carried(host, 10) == {"rows": "kept", "table": "copied", "both": "kept"}
        injected = injector.stop()
    status = host.slot(10)["status"]
    assert {status["rows"], status["table"], status["both"]} == {str(injected)}
    assert late > 0, "no packet came between migrate and settle: the test showed nothing"
    # A new host knows the sizes, and carries on from there.
    host.murder()
    host.start()
    assert {host.slot(10)["status"][name] for name in ("rows", "table")} == {str(injected)}
    host.write(slots())
    host.must_reload()
    assert carried(host, 10) == {"rows": "kept", "table": "copied", "both": "kept"}
    assert {host.slot(10)["status"][name] for name in ("rows", "table")} == {str(injected)}


def syns_by_prefix(host):
    """{prefix: SYNs} as synguard counts them, all CPUs together."""
    number = lambda text: bytes(int(byte, 16) for byte in text)
    return {number(row["key"][:4]): sum(int.from_bytes(number(cpu["value"][:8]), "little") for cpu in row["values"])
            for row in maps(host, 10, "counts")["counts"][1]}


def test_a_syn_flood(host):
    """synguard under a flood, whose tables change their size and whose limit changes: each SYN is counted, once."""
    syn = udp("192.0.2.7", protocol=6, payload=bytes(4) + bytes((0x50, 2)) + bytes(34))  # data offset 5, flag SYN
    host.plugin("synguard")
    sizes = itertools.cycle((65536, 100, 1000))
    slots = lambda limit: chain((10, "synguard", {"limit": limit, "window": "1h", "block": "1h", "prefixes": next(sizes)}))
    host.write(slots(10 ** 12))
    host.start()
    with Injector(host.namespace, INTERFACE, threads=2, frame=syn) as injector:
        wait_for(lambda: host.chain()["packets"] > 0, "the first packets")
        for turn in range(6):
            host.write(slots(10 ** 12 + turn if turn < 3 else 5))
            host.must_reload()
            assert carried(host, 10)["counts"] == carried(host, 10)["windows"] == "copied"
            wait_for(lambda seen=host.chain()["packets"]: host.chain()["packets"] > seen, "packets meanwhile")
        injected = injector.stop()
    verdicts, numbers = host.slot(10)["verdicts"], {n["name"]: n["value"] for n in host.slot(10)["numbers"]}
    assert syns_by_prefix(host) == {bytes((192, 0, 2, 0)): injected}
    assert numbers["totals_passed"] + numbers["totals_dropped"] == injected
    assert numbers["totals_dropped"] == verdicts["drop"] > 0 and numbers["totals_blocks"] >= 1
    assert "192.0.2.7: its prefix sends more SYNs than the limit, 5: blocked" in host.log()
    assert host.chain()["gap_packets"] == 0


def test_slots_share_a_map(host):
    """Through reloads of one and of both, another size, a crash, a removal and a return: one map, and each packet in it."""
    want = 0

    def go(*slots, change="both"):
        nonlocal want
        host.write(chain(*((number, "tally", keys) for number, keys in slots), classify()))
        if change:
            host.must_reload()
        inject(host.namespace, INTERFACE, 64)
        want += 64 * len(slots)
        assert [host.slot(number)["status"]["both"] for number, _ in slots] == [str(want)] * len(slots)
        assert len({maps(host, number, "both")["both"][0] for number, _ in slots}) == 1

    host.plugin("tally", "v1")
    host.plugin("classify", "v1")
    host.write(chain((10, "tally"), classify()))
    host.start()
    go((10, {}), (20, {}))  # one that joins
    go((10, {}), (20, {"entries": 9}))  # one is replaced, the other runs on
    host.plugin("tally", "v2")
    go((10, {}), (20, {}))
    host.write(chain((10, "tally"), (20, "tally", {"shared": 5}), classify()))
    code, answer = host.reload()
    (error,) = answer["errors"]
    assert code == 78 and "map both of slot edge.20 and map both of slot edge.10 are shared" in error["message"]
    assert "number of entries" in error["message"]
    go((10, {"shared": 5}), (20, {"shared": 5}))
    assert sorted(carried(host, number)["both"] for number in (10, 20)) == ["copied", "kept"]
    host.murder()
    host.start()
    go((10, {"shared": 5}), (20, {"shared": 5}), change=None)
    go((20, {"shared": 5}))  # the one that made it is gone
    go((5, {"shared": 5}), (20, {"shared": 5}))


def test_fresh_when_asked(host):
    host.plugin("ledger", "v1")
    host.write(chain((10, "ledger")))
    host.start()
    inject(host.namespace, INTERFACE, 64)
    assert host.slot(10)["status"]["packets"] == "64"
    host.plugin("ledger", "v2")
    host.write(chain((10, "ledger", {"state": "fresh"})))
    host.must_reload()
    assert carried(host, 10) == {"accounts": "fresh"} and host.slot(10)["status"]["packets"] == "0"


def test_live(host):
    """Each instance is told when it is live and alone: at first, and when it has replaced another. One that is adopted is not."""
    host.plugin("beacon", "v1")
    host.write(chain((10, "beacon")))
    host.start()
    for lives, version in (("1", "v1"), ("2", "v2"), ("3", "v1")):
        host.plugin("beacon", version)
        host.must_reload()
        assert host.slot(10)["status"]["lives"] == lives
        wait_for(lambda: int(host.slot(10)["status"]["ticks"]) > 1, "the timer that was set there")
    assert carried(host, 10) == {"lives": "kept"}
    host.must_reload()
    host.murder()
    host.start()
    assert host.slot(10)["status"]["lives"] == "3"
    wait_for(lambda: int(host.slot(10)["status"]["ticks"]) > 1, "the timer that was set by resume")
    assert "error" not in host.log()


def test_other_meaning_is_migrated(host):
    """The layout is the same, state_version is not: nothing is carried over by itself."""
    host.plugin("trouble", "v1")
    host.write(chain((10, "trouble")))
    host.start()
    inject(host.namespace, INTERFACE, 128)
    old = maps(host, 10)["seen"]
    host.plugin("trouble", "v2")
    host.must_reload()
    new = maps(host, 10)["seen"]
    assert carried(host, 10) == {"seen": "migrated"} and new[0] != old[0] and new[1] == old[1]
    assert host.slot(10)["status"]["seen"] == "128"


def refuse(host, *slots):
    """A reload to `slots` that fails in the last one's start."""
    host.plugin("trouble", "v1")
    host.write(chain(*slots, TROUBLE))
    code, answer = host.reload()
    assert code == 78 and [error["message"] for error in answer["errors"]] == ["start fails, as asked"]


def test_rollback_leaves_maps(acl, host):
    """All slots are loaded, placed and started, then a later one fails: the running maps are byte for byte the same."""
    host.plugin("ledger", "v1")
    host.write(chain((10, "acl", {"rules": acl}), (20, "ledger"), classify(drop=False)))
    host.must_reload()
    for source in SOURCES:
        inject(host.namespace, INTERFACE, 64, udp(source=source))
    before = {number: maps(host, number) for number in (10, 20, 90)}
    programs = [slot["program_id"] for slot in host.chain()["slots"]]
    acl.write_text("allow 192.0.2.0/24\ndeny any\n")
    host.plugin("ledger", "v2")
    refuse(host, (10, "acl", {"rules": acl}), (20, "ledger"), classify(drop=True))
    assert {number: maps(host, number) for number in (10, 20, 90)} == before
    assert [slot["program_id"] for slot in host.chain()["slots"]] == programs
    inject(host.namespace, INTERFACE, 64, udp(source="192.0.2.1"))
    assert decided(host)[SOURCES["192.0.2.1"]] == 128


def tail_calls_load(host):
    """Extensions that tail-call do not load on 5.10."""
    done = host.ctl("check", host.ini)
    if done.returncode and "jump" in done.stdout:
        release = subprocess.run(["uname", "-r"], capture_output=True, text=True, check=True).stdout
        assert release.startswith("5.10."), done.stdout
        pytest.skip("Linux 5.10 loads no extension that tail-calls")


def test_rollback_leaves_program_arrays_and_tables(host):
    """A running plugin goes on jumping to its own targets, whatever a refused build has filled meanwhile."""
    host.plugin("jump", "v1")
    host.plugin("classify", "v1")
    host.write(chain(classify(10, drop=False), (20, "jump", {"verdict": "drop"})))
    tail_calls_load(host)
    host.start()
    inject(host.namespace, INTERFACE, 64)
    before = maps(host, 20)
    host.plugin("jump", "v2")
    with Injector(host.namespace, INTERFACE, threads=2) as injector:
        for verdict in ("pass", "aborted"):
            refuse(host, classify(10, drop=False), (20, "jump", {"verdict": verdict}))
            assert maps(host, 20) == before
        injected = injector.stop()
    none = dict.fromkeys(("aborted", "pass", "tx", "redirect"), 0)
    assert host.slot(20)["verdicts"] == none | {"drop": 64 + injected}
    host.write(chain(classify(10, drop=False), (20, "jump", {"verdict": "aborted"})))
    host.must_reload()
    inject(host.namespace, INTERFACE, 64)
    assert host.slot(20)["verdicts"] == none | {"drop": 64 + injected, "aborted": 64}

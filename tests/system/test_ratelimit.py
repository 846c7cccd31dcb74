# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""ratelimit in a chain: its buckets and counters live through reloads, to the packet.

Packets are test-run through the dispatcher. A bucket whose time stamp lies in the future is not refilled, so that
what passes is a whole number that no scheduling changes.
"""
import json
import struct
import subprocess
import time

import pytest

NANO = 10**9
SLOT = "[chain edge]\ninterfaces = eth0\n[slot edge.10]\nplugin = count\n[slot edge.20]\nplugin = ratelimit\n"
SOURCE = bytes([192, 0, 2, 1])
FRAME = bytes(12) + b"\x08\x00" + bytes([0x45, *bytes(8), 17, 0, 0]) + SOURCE + bytes(4 + 30)


def bpftool(*arguments):
    done = subprocess.run(["bpftool", "-j", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout or "null")


def as_bytes(data):
    return ["hex", *(f"{byte:02x}" for byte in data)]


class Chain:
    def __init__(self, host, namespace, directory):
        self.host = host
        self.namespace = namespace
        self.frame = directory / "frame"
        self.frame.write_bytes(FRAME)

    def configure(self, parameters):
        self.host.write(SLOT + parameters)

    def run(self, count):
        """`count` packets from SOURCE through what is on eth0."""
        bpftool("prog", "run", "id", self.namespace.xdp_program("eth0"), "data_in", self.frame, "repeat", count)

    def slot(self):
        return self.host.slot(20)

    def map(self, name):
        """A map of the running instance, by the program that uses it."""
        program = bpftool("prog", "show", "id", self.slot()["program_id"])
        maps = [bpftool("map", "show", "id", number) for number in program["map_ids"]]
        return next(m["id"] for m in maps if m["name"] == name)

    def set_credit(self, units, length=32, unit=0):
        key = SOURCE + bytes(12) + bytes([4, length, unit, 0])
        value = struct.pack("QQ", units * NANO, time.monotonic_ns() + 3600 * NANO)
        bpftool("map", "update", "id", self.map("buckets"), "key", *as_bytes(key), "value", *as_bytes(value))

    def totals(self):
        """(passed, dropped) as the plugin's status has it."""
        status = self.slot()["status"]
        return tuple(int(status[key].split()[0]) for key in ("passed", "dropped"))

    def carried(self):
        return {m["name"]: m["carried"] for m in self.slot()["maps"] if m["class"] == "state"}


@pytest.fixture
def chain(host, namespace, tmp_path):
    namespace.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth1")
    host.plugin("count")
    host.plugin("ratelimit")
    chain = Chain(host, namespace, tmp_path)
    chain.configure("rate = 1\nburst = 1000\n")
    host.start()
    return chain


def test_buckets_live_through_a_new_build(chain, host):
    chain.set_credit(500)
    chain.run(100)
    assert chain.totals() == (100, 0)
    for build in (1, 2, 3):
        before = chain.slot()["program_id"]
        with open(host.plugins / "ratelimit.so", "ab") as file:
            file.write(bytes([build]))  # what no section and no segment holds: another build, in effect the same
        host.must_reload()
        assert chain.slot()["program_id"] != before
        assert chain.carried() == {"buckets": "kept", "locks": "kept", "totals": "kept"}
        chain.run(120)
        assert chain.totals() == (100 + 120 * build, 0)
    chain.run(120)
    assert chain.totals() == (500, 80)


def test_a_smaller_burst_caps_what_is_there(chain, host):
    chain.set_credit(500)
    chain.configure("rate = 2k\nburst = 30\n")
    host.must_reload()
    assert set(chain.carried().values()) == {"kept"}
    chain.run(100)
    assert chain.totals() == (30, 70)


def test_another_unit_or_prefix_begins_anew(chain, host):
    chain.set_credit(0)
    chain.run(10)
    assert chain.totals() == (0, 10)
    chain.configure("rate = 1\nburst = 1000\nprefix4 = 24\n")
    host.must_reload()
    chain.run(1)
    assert chain.totals() == (1, 10)
    chain.configure("rate = 1\nburst = 1000\nunit = bytes\n")
    host.must_reload()
    chain.set_credit(3 * len(FRAME) - 1, unit=1)
    chain.run(5)
    assert chain.totals() == (3, 13)
    chain.configure("rate = 1\nburst = 1000\n")
    host.must_reload()
    chain.run(1)
    assert chain.totals() == (3, 14)


def test_fresh_state_is_fresh(chain, host):
    chain.set_credit(0)
    chain.run(10)
    chain.configure("rate = 1\nburst = 40\nstate = fresh\n")
    host.must_reload()
    assert set(chain.carried().values()) == {"fresh"}
    chain.run(40)
    assert chain.totals() == (40, 0)


def test_a_refused_reload_spends_nothing(chain, host):
    chain.set_credit(50)
    chain.run(20)
    chain.configure("rate = 0\n")
    code, answer = host.reload()
    assert code == 78
    assert [(e["line"], "rate" in e["message"]) for e in answer["errors"]] == [(7, True)]
    chain.run(100)
    assert chain.totals() == (50, 70)


def test_status_of_count(chain, host):
    chain.set_credit(5)
    chain.run(25)
    assert host.slot(10)["status"] == {"udp": f"25 packets, {25 * len(FRAME)} bytes"}
    assert chain.slot()["status"]["sources"] == "1 of 65536"
    slot = chain.slot()
    assert (slot["seen"], slot["proceeded"], slot["verdicts"]["drop"]) == (25, 5, 20)

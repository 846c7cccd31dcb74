# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Hundreds of reloads under full traffic, behind a plugin that keeps packets on their way: nothing is lost."""
from chains import INTERFACE, chain, classify, slow, stamp, trails, verdicts
from frames import Injector
from host import Host, wait_for

CPUS = 2

RELOADS = 500
READS = 1000  # what a packet spends in front, so that each swap finds one on its way


def storm(host, reloads, enough=lambda chain_status: False, reads=READS, holds=1):
    """Returns (packets injected, the chain's status after them). `holds` plugins hold each packet up."""
    front = [slow(number, reads, clear=number == 1) for number in range(1, holds + 1)]

    def swap(number):
        """Another build of stamp (two slots), and another parameter in one of them."""
        host.plugin("stamp", "v1" if number % 2 else "v2")
        host.write(chain(*front, stamp(20, 1), stamp(30, 2 + number % 3), classify()))
        return host.must_reload()

    for name, version in (("slow", "v1"), ("classify", "v1"), ("stamp", "v1")):
        host.plugin(name, version)
    host.write(chain(*front, stamp(20, 1), stamp(30, 2), classify()))
    host.start()
    # One CPU runs nothing but packets, at full rate; the host has the other. Two would only starve it.
    with Injector(host.namespace, INTERFACE, threads=1) as injector:
        wait_for(lambda: host.chain()["packets"] > 0, "the first packets")
        for number in range(reloads):
            print(f"reload {number}: {swap(number)['duration_us']} us")
            if number % 20 == 19 and enough(host.chain()):
                break
        wait_for(lambda: host.chain()["packets"] > number, "packets enough for the test to mean anything")
        injected = injector.stop()
    return injected, host.chain()


def test_storm(namespace, link, tmp_path):
    with Host(namespace, tmp_path, build="plain") as host:
        check_storm(host)


def check_storm(host):
    injected, status = storm(host, RELOADS)
    print(f"storm: {RELOADS} reloads under {injected} packets, {status['gap_packets']} met a stub")
    assert status["gap_packets"] == 0
    assert status["bad_verdicts"] == 0
    assert status["generation"] > RELOADS
    assert status["packets"] == injected
    assert verdicts(status) == injected
    assert [slot["seen"] for slot in status["slots"]] == [injected] * 4
    assert sum(trails(host).values()) == injected
    assert host.status()["host"]["failed_reloads"] == 0

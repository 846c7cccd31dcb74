# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""A packet meets the old configuration or the new one: its trail, which every stamp on its way adds to, tells."""
import pytest

from chains import INTERFACE, PEER, chain, classify, slow, stamp, trails
from frames import Injector, Receiver, Sender
from host import wait_for

CPUS = 2

READS = 400
TURNS = 24


def around(*stamps):
    """A chain of these stamps with slow ones in front and between, so that a swap finds packets everywhere."""
    return chain(slow(10, READS, clear=True), stamps[0], slow(25, READS), *stamps[1:], classify())


# What one reload changes, from and to; each with the one trail that its packets may carry.
CHANGES = {
    "new build": (("v1", [stamp(20, 1), stamp(30, 2)], "1112"), ("v2", [stamp(20, 1), stamp(30, 2)], "2122")),
    "parameters": (("v1", [stamp(20, 1), stamp(30, 2)], "1112"), ("v1", [stamp(20, 3), stamp(30, 4)], "1314")),
    "reorder": (("v1", [stamp(20, 1), stamp(30, 2)], "1112"), ("v1", [stamp(20, 2), stamp(30, 1)], "1211")),
    "move": (("v1", [stamp(20, 1), stamp(30, 2)], "1112"), ("v1", [stamp(30, 2), stamp(40, 1)], "1211")),
    "insert in front": (("v1", [stamp(20, 1), stamp(30, 2)], "1112"),
                        ("v1", [stamp(15, 3), stamp(20, 1), stamp(30, 2)], "131112")),
    "remove from the middle": (("v1", [stamp(20, 1), stamp(30, 3), stamp(40, 2)], "111312"),
                               ("v1", [stamp(20, 1), stamp(40, 2)], "1112")),
    "all at once": (("v1", [stamp(20, 1), stamp(30, 3), stamp(40, 2)], "111312"),
                    ("v2", [stamp(15, 2), stamp(40, 1)], "2221")),
}


def prepare(host, state):
    version, stamps, _ = state
    host.plugin("stamp", version)
    host.write(around(*stamps))


def meet_packets(host):
    """Some at least meet the configuration that runs."""
    packets = host.chain()["packets"]
    wait_for(lambda: host.chain()["packets"] > packets, "packets with this configuration")


def toggle(host, states, turns=TURNS, enough=lambda: False):
    """Reload from one state to the other under live frames; returns what `classify` counted."""
    for name in ("slow", "classify"):
        host.plugin(name, "v1")
    prepare(host, states[0])
    host.start()
    with Injector(host.namespace, INTERFACE, threads=1) as injector:
        for turn in range(1, turns + 1):
            if turn <= 2:
                meet_packets(host)
            prepare(host, states[turn % 2])
            print(f"turn {turn}: {host.must_reload()['duration_us']} us")
            if turn % 10 == 0 and enough():
                break
        injected = injector.stop()
    counted = trails(host)
    print(f"trails: {counted}")
    assert sum(counted.values()) == injected
    return counted


@pytest.mark.parametrize("change", CHANGES)
def test_old_or_new_never_both(host, change):
    states = CHANGES[change]
    counted = toggle(host, states)
    assert set(counted) == {trail for _, _, trail in states}
    assert host.chain()["gap_packets"] == 0


def test_real_frames(host, peer):
    """The same as a neighbour sees it: every frame that is sent arrives, with one of the two trails."""
    states = CHANGES["new build"]
    host.plugin("slow", "v1")
    host.plugin("classify", "v1")

    def configure(state):
        version, stamps, _ = state
        host.plugin("stamp", version)
        host.write(chain(slow(10, READS, clear=True), *stamps, classify(drop=False)))

    configure(states[0])
    host.start()
    with Receiver(host.namespace, INTERFACE) as receiver, Sender(peer, PEER, rate=200) as sender:
        for turn in range(1, 11):
            if turn <= 2:
                meet_packets(host)
            configure(states[turn % 2])
            host.must_reload()
        sent = sender.stop()
        wait_for(lambda: sum(trails(host).values()) == sent, "the last frames")
        received = receiver.stop(sent)
    assert set(received) == {trail for _, _, trail in states}
    assert sum(received.values()) == sent

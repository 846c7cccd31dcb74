# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""acl before a real receiver: whatever the kernel behind it hands to a socket, acl's rules allow.

Packets of lies.py go to a live chain. Raw sockets are the receivers: they get all that the stack makes of its packets,
put together and found to be theirs, before a transport protocol looks at them. The same packets without the chain show
that the lies work: then plenty of what the rules deny is received.

XSLOT_LIES=N  so many cases for each set of rules, not 1,200; XSLOT_TEST_SEED=N others.
"""
import contextlib
import ctypes
import os
import platform
import random
import select
import socket
import struct
import threading

import pytest

from chains import INTERFACE, PEER, chain
from host import PATIENCE, Host, wait_for
from lies import HIDDEN, SHOWN, TCP, UDP, Liar

CASES = int(os.environ.get("XSLOT_LIES", 1200))
SEED = int(os.environ.get("XSLOT_TEST_SEED", 1))
BATCH = 100
BULK = 2 << 20  # bytes
PROTOCOLS = (TCP, UDP, 132, 136)
MARK = 1000  # a source port that no case has

LISTED = "deny any udp 22\ndeny any tcp 22\n"
TRUSTED = ("allow any icmp6\nallow any udp 53\nallow any tcp 53\n"
           "allow 10.1.0.0/16 udp\nallow 2001:db8:1::/48\n")


def allows_listed(_, protocol, dport):
    return not (protocol in (TCP, UDP) and dport == HIDDEN)


def allows_trusted(source, protocol, dport):
    return source.startswith("2001:db8:1:") or (source.startswith("10.1.") and protocol == UDP) or \
        (protocol in (TCP, UDP) and dport == SHOWN)


def passes_in_fragments(case, allows):
    """Only where all that a later fragment could belong to is allowed."""
    if allows is allows_trusted:
        return case.source.startswith("2001:db8:1:") or (case.source.startswith("10.1.") and case.protocol == UDP)
    return not case.ipv6 and case.protocol not in (TCP, UDP)


@contextlib.contextmanager
def inside(namespace):
    """Sockets that are made here are the namespace's, wherever they are used."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", "rb") as own, open(namespace.path(), "rb") as other:
        assert libc.setns(other.fileno(), 0x40000000) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            assert libc.setns(own.fileno(), 0x40000000) == 0, os.strerror(ctypes.get_errno())


class Wire:
    """What is sent from the neighbour's end, and what sockets behind the chain receive of it."""

    def __init__(self, namespace, peer):
        self.receivers = []
        with inside(namespace):
            for family in (socket.AF_INET, socket.AF_INET6):
                for protocol in PROTOCOLS:
                    receiver = socket.socket(family, socket.SOCK_RAW, protocol)
                    receiver.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)  # SO_RCVBUFFORCE
                    self.receivers.append(receiver)
        with inside(peer):
            self.sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.sender.bind((PEER, 0))

    def close(self):
        for each in (*self.receivers, self.sender):
            each.close()

    def received(self):
        """All there is now: [(source, protocol, sport, dport)]."""
        found = []
        while ready := select.select(self.receivers, [], [], 0)[0]:
            for receiver in ready:
                data, address = receiver.recvfrom(65536)
                if receiver.family == socket.AF_INET:
                    data = data[(data[0] & 15) * 4:]
                if len(data) >= 4:
                    found.append((address[0], receiver.proto, *struct.unpack("!HH", data[:4])))
        return found

    def exchange(self, frames, mark):
        """Send them, then a mark that passes; all that was received until it came."""
        for frame in frames:
            self.sender.send(frame)
        self.sender.send(mark)
        found = []

        def marked():
            found.extend(self.received())
            return any(sport == MARK for _, _, sport, _ in found)

        wait_for(marked, "the mark behind a batch of frames")
        return [each for each in found if each[2] != MARK]


@pytest.fixture
def host(namespace, peer, link, tmp_path):
    """A receiver with addresses of both families; it answers nobody, and routes everywhere."""
    for key in (f"net.ipv6.conf.{INTERFACE}.disable_ipv6=0", f"net.ipv6.conf.{INTERFACE}.accept_dad=0", "net.ipv4.conf.all.rp_filter=0",
                f"net.ipv4.conf.{INTERFACE}.rp_filter=0"):
        namespace.run("sysctl", "-qw", key)
    namespace.address(INTERFACE, "10.0.0.2/8")
    namespace.address(INTERFACE, "2001:db8::2/32")
    with Host(namespace, tmp_path, build="plain") as h:
        h.plugin("acl")
        yield h


def configure(host, rules, policy, **keys):
    path = host.directory / "acl.rules"
    path.write_text(rules)
    host.write(chain((10, "acl", {"rules": path, "policy": policy}), **keys))


def mark_frame(liar):
    """An honest datagram to a port that all rules allow."""
    case = liar.case(MARK)
    case.protocol, case.dport, case.fragments, case.ipv6, case.source = UDP, SHOWN, False, False, "10.1.3.3"
    return liar.four(case)[0].frame(liar.mac)


def deceive(wire, liar, sports):
    """Cases, and what came of them."""
    cases, found, mark = {}, [], mark_frame(liar)
    for begin in range(0, len(sports), BATCH):
        batch = {sport: liar.case(sport) for sport in sports[begin:begin + BATCH]}
        found += wire.exchange([frame for case in batch.values() for frame in case.frames], mark)
        cases |= batch
    return cases, found


def tell(cases, wrong):
    lines = []
    for source, protocol, sport, dport in wrong[:10]:
        lines.append(f"received from {source}, protocol {protocol}, port {sport} to {dport}:")
        lines += [f"  {frame.hex()}" for frame in cases[sport].frames] if sport in cases else ["  no case has that port"]
    return "\n".join(lines)


@pytest.mark.parametrize("rules, policy, allows, mode", [(LISTED, "allow", allows_listed, "native"),
                                                         (TRUSTED, "deny", allows_trusted, "generic")], ids=["listed", "trusted"])
def test_what_is_received_is_allowed(host, namespace, peer, rules, policy, allows, mode):
    configure(host, rules, policy, mode=mode)
    host.start()
    mac = bytes.fromhex(namespace.link(INTERFACE)["address"].replace(":", ""))
    wire, liar = Wire(namespace, peer), Liar(random.Random(SEED), mac)
    print(f"XSLOT_TEST_SEED={SEED}")
    with contextlib.closing(wire):
        cases, found = deceive(wire, liar, range(2000, 2000 + CASES))
        wrong = [each for each in found if not allows(each[0], each[1], each[3])]
        assert not wrong, f"{len(wrong)} packets that the rules deny:\n{tell(cases, wrong)}"
        honest = [case for case in cases.values() if case.honest and allows(case.source, case.protocol, case.dport) and
                  (not case.fragments or passes_in_fragments(case, allows))]
        there = {(sport, dport) for _, _, sport, dport in found}
        missing = [(case.source, case.protocol, case.sport, case.dport) for case in honest if (case.sport, case.dport) not in there]
        assert len(honest) > CASES / 20 and any(case.fragments for case in honest)
        assert not missing, f"{len(missing)} of {len(honest)} honest cases did not arrive:\n{tell(cases, missing)}"
        host.call("Bypass", chain="edge", on=True)
        _, open_wide = deceive(wire, liar, range(2000, 2000 + CASES // 3))
        slipped = [each for each in open_wide if not allows(each[0], each[1], each[3])]
        print(f"{len(cases)} cases, {len(found)} packets received; without the chain {len(slipped)} that the rules deny, of {CASES // 3} cases")
        assert len(slipped) > CASES / 30


@pytest.mark.parametrize("keys", [{"mode": "native", "frags": "yes"}, {"mode": "generic"}], ids=["native", "generic"])
def test_bulk_passes(host, namespace, peer, keys):
    """TCP in the sizes that the sender's kernel makes: in several buffers, or put together, and longer than any frame."""
    if "frags" in keys and tuple(map(int, platform.release().split(".")[:2])) < (5, 18):
        pytest.skip("needs Linux 5.18")
    configure(host, "allow any tcp 53\n", "deny", **keys)
    host.start()
    peer.address(PEER, "10.0.0.1/8")
    if "frags" in keys:  # the sender's kernel cuts for a native program what it would not for a generic one
        namespace.run("ip", "link", "set", INTERFACE, "mtu", 9000)
        peer.run("ip", "link", "set", PEER, "mtu", 9000)
    with inside(namespace):
        server = socket.create_server(("10.0.0.2", SHOWN))
    with inside(peer):
        client = socket.create_connection(("10.0.0.2", SHOWN), timeout=PATIENCE)
    with contextlib.closing(server), contextlib.closing(client):
        receiver, _ = server.accept()
        sending = threading.Thread(target=lambda: (client.sendall(bytes(BULK)), client.shutdown(socket.SHUT_WR)))
        sending.start()
        with contextlib.closing(receiver):
            receiver.settimeout(PATIENCE)
            size = sum(len(part) for part in iter(lambda: receiver.recv(1 << 20), b""))
        sending.join()
    status = host.slot(10)["status"]
    packets = int(status["allow any tcp 53"].split()[0])
    print(f"{BULK} bytes in {packets} packets")
    assert size == BULK and status["dropped as unknown"] == "0"
    assert packets < BULK / 3000, "larger than a frame"

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Packets, some whole and some in fragments, in which any length and any protocol may be a lie.

A case is a few frames with one source port, by which what a socket receives is known again. Lies are told in copies of
honest frames; some shapes are attacks on purpose: a header that stands behind the packet's end, a fragment that says
to be of another protocol, fragments in fragments, over one another, or that leave the ports to the next one.
"""
import ipaddress
import struct
from dataclasses import dataclass, field

HOP, TCP, UDP, ROUTING, FRAGMENT, AH, NONE, OPTIONS = 0, 6, 17, 43, 44, 51, 59, 60
SHOWN, HIDDEN = 53, 22  # ports: one that rules allow, one that they deny
TARGET4, TARGET6 = ipaddress.ip_address("10.0.0.2").packed, ipaddress.ip_address("2001:db8::2").packed


@dataclass
class Case:
    sport: int
    ipv6: bool
    source: str
    protocol: int
    dport: int
    honest: bool
    fragments: bool
    frames: list = field(default_factory=list)


@dataclass
class Packet:
    """An IP packet whose lengths are not yet filled in: header, what follows, and what is behind its end."""
    head: bytearray
    body: bytearray
    behind: bytes = b""
    length: int = None  # what it says, when that is a lie
    tags: int = 0

    def frame(self, mac):
        ipv6 = self.head[0] >> 4 != 4 and len(self.head) == 40
        if ipv6:
            struct.pack_into("!H", self.head, 4, (len(self.body) if self.length is None else self.length) & 0xFFFF)
        else:
            struct.pack_into("!H", self.head, 2, (len(self.head) + len(self.body) if self.length is None else self.length) & 0xFFFF)
            struct.pack_into("!H", self.head, 10, 0)
            struct.pack_into("!H", self.head, 10, checksum(self.head))
        return mac + b"\x02\0\0\0\0\x01" + b"\x81\0\0\0" * self.tags + (b"\x86\xdd" if ipv6 else b"\x08\0") + self.head + self.body + self.behind


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[:len(data) // 2 * 2]))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def transport(case, dport, payload=24):
    """A header and some payload, with no checksum: raw sockets do not ask for one."""
    if case.protocol == TCP:
        return struct.pack("!HHIIBBHHH", case.sport, dport, 1, 0, 5 << 4, 2, 8192, 0, 0) + bytes(payload)
    if case.protocol == UDP:
        return struct.pack("!HHHH", case.sport, dport, 8 + payload, 0) + bytes(payload)
    return struct.pack("!HHII", case.sport, dport, 0, 0) + bytes(payload)


def header(kind, following, units=1):
    """An extension header that Linux takes: an option that may be skipped, a routing header that is at its end."""
    if kind in (HOP, OPTIONS):
        return bytes([following, units - 1, 0x1E, units * 8 - 4]) + bytes(units * 8 - 4)
    return bytes([following, units - 1]) + bytes(units * 8 - 2)


def chain(kinds, protocol, rng):
    """Extension headers of these kinds, and the number of the first."""
    numbers = [*kinds, protocol]
    return numbers[0], b"".join(header(kind, numbers[i + 1], rng.choice((1, 1, 2, 3))) for i, kind in enumerate(kinds))


def fragment(following, offset, more, ident):
    return struct.pack("!BBHI", following, 0, offset | more, ident)


class Liar:
    def __init__(self, rng, mac):
        self.rng = rng
        self.mac = mac
        self.ident = rng.getrandbits(31)

    def case(self, sport):
        rng = self.rng
        ipv6 = rng.random() < 0.65
        net = rng.choice((0, 0, 1))  # rules trust the second one
        source = f"2001:db8:{net}::{sport:x}" if ipv6 else f"10.{net}.{sport >> 8}.{sport & 255}"
        case = Case(sport, ipv6, source, rng.choice((UDP, UDP, TCP, TCP, 132, 136)), rng.choice((HIDDEN, HIDDEN, SHOWN)),
                    rng.random() < 0.25, rng.random() < 0.5)
        packets = (self.six if ipv6 else self.four)(case)
        if not case.honest:
            attack = rng.random() < 0.5 and case.fragments
            packets = (self.attack6 if ipv6 else self.attack4)(case) if attack else packets
            for _ in range(rng.choice((0, 1, 1, 2)) if attack else rng.choice((1, 1, 2, 3))):
                self.lie(rng.choice(packets))
            if rng.random() < 0.1:
                rng.shuffle(packets)
        for packet in packets:
            packet.tags = rng.choice((0, 0, 0, 0, 1, 2)) if not case.honest else 0
        case.frames = [packet.frame(self.mac) for packet in packets]
        return case

    def head4(self, case, protocol, frag, options=0):
        self.ident += 1
        return bytearray(struct.pack("!BBHHHBBH4s4s", 0x45 + options, 0, 0, case.sport, frag, 64, protocol, 0,
                                     ipaddress.ip_address(case.source).packed, TARGET4) + b"\x01" * options * 4)

    def head6(self, case, following):
        return bytearray(struct.pack("!IHBB16s16s", 6 << 28, 0, following, 64, ipaddress.ip_address(case.source).packed, TARGET6))

    def four(self, case):
        """Honest packets: one, or as many fragments as there are cuts."""
        rng, body = self.rng, transport(case, case.dport)
        options = rng.choice((0, 0, 0, 1, 3))
        if not case.fragments:
            return [Packet(self.head4(case, case.protocol, rng.choice((0, 0x4000)), options), bytearray(body))]
        return [Packet(self.head4(case, case.protocol, begin // 8 | (0x2000 if end < len(body) else 0), options if begin == 0 else 0),
                       bytearray(body[begin:end])) for begin, end in self.cuts(len(body), 24)]

    def six(self, case):
        rng = self.rng
        outside = [HOP] * (rng.random() < 0.3) + [kind for kind in (OPTIONS, ROUTING) if rng.random() < 0.2]
        inside = [OPTIONS] * (rng.random() < 0.2)
        first, within = chain(inside, case.protocol, rng)
        body = within + transport(case, case.dport)
        if not case.fragments:
            atomic = rng.random() < 0.15
            if atomic:
                self.ident += 1
                body, first = fragment(first, 0, 0, self.ident) + body, FRAGMENT
            number, before = chain(outside, first, rng)
            return [Packet(self.head6(case, number), bytearray(before + body))]
        number, before = chain(outside, FRAGMENT, rng)
        self.ident += 1
        return [Packet(self.head6(case, number), bytearray(before + fragment(first, begin, int(end < len(body)), self.ident) + body[begin:end]))
                for begin, end in self.cuts(len(body), len(within) + 24)]

    def cuts(self, size, least):
        """Where it is cut: the first piece has `least` bytes of it."""
        at = [0, *sorted(self.rng.sample(range((least + 7) // 8 * 8, size, 8), k=1)), size]
        return list(zip(at, at[1:]))

    def attack6(self, case):
        """What the receiver puts together goes to HIDDEN; the first fragment shows nothing, or SHOWN."""
        rng = self.rng
        self.ident += 1
        case.dport = HIDDEN
        units, claim = rng.choice((1, 1, 2)), rng.choice((58, UDP, TCP, OPTIONS, NONE, case.protocol, 255))
        before, inner = header(OPTIONS, OPTIONS, units), header(OPTIONS, case.protocol, rng.choice((1, 1, 2)))
        truth = inner + transport(case, HIDDEN)
        first = fragment(OPTIONS, 0, 1, self.ident) + before
        rest = fragment(claim, units * 8, 0, self.ident)
        shown = inner + transport(case, SHOWN)
        kind = rng.randrange(6)
        if kind <= 1:  # behind the packet's end stands what is not there
            return [Packet(self.head6(case, FRAGMENT), bytearray(first), shown), Packet(self.head6(case, FRAGMENT), bytearray(rest + truth))]
        if kind == 2:  # ports in the next fragment
            whole = inner + transport(case, HIDDEN)
            cut = rng.choice(range(8, len(inner) + 17, 8))
            return [Packet(self.head6(case, FRAGMENT), bytearray(fragment(OPTIONS, 0, 1, self.ident) + whole[:cut]), shown[cut:]),
                    Packet(self.head6(case, FRAGMENT), bytearray(fragment(claim, cut, 0, self.ident) + whole[cut:]))]
        if kind == 3:  # one fragment in another
            nested = fragment(case.protocol, 0, rng.randrange(2), self.ident + 1) + transport(case, HIDDEN)
            return [Packet(self.head6(case, FRAGMENT), bytearray(fragment(FRAGMENT, 0, 1, self.ident) + nested[:8]), transport(case, SHOWN)),
                    Packet(self.head6(case, FRAGMENT), bytearray(fragment(claim, 8, 0, self.ident) + nested[8:]))]
        if kind == 4:  # over one another, the truth last or first
            both = [Packet(self.head6(case, FRAGMENT), bytearray(fragment(case.protocol, 0, 1, self.ident) + transport(case, port)[:16]))
                    for port in (SHOWN, HIDDEN)]
            return both[::rng.choice((1, -1))] + [Packet(self.head6(case, FRAGMENT), bytearray(fragment(claim, 16, 0, self.ident) + transport(case, SHOWN)[16:]))]
        # a length of 0, which Linux takes for the frame's where hop-by-hop options follow
        return [Packet(self.head6(case, HOP), bytearray(header(HOP, case.protocol, units) + transport(case, HIDDEN)), length=0)]

    def attack4(self, case):
        rng = self.rng
        case.dport = HIDDEN
        truth, shown, kind = transport(case, HIDDEN), transport(case, SHOWN), rng.randrange(4)
        more = 0x2000
        if kind == 0:  # behind the packet's end
            return [Packet(self.head4(case, case.protocol, more), bytearray(truth[:0]), shown), Packet(self.head4(case, case.protocol, 0), bytearray(truth))]
        if kind == 1:  # under another protocol's name
            return [Packet(self.head4(case, case.protocol, more), bytearray(truth[:8])), Packet(self.head4(case, rng.choice((1, UDP, TCP)), 1), bytearray(truth[8:]))]
        if kind == 2:  # over one another
            return [Packet(self.head4(case, case.protocol, more), bytearray(shown[:24])), Packet(self.head4(case, case.protocol, more), bytearray(truth[:24])),
                    Packet(self.head4(case, case.protocol, rng.choice((1, 2, 3))), bytearray(truth[8:]))]
        # options that hold the ports shown, behind a header that says to have none
        return [Packet(self.head4(case, case.protocol, 0, 2), bytearray(truth)), Packet(self.head4(case, case.protocol, more), bytearray(shown[:16]))]

    def lie(self, packet):
        """One of the lengths, protocols and offsets says something else; or the frame ends elsewhere."""
        rng, ipv6 = self.rng, len(packet.head) == 40
        honest = len(packet.body) + (0 if ipv6 else len(packet.head))
        kind = rng.randrange(6)
        if kind == 0:
            packet.length = max(0, rng.choice((honest + rng.randrange(-32, 33), rng.randrange(65536), 0, 8, 16, 24)))
        elif kind == 1:
            at = 6 if ipv6 else 9
            packet.head[at] = rng.choice((HOP, TCP, UDP, 58, 1, ROUTING, FRAGMENT, AH, OPTIONS, NONE, rng.randrange(256)))
        elif kind == 2 and not ipv6:
            at = rng.choice((0, 6, 7))
            packet.head[at] = rng.choice((0x44, 0x45, 0x46, 0x4F)) if at == 0 else rng.choice((0, 1, 2, 0x20, 0x40, 0x80))
        elif kind <= 4 and packet.body:
            at = rng.randrange(min(len(packet.body), 56))
            packet.body[at] = rng.choice((packet.body[at] ^ 1 << rng.randrange(8), 0, 1, 2, 0xFF, UDP, FRAGMENT, OPTIONS, rng.randrange(256)))
        elif rng.randrange(2):
            packet.behind = bytes(packet.body[-rng.randrange(1, 40):])
        else:
            packet.length = honest
            del packet.body[rng.randrange(len(packet.body) + 1):]

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Frames, and the tool that sends, injects and counts them (traffic.c)."""
import contextlib
import ipaddress
import signal
import struct
import subprocess
import threading

from host import PATIENCE, built

BATCH = 8  # live frames come in multiples of this
TRAIL_OFFSET = 44  # plugins/trail.h


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(source="192.0.2.1", target="192.0.2.2", sport=1000, dport=2000, payload=bytes(40), protocol=17):
    """An Ethernet frame to everyone with an IPv4 and a UDP header (or only its ports, for another protocol)."""
    body = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0,
                       ipaddress.IPv4Address(source).packed, ipaddress.IPv4Address(target).packed)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return b"\xff" * 6 + b"\x02\0\0\0\0\x01" + b"\x08\0" + head + body


class Traffic:
    """A running `traffic`; `stop()` returns its last lines."""

    def __init__(self, namespace, *arguments):
        self.begin(namespace, "traffic", *arguments)
        self.ready()

    def begin(self, namespace, tool, *arguments):
        argv = [built("plain", tool), *map(str, arguments)]
        self.process = namespace.start(*argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ready(self):
        """From when on it may be stopped."""
        assert self.process.stdout.readline() == "ready\n", f"it ended with status {self.process.wait(PATIENCE)}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def wait(self):
        limit = threading.Timer(PATIENCE * 5, self.process.kill)
        limit.start()
        out = self.process.stdout.read()
        limit.cancel()
        assert self.process.wait() == 0, f"traffic failed: {out}"
        return out.split("\n")

    def stop_after(self, count):
        """Stop it once it has had `count` of what it counts: what is on its way now may still be, a while."""
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
            return self.wait()
        return Traffic.stop(self)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.wait()


class Injector(Traffic):
    """Live frames into the XDP program on `device`, from `threads` threads."""

    def __init__(self, namespace, device, threads=2, packets=0, frame=None):
        super().__init__(namespace, "inject", namespace.xdp_program(device), namespace.ifindex(device), threads, packets,
                         (frame or udp()).hex())

    def stop(self):
        """How many packets it injected."""
        return int(super().stop()[0].split()[1])


def inject(namespace, device, packets, frame=None):
    """Exactly `packets` packets, a multiple of BATCH, from one thread."""
    with Injector(namespace, device, 1, packets, frame) as injector:
        assert injector.wait()[0] == f"injected {packets}"


class Sender(Traffic):
    def __init__(self, namespace, device, packets=0, rate=1000, frame=None):
        super().__init__(namespace, "send", device, packets, rate, (frame or udp()).hex())

    def stop(self):
        """How many frames it sent."""
        return int(super().stop()[0].split()[1])


class Receiver(Traffic):
    def __init__(self, namespace, device, offset=TRAIL_OFFSET):
        super().__init__(namespace, "receive", device, offset)

    def stop(self, count=0):
        """{the four bytes in hex: frames}, when there have been `count`, or not for a long time."""
        lines = self.stop_after(count) if count else super().stop()
        return {line.split()[1]: int(line.split()[2]) for line in lines if line}

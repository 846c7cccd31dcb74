# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""A host that runs one foreign object after the other, and the packets that show what it does."""
import json
import os
import re
import subprocess
from pathlib import Path

from chains import INTERFACE, PEER
from frames import Receiver, Sender, Traffic, udp
from host import Host, built, wait_for
from netns import Namespace

PACKETS = 16
OUT, FAR = "y0", "y1"  # a second pair, for packets that leave by another interface


def kernel():
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int(minor.split("-")[0])


def shape(name):
    return built("plain", f"shape-{name}.o")


class Consumer(Traffic):
    """The user's end of a map (consume.c); `wait()`, where it knows how much is to come, or `stop()` says how much came."""

    def __init__(self, namespace, *arguments):  # pylint: disable=super-init-not-called
        self.begin(namespace, "consume", *arguments)
        self.ready()

    def wait(self):
        return int(super().wait()[0].split()[1])


class Rig:
    """x0 - x1 and y0 - y1: a host on x0, its neighbour at the other ends. Slot edge.10 is the one under test."""

    def __init__(self, directory):
        self.here, self.peer = Namespace(), Namespace()
        self.here.veth(INTERFACE, self.peer, PEER)
        self.here.veth(OUT, self.peer, FAR)
        self.host = Host(self.here, directory)
        self.host.keep = "sys_admin"  # functions of modules are looked up by id
        for plugin in ("object", "count"):
            self.host.plugin(plugin)

    def __enter__(self):
        self.host.__enter__()
        self.host.write(self.chain(shape("rewrite")))
        self.host.start()
        return self

    def __exit__(self, *reason):
        try:
            self.host.__exit__(*reason)
        finally:
            self.peer.__exit__()
            self.here.__exit__()

    @staticmethod
    def chain(file, chain="", more="", interfaces=INTERFACE, **keys):
        lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
        return (f"[chain edge]\ninterfaces = {interfaces}\n{chain}\n"
                f"[slot edge.10]\nplugin = object\nobject = {file}\n{lines}\n{more}")

    def run(self, file, **how):
        """Put the object into the slot."""
        self.host.write(self.chain(file, **how))
        self.host.must_reload(allow_bare=True)  # some move the chain to another interface

    def refused(self, file, **how):
        """The sentence with which the object is refused; what ran before goes on."""
        self.host.rest()
        before = self.host.slot(10)["program_id"], self.host.chain()["generation"]
        self.host.write(self.chain(file, **how))
        answer = self.host.call("Reload")
        assert len(answer["errors"]) == 1, answer
        assert (self.host.slot(10)["program_id"], self.host.chain()["generation"]) == before
        return answer["errors"][0]["message"]

    def counts(self):
        slot = self.host.slot(10)
        return {"next": slot["proceeded"], **slot["verdicts"]}

    def send(self, frame=None, packets=PACKETS):
        """What became of the packets: {verdict: packets}, "next" for those that went on to the next slot."""
        before, total = self.counts(), self.host.chain()["packets"]
        with Sender(self.peer, PEER, packets, 2000, frame or udp()) as sender:
            sender.wait()
        wait_for(lambda: self.host.chain()["packets"] == total + packets, f"{packets} packets")
        after = self.counts()
        return {verdict: after[verdict] - before[verdict] for verdict in after if after[verdict] != before[verdict]}

    def send_through(self, frame=None, device=INTERFACE, offset=44):
        """The same, and what arrived behind the chain (or at `device` of the peer): {four bytes in hex: packets}."""
        place = self.here if device == INTERFACE else self.peer
        with Receiver(place, device, offset) as receiver:
            verdicts = self.send(frame)
            return verdicts, receiver.stop(PACKETS)

    def pin(self, name, kind="maps"):
        """Where users find a map of the slot, or one of its programs."""
        root = re.search(r"^bpffs = (.*)$", self.host.ini.read_text(), re.M).group(1)
        inode = os.stat(self.here.path()).st_ino
        return Path(root) / str(inode) / "edge/slot/10" / kind / name

    def update(self, name, key, value):
        """In the namespace: a devmap takes the interfaces of whoever writes to it."""
        self.here.run("/usr/sbin/bpftool", "map", "update", "pinned", self.pin(name), "key", *little(key), "value", *little(value))

    def lookup(self, name, key):
        value = bpftool("map", "lookup", "pinned", self.pin(name), "key", *little(key))["value"]
        return int.from_bytes(bytes(int(b, 16) for b in value), "little")

    def carried(self, name):
        return next(m["carried"] for m in self.host.slot(10)["maps"] if m["name"] == name)


def little(number, size=4):
    return number.to_bytes(size, "little")


def bpftool(*arguments):
    done = subprocess.run(["/usr/sbin/bpftool", "-j", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Network namespaces of the test's own, and veth pairs between them.

A namespace lives as long as a sleeping process in it. `ip netns` is avoided: it mounts a fresh sysfs, in which
/sys/fs/bpf is no bpffs.
"""
import json
import os
import subprocess
import time

LIMIT = 180  # seconds for any command: what hangs must fail


class Namespace:
    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(self.path()) == own:
            time.sleep(0.01)
        self.run("ip", "link", "set", "lo", "up")
        # No packet that the test did not send: router solicitations and the like would blur exact counts.
        self.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()

    def path(self):
        return f"/proc/{self.holder.pid}/ns/net"

    def argv(self, *argv):
        """`argv`, run in this namespace with the mounts of outside."""
        return ["nsenter", f"--net={self.path()}", "--", *map(str, argv)]

    def run(self, *argv, check=True):
        done = subprocess.run(self.argv(*argv), capture_output=True, text=True, check=False, timeout=LIMIT)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(map(str, argv))}: {done.stderr or done.stdout}")
        return done

    def start(self, *argv, **options):
        return subprocess.Popen(self.argv(*argv), **options)

    def veth(self, name, other, other_name):
        """A veth pair, both ends up: `name` here, `other_name` in `other`."""
        self.run("ip", "link", "add", name, "type", "veth", "peer", "name", other_name, "netns", other.holder.pid)
        self.run("ip", "link", "set", name, "up")
        other.run("ip", "link", "set", other_name, "up")

    def address(self, name, address):
        self.run("ip", "address", "add", address, "dev", name)

    def link(self, name):
        """What `ip` knows about the interface, with the ids of its XDP program."""
        return json.loads(self.run("ip", "-j", "-d", "link", "show", "dev", name).stdout)[0]

    def ifindex(self, name):
        return self.link(name)["ifindex"]

    def xdp_program(self, name):
        """Id of the XDP program on the interface, 0 when there is none."""
        return self.link(name).get("xdp", {}).get("prog", {}).get("id", 0)

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Somebody else on an interface: a process with an XDP program (neighbour.c), or the real xdp-loader."""
import json
import re
import subprocess

from chains import INTERFACE
from frames import Traffic
from host import PATIENCE, built, wait_for


def neighbour_object():
    return built("plain", "neighbour.bpf.o")


class Neighbour(Traffic):
    """`how` is link, netlink or generic; or update, where `device` is the id of somebody's link. The program counts what it sees."""

    def __init__(self, namespace, how, device, program="drop_all"):  # pylint: disable=super-init-not-called
        argv = [built("plain", "neighbour"), how, neighbour_object(), program, device]
        self.process = namespace.start(*map(str, argv), stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().split()
        assert line, f"neighbour ended with status {self.process.wait(PATIENCE)}"
        self.program_id, self.link_id = int(line[1]), int(line[3])

    def stop(self):
        """How many packets it saw."""
        return int(super().stop()[0].split()[1])


def links(host, device):
    """{id: program} of the link by which the interface runs what it runs."""
    program = host.namespace.xdp_program(device)
    shown = json.loads(host.namespace.run("bpftool", "-j", "link", "list").stdout)
    return {link["id"]: program for link in shown if link.get("prog_id") == program}


class Displaced(Neighbour):
    """Its program is in the link of the host's chain `edge`, where the dispatcher was."""

    def __init__(self, host):
        self.host, self.displaced_id = host, host.namespace.xdp_program(INTERFACE)
        (link,) = links(host, INTERFACE)
        super().__init__(host.namespace, "update", link)
        # The host looks every two seconds: this one may have been driven out by now, or between the two questions of links().
        expected = ({self.link_id: self.program_id}, {self.link_id: self.displaced_id})
        wait_for(lambda: links(host, INTERFACE) in expected, lambda: f"one of {expected}, not {links(host, INTERFACE)}")

    def is_said(self):
        """How often the log has the sentence."""
        return len(re.findall(rf"^.*edge: {INTERFACE} ran XDP program (?:drop_all|\?) \(program id {self.program_id}\) and not the "
                              rf"chain, .* put it into our BPF link; the chain is back, and `bpftool prog show id "
                              rf"{self.program_id}` shows", self.host.log(), re.MULTILINE))


class Loader:
    """xdp-loader: a libxdp dispatcher with `programs`."""

    def __init__(self, namespace, device, *programs):
        self.namespace, self.device = namespace, device
        for program in programs:
            namespace.run("xdp-loader", "load", "-m", "native", "-n", program, device, neighbour_object())
        self.program_id = namespace.xdp_program(device)

    def program_ids(self):
        """{name: id} of the programs behind the dispatcher, as xdp-loader itself shows them."""
        shown = self.namespace.run("xdp-loader", "status", self.device).stdout
        return {name: int(ident) for name, ident in re.findall(r"=> +\d+ +(\w+) +(\d+)", shown)}

    def unload(self):
        self.namespace.run("xdp-loader", "unload", self.device, "--all")

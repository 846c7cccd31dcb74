# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Somebody else on an interface: a process with an XDP program (neighbour.c), or the real xdp-loader."""
import re
import subprocess

from frames import Traffic
from host import PATIENCE, built


def neighbour_object():
    return built("plain", "neighbour.bpf.o")


class Neighbour(Traffic):
    """`how` is link, netlink or generic. The program counts what it sees."""

    def __init__(self, namespace, how, device, program="drop_all"):  # pylint: disable=super-init-not-called
        argv = [built("plain", "neighbour"), how, neighbour_object(), program, device]
        self.process = namespace.start(*map(str, argv), stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().split()
        assert line, f"neighbour ended with status {self.process.wait(PATIENCE)}"
        self.program_id, self.link_id = int(line[1]), int(line[3])

    def stop(self):
        """How many packets it saw."""
        return int(super().stop()[0].split()[1])


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

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""A reload costs what it changes: one slot of thirty makes as many bpf() calls as one slot of three."""
import signal
import subprocess

import pytest

from chains import chain, stamp
from host import PATIENCE, Host, wait_for


@pytest.fixture
def host(namespace, link, tmp_path):
    """The plain build: ASan's leak check and a tracer exclude each other."""
    with Host(namespace, tmp_path, build="plain") as h:
        h.fuse = False  # what that costs comes on top, at its own time
        yield h


def trace(host, out, *options, call="bpf"):
    """The reload's answer, with strace's word on its system calls of one kind in the file `out`."""
    argv = ["strace", "-f", *options, "-e", f"trace={call}", "-o", out, "-p", str(host.pid())]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as tracer:
        try:
            assert "attached" in tracer.stderr.readline()
            return host.must_reload()
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=PATIENCE)


def calls(host, directory, call="bpf"):
    """Calls of one kind that the whole process makes during one reload."""
    trace(host, directory / "strace", "-c", call=call)
    row = next(line for line in (directory / "strace").read_text().splitlines() if line.split()[-1:] == [call])
    return int(row.split()[3])


def one_of(host, slots, changed, ident):
    return chain(*[stamp(n, ident if n == changed else n % 16) for n in range(1, slots + 1)])


def all_live(host):
    """No bank's old link is still there: to try until it has gone makes calls, too."""
    return all(slot["state"] == "live" for slot in host.chain()["slots"])


def cost(host, slots, changed, directory):
    host.write(one_of(host, slots, changed, changed % 16))
    host.must_reload() if host.process else host.start()
    # Once there and back unseen: what is done only once is no part of the price.
    for ident in (14, 15):
        host.write(one_of(host, slots, changed, ident))
        host.must_reload()
        wait_for(lambda: all_live(host), "old links to go")
    host.write(one_of(host, slots, changed, 13))
    return calls(host, directory)


def test_one_slot_of_thirty_costs_what_one_of_three_does(host, tmp_path):
    host.plugin("stamp", "v1")
    of_three = cost(host, 3, 2, tmp_path)
    of_thirty = cost(host, 30, 2, tmp_path)
    print(f"cost: {of_three} bpf() calls for one slot of 3, {of_thirty} for one of 30")
    assert of_three > 0
    assert of_thirty == of_three


def test_other_interfaces_cost_nothing(host, namespace, tmp_path):
    """Messages from the kernel are read about the chain's interface, however many others there are."""
    host.plugin("stamp", "v1")
    read = []
    for ident, others in ((1, 0), (2, 0), (3, 40)):
        for number in range(others):
            namespace.run("ip", "link", "add", f"other{number}", "type", "dummy")
        host.write(one_of(host, 3, 1, ident))
        if ident == 1:
            host.start()
        else:
            host.status()  # by then the host has read what it is told of them
            read.append(calls(host, tmp_path, "recvmsg"))
    print(f"cost: {read[0]} recvmsg() calls, {read[1]} with 40 more interfaces")
    assert read[1] == read[0]


def test_nothing_changed_costs_nothing(host, tmp_path):
    host.plugin("stamp", "v1")
    host.write(one_of(host, 3, 0, 0))
    host.start()
    host.must_reload()
    assert trace(host, tmp_path / "strace")["result"] == "unchanged"
    traced = (tmp_path / "strace").read_text()
    assert "PROG_LOAD" not in traced and "LINK_CREATE" not in traced

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""A reload costs what it changes: one slot of thirty makes as many bpf() calls as one slot of three."""
import json
import re
import signal
import subprocess
import time

import pytest

from chains import INTERFACE, chain, stamp
from host import PATIENCE, Host, wait_for
from neighbour import Neighbour

# How else than by these could it be asked about an interface, or written down? Others depend on the moment, too.
ABOUT_INTERFACES = ("bpf", "socket", "bind", "recvmsg", "ioctl", "openat", "newfstatat", "readlink", "unlink")


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


def all_calls(host, directory, *names):
    """{name: calls} that the whole process makes during one reload; without what the loop asks its links every two seconds."""
    trace(host, directory / "strace", call=",".join(names))
    counted = {}
    for line in (directory / "strace").read_text().splitlines():
        call = re.match(r"(\d+) +(\w+)\((\w*)", line)
        if call and not (int(call[1]) == host.pid() and call[3] == "BPF_OBJ_GET_INFO_BY_FD"):
            counted[call[2]] = counted.get(call[2], 0) + 1
    return counted


def calls(host, directory, call="bpf"):
    """Those of one kind."""
    return all_calls(host, directory, call)[call]


def one_of(host, slots, changed, ident, **keys):
    return chain(*[stamp(n, ident if n == changed else n % 16) for n in range(1, slots + 1)], **keys)


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
    for others in (0, 40):
        for number in range(others):
            namespace.run("ip", "link", "add", f"other{number}", "type", "dummy")
        host.write(one_of(host, 3, 1, 1))
        host.start()
        host.write(one_of(host, 3, 1, 2))
        read.append(calls(host, tmp_path, "recvmsg"))  # the first reload after a start looks at what it attached
        host.stop()
    print(f"cost: {read[0]} recvmsg() calls, {read[1]} with 40 more interfaces")
    assert read[1] == read[0] > 1


def test_own_interfaces_cost_a_look_at_their_links(host, namespace, tmp_path):
    """Where nothing was reported a reload asks each link whether it is still there, and nothing else."""
    host.plugin("stamp", "v1")
    more = [f"more{number}" for number in range(39)]
    counted = []
    for names in (), more:
        for name in names:
            namespace.run("ip", "link", "add", name, "type", "dummy")
        own = "mode = generic\n" + "".join(f"interfaces = {name}\n" for name in names)
        for ident in (12, 13, 14, 15):
            host.write(one_of(host, 3, 1, ident).replace("\n", f"\n{own}", 1))
            if ident < 15:
                host.must_reload() if host.process else host.start()
                wait_for(lambda: all_live(host), "old links to go")
        time.sleep(0.5)  # a file that was written a moment ago may be read once more
        counted.append(all_calls(host, tmp_path, *ABOUT_INTERFACES))
        assert len(host.chain()["interfaces"]) == 1 + len(names)
    of_one, of_forty = counted
    print(f"cost: {sum(of_one.values())} calls with one interface, {sum(of_forty.values())} with forty")
    differences = {call: of_forty.get(call, 0) - of_one.get(call, 0) for call in of_one | of_forty}
    assert {call: n for call, n in differences.items() if n} == {"bpf": len(more)}


def test_what_nobody_reports_is_seen(host, namespace):
    """A link that is detached by force, and another's in its place: the kernel reports neither, and a reload sees both."""
    host.plugin("stamp", "v1")
    left = {"on_detach": "alarm"}  # else the host may put it back before the reload
    host.write(one_of(host, 3, 1, 1, **left))
    host.start()
    host.must_reload()
    dispatcher = namespace.xdp_program(INTERFACE)

    def take_away():
        links = json.loads(namespace.run("bpftool", "-j", "link", "list").stdout)
        namespace.run("bpftool", "link", "detach", "id", *[li["id"] for li in links if li.get("prog_id") == dispatcher])
        assert namespace.xdp_program(INTERFACE) == 0

    take_away()
    host.write(one_of(host, 3, 1, 2, **left))
    assert f"edge: {INTERFACE} attached (native)" in host.must_reload()["changed"]
    assert namespace.xdp_program(INTERFACE) == dispatcher
    host.must_reload()

    take_away()
    with Neighbour(namespace, "link", INTERFACE) as other:
        host.write(one_of(host, 3, 1, 3, **left))
        _, answer = host.reload()
        assert answer["result"] == "refused" and f"program id {other.program_id}" in answer["errors"][0]["message"]
        assert namespace.xdp_program(INTERFACE) == other.program_id
    host.must_reload()
    assert namespace.xdp_program(INTERFACE) == dispatcher


def test_nothing_changed_costs_nothing(host, tmp_path):
    host.plugin("stamp", "v1")
    host.write(one_of(host, 3, 0, 0))
    host.start()
    host.must_reload()
    assert trace(host, tmp_path / "strace")["result"] == "unchanged"
    traced = (tmp_path / "strace").read_text()
    assert "PROG_LOAD" not in traced and "LINK_CREATE" not in traced

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""`replace = yes`: from somebody else's program to ours, and all that becomes of an interface that is attached so."""
import json
import platform
import re

import pytest

from chains import INTERFACE, classify
from frames import Receiver, Sender
from host import PATIENCE, Host, built, wait_for
from neighbour import Loader, Neighbour, neighbour_object
from sweep import Sweep, call_killed_at, pins

DEVICE = "n0"  # where the neighbour is
RATE = 500  # frames a second: an emulated veth keeps up
FRAGS = tuple(map(int, platform.release().split(".")[:2])) >= (5, 18)


def inner(name="inner", interfaces=DEVICE, **keys):
    lines = [f"[chain {name}]", f"interfaces = {interfaces}", "replace = yes"]
    lines += [f"{key} = {value}" for key, value in keys.items()]
    number, plugin, values = classify(drop=True)
    lines += [f"[slot {name}.{number}]", f"plugin = {plugin}"] + [f"{key} = {value}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


@pytest.fixture
def host(namespace, peer, link, tmp_path):
    """The plain build with on_stop = keep, and the interface that it shall take over."""
    namespace.veth(DEVICE, peer, "n1")
    with Host(namespace, tmp_path, build="plain") as h:
        h.on_stop("keep")
        h.keep = "sys_admin,sys_ptrace"
        h.plugin("classify", "v1")
        h.write(f"[chain other]\ninterfaces = {INTERFACE}\n")
        yield h.start()
        h.on_stop("detach")
        if h.process.poll() is None:
            h.stop()
        h.count_edits()
        h.start()


def interface(host, chain="inner", name=DEVICE):
    return next(i for i in host.chain(chain)["interfaces"] if i["name"] == name)


def take_over(host, text=None):
    host.write(host.conf.read_text() + (text or inner()))
    answer = host.must_reload()
    assert interface(host)["attach"] == "netlink" and interface(host)["state"] == "attached"
    return answer["changed"]


def restart(host):
    host.kill(9)
    host.process.wait(PATIENCE)
    host.start()


def sent_by(namespace, name):
    shown, = json.loads(namespace.run("ip", "-j", "-s", "link", "show", "dev", name).stdout)
    return shown["stats64"]["tx"]["packets"]


def test_under_traffic(host, namespace, peer):
    """Each packet meets the neighbour or us: through the take-over, a crash, a rebuild and a move to another chain."""
    with Neighbour(namespace, "netlink", DEVICE) as there, Receiver(namespace, DEVICE) as receiver, \
            Sender(peer, "n1", rate=RATE) as sender:
        wait_for(lambda: sent_by(peer, "n1") > 50, "the first frames")
        changed = take_over(host)
        assert f"inner: {DEVICE} taken over through netlink from XDP program drop_all (program id {there.program_id})" in changed
        wait_for(lambda: host.chain("inner")["packets"] > 50, "frames")
        seen = there.stop()  # its program goes with its process
        before = namespace.xdp_program(DEVICE)

        restart(host)
        assert host.status()["last_reload"]["result"] == "unchanged"
        assert interface(host)["attach"] == "netlink" and namespace.xdp_program(DEVICE) == before

        if FRAGS:
            host.write(host.conf.read_text().replace("replace = yes", "replace = yes\nfrags = yes"))
            host.must_reload()
            assert interface(host)["attach"] == "netlink" and namespace.xdp_program(DEVICE) != before
            restart(host)
            assert interface(host)["attach"] == "netlink"

        inside = host.chain("inner")["packets"]
        host.write(inner("inner", INTERFACE) + inner("outer"))
        host.must_reload()
        assert interface(host, "outer")["attach"] == "netlink"
        assert interface(host, name=INTERFACE)["attach"] == "link"
        wait_for(lambda: host.chain("outer")["packets"] > 50, "frames")
        restart(host)
        assert host.status()["last_reload"]["result"] == "unchanged"
        assert interface(host, "outer")["attach"] == "netlink"
        sent = sender.stop()

        def packets():
            return host.chain("inner")["packets"], host.chain("outer")["packets"]

        wait_for(lambda: seen + sum(packets()) >= sent, f"all of {sent} frames: {seen} and {packets()}")
        assert seen > 0 and packets()[0] >= inside and seen + sum(packets()) == sent
        assert receiver.stop() == {}


def test_over_a_dispatcher_of_libxdp(host, namespace):
    """And away again: `clean` without a host, on_stop = detach, and the chain's end."""
    loader = Loader(namespace, DEVICE, "drop_all", "pass_all")
    take_over(host)
    assert namespace.xdp_program(DEVICE) not in (0, loader.program_id)
    host.kill(9)
    host.process.wait(PATIENCE)
    assert namespace.xdp_program(DEVICE) != 0
    clean = [built("plain", "xslotctl"), "--config", host.ini, "clean", "--all"]
    namespace.run(*clean[:-1], "other")
    assert namespace.xdp_program(INTERFACE) == 0 and namespace.xdp_program(DEVICE) != 0
    assert namespace.run(*clean).stdout == "1 chain taken off\n"
    assert namespace.xdp_program(DEVICE) == 0 and not pins(host)
    # What libxdp left in bpffs is xdp-loader's to clear away, and then it works as before.
    namespace.run("xdp-loader", "clean", DEVICE)

    Loader(namespace, DEVICE, "drop_all")
    host.start()
    assert interface(host)["attach"] == "netlink"
    host.write(f"[chain other]\ninterfaces = {INTERFACE}\n")
    host.must_reload(allow_bare=True)
    assert namespace.xdp_program(DEVICE) == 0
    namespace.run("xdp-loader", "clean", DEVICE)

    with Neighbour(namespace, "netlink", DEVICE):
        take_over(host)
        host.on_stop("detach")
        host.must_reload()
        assert host.stop() == 0
        assert namespace.xdp_program(DEVICE) == 0


def test_refused_over_a_link(host, namespace):
    with Neighbour(namespace, "link", DEVICE) as there:
        host.write(host.conf.read_text() + inner())
        code, answer = host.reload()
        error, = answer["errors"]
        print(error["message"])
        assert code == 78
        assert re.search(rf"^cannot take over {DEVICE}, since only the owner of a BPF link can replace its program: XDP "
                         rf"program drop_all \(program id {there.program_id}, native, BPF link id {there.link_id}\)",
                         error["message"])
        assert namespace.xdp_program(DEVICE) == there.program_id
    host.must_reload()
    assert interface(host)["attach"] == "link"  # nobody is there: a link after all


def test_replaced_in_turn(host, namespace):
    """Whoever replaces us by force keeps the interface: nothing of ours takes it off again."""
    def force():
        namespace.run("ip", "-force", "link", "set", "dev", DEVICE, "xdpdrv", "object", neighbour_object(), "program",
                      "pass_all")
        return namespace.xdp_program(DEVICE)

    with Neighbour(namespace, "netlink", DEVICE):
        take_over(host)
        theirs = force()
        wait_for(lambda: interface(host)["state"] == "refused", "the host to see it")
        assert re.search(rf"XDP program pass_all .*program id {theirs}", interface(host)["reason"])
        assert take_over(host, "\n")  # replace = yes: a reload takes it back
        theirs = force()
        host.kill(9)
        host.process.wait(PATIENCE)
        namespace.run(built("plain", "xslotctl"), "--config", host.ini, "clean", "--all")
        assert namespace.xdp_program(DEVICE) == theirs and not pins(host)
        namespace.run("ip", "link", "set", "dev", DEVICE, "xdpdrv", "off")


def gone(host, how):
    """It is waiting at once; this is what becomes of where it is."""
    wait_for(lambda: f"{DEVICE} moved to another network namespace{how}" in host.log(), f"{DEVICE} to be gone")
    assert interface(host)["state"] == "waiting"


def test_moves_away(host, namespace, peer, tmp_path):
    """To another namespace: taken off there, as a link would be; or, where nobody can get, the log says so."""
    with Neighbour(namespace, "netlink", DEVICE):
        take_over(host)
    index = namespace.ifindex(DEVICE)
    assert peer.ifindex("n1") == index, "it is to get another there"
    namespace.run("ip", "link", "set", DEVICE, "netns", peer.holder.pid)
    gone(host, f", where it is called {DEVICE}: detached there")
    assert peer.ifindex(DEVICE) != index and peer.xdp_program(DEVICE) == 0
    peer.run("ip", "link", "set", DEVICE, "netns", namespace.holder.pid)
    wait_for(lambda: interface(host)["state"] == "attached", f"{DEVICE} to be back")
    assert interface(host)["attach"] == "link"

    def again():
        host.write(f"[chain other]\ninterfaces = {INTERFACE}\n")
        host.must_reload(allow_bare=True)
        with Neighbour(namespace, "netlink", DEVICE):
            take_over(host)

    again()
    # While nobody looks: the next host takes it off, or `clean` does.
    clean = [built("plain", "xslotctl"), "--config", host.ini, "clean", "--all"]
    for then in (host.start, lambda: namespace.run(*clean)):
        host.kill(9)
        host.process.wait(PATIENCE)
        namespace.run("ip", "link", "set", DEVICE, "netns", peer.holder.pid)
        assert peer.xdp_program(DEVICE) != 0
        then()
        assert peer.xdp_program(DEVICE) == 0
        peer.run("ip", "link", "set", DEVICE, "netns", namespace.holder.pid)
        namespace.run("ip", "link", "set", DEVICE, "up")
        if host.process.poll() is not None:
            host.start()
        again()

    nowhere = tmp_path / "nowhere"
    nowhere.touch()
    namespace.run("unshare", "--net", "sh", "-c", f"mount --bind /proc/self/ns/net {nowhere}")
    try:
        namespace.run("ip", "link", "set", DEVICE, "netns", nowhere)
        gone(host, " and runs the chain there, since it was attached through netlink, and xslotd cannot get there: take it "
                   "off with \"ip link set dev n0 xdpdrv off\" in that namespace")
        left = namespace.run("nsenter", f"--net={nowhere}", "ip", "link", "show", "dev", DEVICE).stdout
        assert "prog/xdp" in left
        namespace.run("nsenter", f"--net={nowhere}", "ip", "link", "set", "dev", DEVICE, "xdpdrv", "off")
    finally:
        namespace.run("umount", nowhere)


@pytest.mark.skipif(not FRAGS, reason="a program with frags needs Linux 5.18")
def test_given_back(host, namespace, peer):
    """Of two interfaces the second driver refuses us, late: the first has its neighbour again, and nothing has changed."""
    namespace.veth("m0", peer, "m1")
    with Neighbour(namespace, "netlink", DEVICE) as there, Neighbour(namespace, "netlink", "m0", "drop_frags") as big:
        peer.run("ip", "link", "set", "m1", "mtu", "9000")
        before = host.status()["chains"]
        host.write(host.conf.read_text() + inner(interfaces=f"{DEVICE}, m0"))
        code, answer = host.reload()
        error, = answer["errors"]
        print(error["message"])
        assert code == 78 and re.search(r"m0 in native mode: driver veth refuses: .*MTU", error["message"])
        assert (namespace.xdp_program(DEVICE), namespace.xdp_program("m0")) == (there.program_id, big.program_id)
        assert host.status()["chains"] == before
        peer.run("ip", "link", "set", "m1", "mtu", "1500")
        host.must_reload()
        assert {i["attach"] for i in host.chain("inner")["interfaces"]} == {"netlink"}


def test_kill_sweep(host, namespace):
    """A reload that takes over, cut off at any system call: the neighbour or us, and the next host makes it us."""
    alone = host.conf.read_text()
    sweep, found = Sweep("take-over", 4), []
    with Neighbour(namespace, "netlink", DEVICE):
        take_over(host)
    pinned = pins(host)
    for number in sweep:
        host.write(alone)
        host.must_reload(allow_bare=True)
        assert namespace.xdp_program(DEVICE) == 0
        with Neighbour(namespace, "netlink", DEVICE) as there:
            host.write(alone + inner())
            if call_killed_at(host, number, "Reload", settle=True):
                between = namespace.xdp_program(DEVICE)
                assert between
                host.start()
                host.must_reload()  # it may have been undone
                found.append("them" if between == there.program_id else "us")
                assert between in (there.program_id, namespace.xdp_program(DEVICE)), f"after call {number}"
            else:
                sweep.came_to_its_end()
            assert interface(host)["attach"] == "netlink" and interface(host)["state"] == "attached"
            assert pins(host) == pinned, f"pins after call {number}"
    sweep.over(found)

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Interfaces that come, go, are renamed, move away and refuse, while the host runs and while it does not."""
import functools
import json
import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from host import PATIENCE, Host, built, wait_for
import neighbour
from neighbour import Neighbour

MANY = 100 if os.environ.get("XSLOT_SWEEP") == "all" else 20  # interfaces that come and go while reloads run


@pytest.fixture
def host(namespace, tmp_path):
    """Not started, and without any interface; whatever a test did, in the end all that can be asked agree."""
    with Host(namespace, tmp_path, build="plain") as h:
        h.plugin("count")
        yield h
        agree(h)


def chains(*names, **keys):
    """INI text: a chain for each (name, interfaces), with one slot."""
    lines = []
    for name, interfaces in names:
        lines += [f"[chain {name}]"] + [f"interfaces = {interface}" for interface in interfaces.split(", ")]
        lines += [f"{key} = {value}" for key, value in keys.items()]
        lines += [f"[slot {name}.10]", "plugin = count"]
    return "\n".join(lines) + "\n"


def links(namespace, *commands):
    """Several `ip link` commands, one after the other, in one process."""
    batch = "".join(f"link {command}\n" for command in commands)
    done = subprocess.run(namespace.argv("ip", "-batch", "-"), input=batch, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{commands}: {done.stderr}"


def veth(name):
    return f"add {name} type veth peer name {name}-peer"


def stubborn(namespace):
    """A type of interface without native XDP: of those that a kernel may lack, the first that this one has."""
    for kind in ("dummy", "bridge"):
        if namespace.run("ip", "link", "add", "try", "type", kind, check=False).returncode == 0:
            links(namespace, "del try")
            return kind
    return pytest.skip("neither dummy nor bridge devices")


def move(name, namespace):
    return f"set {name} netns {namespace.holder.pid}"


def exchange(one, two):
    return f"set {one} name between", f"set {two} name {one}", f"set between name {two}"


def state(host, name, chain="edge"):
    return next(i for i in host.chain(chain)["interfaces"] if i["name"] == name)


def held(host, device):
    """The id of the link, and of the program in it."""
    (link,) = neighbour.links(host, device).items()
    return link


def becomes(host, name, wanted, chain="edge"):
    """Wait until status says so, and return all that it says about the interface."""
    wait_for(lambda: state(host, name, chain)["state"] == wanted, f"{name} to be {wanted}")
    return state(host, name, chain)


def dispatcher(host, chain):
    """Id of the chain's dispatcher program, which stays the same as long as the host runs."""
    return pinned_program(host.pid(), root(host) / chain / "dispatcher")


@functools.cache
def pinned_program(_, pin):
    shown = subprocess.run(["bpftool", "-j", "prog", "show", "pinned", pin], capture_output=True, text=True, check=True)
    return json.loads(shown.stdout)["id"]


def root(host):
    bpffs = Path(host.ini.read_text().partition("bpffs = ")[2].split()[0])
    return next(path for path in bpffs.iterdir() if path.is_dir())


def agree(host):
    """Status, pins and the kernel say the same."""
    programs = {chain["name"]: dispatcher(host, chain["name"]) for chain in host.status()["chains"]}

    def differences():
        shown = json.loads(host.namespace.run("ip", "-j", "-d", "link", "show").stdout)
        runs = {(i["ifname"], i["ifindex"]): i["xdp"]["prog"]["id"] for i in shown if "xdp" in i}
        for other in shown:  # an interface may be known by another of its names
            for name in other.get("altnames", ()):
                if "xdp" in other:
                    runs[name, other["ifindex"]] = other["xdp"]["prog"]["id"]
        found = []
        for chain in host.status()["chains"]:
            attached = {i["ifindex"]: i["name"] for i in chain["interfaces"] if i["state"] == "attached"}
            pins = {int(path.name) for path in (root(host) / chain["name"] / "if").iterdir()}
            if pins != set(attached):
                found.append(f"pins of {chain['name']} are {pins}, attached are {attached}")
            for index, name in attached.items():
                if runs.get((name, index)) != programs[chain["name"]]:
                    found.append(f"{name} does not run {programs[chain['name']]}")
        return found

    wait_for(lambda: not differences(), f"status, pins and links to agree: {differences()}")


def said(host, text):
    return host.log().count(text)


def says(host, text, times):
    """It will have been said so often; a moment after status knows it."""
    wait_for(lambda: said(host, text) >= times, f"the log to say: {text}")
    assert said(host, text) == times


def start(host, text):
    host.write(text)
    host.start()


def test_appears_and_vanishes(host):
    links(host.namespace, veth("x0"))
    start(host, chains(("edge", "x0, x1")))
    agree(host)
    says(host, "edge: x1 does not exist yet, waiting", 1)
    host.rest()
    generation = host.chain()["generation"]
    for times in (1, 2):
        links(host.namespace, veth("x1"))
        found = becomes(host, "x1", "attached")
        assert found["ifindex"] == host.namespace.ifindex("x1") and found["reason"] is None
        says(host, "edge: x1 attached (native)", times)
        links(host.namespace, "del x1")
        becomes(host, "x1", "waiting")  # at once: the kernel says so
        says(host, "edge: x1 is gone, waiting for it", times)
    assert state(host, "x0")["state"] == "attached"
    assert host.chain()["generation"] == generation, "packets see nothing of this"
    assert host.status()["host"]["reloads"] == 0
    host.write(chains(("edge", "x0, x1"), final="drop"))
    host.must_reload()
    assert said(host, "edge: x1 does not exist yet, waiting") == 1, "it has been said"


def test_a_plugin_knows_its_chain(host):
    """A reload that changes only the chain keeps the instance, which is asked again; and so does a new host."""
    def files(interfaces):
        return chains(("edge", interfaces)).replace("count", "ledger")

    links(host.namespace, veth("x0"), veth("x1"))
    host.plugin("ledger", "v2")
    host.write(files("x0"))
    host.start()
    first = host.slot(10)
    assert first["status"]["chain"] == "edge, mode 0, frags 0: x0"
    host.write(files("x1, x0"))
    host.must_reload()
    assert host.slot(10)["program_id"] == first["program_id"]
    assert host.slot(10)["status"]["chain"] == "edge, mode 0, frags 0: x1 x0"
    host.murder()
    host.start()
    assert host.slot(10)["program_id"] == first["program_id"]
    assert host.slot(10)["status"]["chain"] == "edge, mode 0, frags 0: x1 x0"


def test_comes_back_at_once_with_another_index(host):
    links(host.namespace, veth("x0"))
    start(host, chains(("edge", "x0")))
    old = state(host, "x0")["ifindex"]
    links(host.namespace, "del x0", veth("x0"))
    wait_for(lambda: state(host, "x0")["ifindex"] not in (0, old), "the new x0")


def test_travels_and_gets_another_index(host, peer):
    """Away and back before the host looks: the link came along, but the index is another."""
    links(host.namespace, veth("x0"))
    start(host, chains(("edge", "x0")))
    old = state(host, "x0")["ifindex"]
    links(peer, f"add taken index {old} type veth")
    host.kill(signal.SIGSTOP)
    links(host.namespace, move("x0", peer))
    links(peer, move("x0", host.namespace))
    host.kill(signal.SIGCONT)
    wait_for(lambda: state(host, "x0")["ifindex"] not in (0, old), "x0 with its new index")


def test_files_are_not_read(host):
    """An interface comes while an operator edits: what runs is what was loaded."""
    start(host, chains(("edge", "x0")))
    good = host.conf.read_text()
    host.write("[chain edge]\ninterfaces = x9\n[sl")
    links(host.namespace, veth("x0"), veth("x9"))
    becomes(host, "x0", "attached")
    assert host.namespace.xdp_program("x9") == 0
    assert host.status()["last_reload"]["result"] == "ok"
    host.write(good)


def test_renamed(host):
    links(host.namespace, veth("x0"))
    start(host, chains(("edge", "x0, x5"), ("lab", "x7")))
    index = state(host, "x0")["ifindex"]
    # In the same chain: the link stays.
    program = host.namespace.xdp_program("x0")
    links(host.namespace, "set x0 name x5")
    assert becomes(host, "x5", "attached")["ifindex"] == index
    assert state(host, "x0")["state"] == "waiting"
    assert host.namespace.xdp_program("x5") == program
    assert said(host, "edge: x0 is called x5 now, and stays attached") == 1
    # Into another chain: the link moves, and no packet meets a bare interface.
    links(host.namespace, "set x5 name x7")
    assert becomes(host, "x7", "attached", "lab")["ifindex"] == index
    assert host.namespace.xdp_program("x7") == dispatcher(host, "lab")
    assert said(host, "lab: x7 taken over from chain edge") == 1
    # To a name that no chain has.
    links(host.namespace, "set x7 name y0")
    becomes(host, "x7", "waiting", "lab")
    wait_for(lambda: host.namespace.xdp_program("y0") == 0, "y0 to be bare")
    assert said(host, "lab: x7 is called y0 now, which no chain has: detached; waiting for another x7") == 1
    # And to one that a chain has, as udev does with a new interface.
    links(host.namespace, "set y0 name x0")
    becomes(host, "x0", "attached")


def test_two_exchange_their_names(host):
    links(host.namespace, veth("x0"), veth("x1"))
    start(host, chains(("edge", "x0"), ("lab", "x1")))
    first, second = state(host, "x0")["ifindex"], state(host, "x1", "lab")["ifindex"]
    links(host.namespace, *exchange("x0", "x1"))
    wait_for(lambda: state(host, "x0")["ifindex"] == second and state(host, "x1", "lab")["ifindex"] == first, "the exchange")
    agree(host)
    # The same within a chain, and the host is asked to reload before it could notice.
    host.write(chains(("edge", "x0, x1")))
    host.must_reload()
    links(host.namespace, *exchange("x0", "x1"))
    host.must_reload()
    wait_for(lambda: [i["ifindex"] for i in host.chain()["interfaces"]] == [first, second], "the exchange back")


def test_other_names(host):
    """An interface may be configured by any of its names."""
    start(host, chains(("edge", "uplink")))
    links(host.namespace, veth("x0"), "set x0 up", "property add dev x0 altname uplink")
    becomes(host, "uplink", "attached")
    links(host.namespace, "set x0 down", "set x0 name x1")
    host.must_reload()
    assert becomes(host, "uplink", "attached")["ifindex"] == host.namespace.ifindex("x1")
    # One that is down gives it away without a word; a reload sees that.
    links(host.namespace, veth("x2"), "property del dev x1 altname uplink", "property add dev x2 altname uplink")
    host.must_reload()
    assert becomes(host, "uplink", "attached")["ifindex"] == host.namespace.ifindex("x2")
    assert host.namespace.xdp_program("x1") == 0


def refused(host, *words):
    """The reload is refused for one reason, with all these words; the advice leaves alone what runs."""
    code, answer = host.reload()
    assert code == 78 and len(answer["errors"]) == 1, answer
    message = answer["errors"][0]["message"]
    assert all(word in message for word in words) and "detach" not in message and " off" not in message, message
    return message


def test_two_names_of_one_interface(host):
    """They are one interface: refused by name, and nobody is told to take the chain off that runs there."""
    links(host.namespace, veth("x0"), "set x0 up", "property add dev x0 altname uplink")
    host.on_stop("keep")
    start(host, chains(("edge", "uplink")))
    link = held(host, "x0")
    for both in ("x0, uplink", "uplink, x0"):
        host.write(chains(("edge", both)))
        refused(host, "x0 and uplink are two names of the same interface")
        assert "two names of the same interface" in host.ctl("check", host.ini).stdout
    host.write(chains(("edge", "x0"), ("lab", "uplink")))
    refused(host, "two names of the same interface")
    host.write(chains(("edge", "x0")))
    assert host.must_reload()["changed"] == ["edge: uplink is called x0 now, and stays attached"]
    host.write(chains(("edge", "uplink")))
    host.must_reload()
    assert host.stop() == 0
    before = len(host.log())
    host.start()
    assert host.status()["last_reload"]["result"] == "unchanged" and "detached" not in host.log()[before:]
    assert held(host, "x0") == link
    host.on_stop("detach")
    host.must_reload()


def test_a_second_name_comes_up(host):
    """While the host runs: the interface stays in its chain, by its name, and the other name's state says why it has none."""
    links(host.namespace, veth("x0"), "set x0 up")
    start(host, chains(("edge", "uplink"), ("lab", "x0")))
    link = held(host, "x0")
    links(host.namespace, "property add dev x0 altname uplink")
    assert "uplink and x0 are two names of the same interface" in becomes(host, "uplink", "refused")["reason"]
    assert state(host, "x0", "lab")["state"] == "attached" and held(host, "x0") == link
    links(host.namespace, "property del dev x0 altname uplink", veth("x2"), "property add dev x2 altname uplink", "set x2 up")
    assert becomes(host, "uplink", "attached")["ifindex"] == host.namespace.ifindex("x2")
    assert state(host, "x0", "lab")["state"] == "attached" and held(host, "x0") == link


def test_another_hosts_chain_is_left_alone(host, tmp_path):
    """What is in the way is said to be a chain, and whose; the advice does not take it off."""
    links(host.namespace, veth("x0"), veth("x1"))
    start(host, chains(("edge", "x0")))
    (tmp_path / "second").mkdir()
    with Host(host.namespace, tmp_path / "second", build="plain") as second:
        second.plugin("count")
        second.keep = "sys_admin,sys_ptrace"  # to name who is there
        bpffs = second.ini.read_text().partition("bpffs = ")[2].split()[0]
        second.ini.write_text(second.ini.read_text().replace(bpffs, f"{bpffs}-second"))
        start(second, chains(("edge", "x1")))
        second.write(chains(("edge", "x0, x1")))
        refused(second, "a chain of xslot runs there", f"held by xslotd (pid {host.pid()})", f"pinned to {bpffs}/")
        second.write(chains(("edge", "x0, x1"), replace="yes"))
        refused(second, "a chain of xslot runs there")
        second.write(chains(("edge", "x1")))


def test_moves_to_another_namespace_and_back(host, peer):
    links(host.namespace, veth("x0"))
    start(host, chains(("edge", "x0")))
    program = host.namespace.xdp_program("x0")
    links(host.namespace, move("x0", peer))
    becomes(host, "x0", "waiting")
    wait_for(lambda: peer.xdp_program("x0") == 0, "x0 to be bare over there")
    says(host, "edge: x0 is gone, waiting for it", 1)
    links(peer, move("x0", host.namespace))
    becomes(host, "x0", "attached")
    assert host.namespace.xdp_program("x0") == program


def hold(host, name):
    """Pin the link of an interface once more: the caller unlinks it."""
    path = root(host).parent / f"held-{name}-{len(list(root(host).parent.iterdir()))}"
    os.link(root(host) / "edge" / "if" / str(state(host, name)["ifindex"]), path)
    return path


def test_leaves_whoever_holds_the_link(host, peer):
    """Somebody who looks at a link, or pins it, keeps it: the program goes all the same."""
    links(host.namespace, veth("x0"), veth("x1"))
    start(host, chains(("edge", "x0, x1")))
    held = [hold(host, name) for name in ("x0", "x1")]
    links(host.namespace, "set x0 name y0", move("x1", peer))
    becomes(host, "x0", "waiting")
    becomes(host, "x1", "waiting")
    wait_for(lambda: host.namespace.xdp_program("y0") == 0, "y0 to be bare")
    wait_for(lambda: peer.xdp_program("x1") == 0, "x1 to be bare")
    links(host.namespace, "set y0 name x0")
    becomes(host, "x0", "attached")
    held.append(hold(host, "x0"))
    host.write(chains(("edge", "x0, x1"), mode="generic"))
    host.must_reload(allow_detach=True)
    becomes(host, "x0", "attached")
    held.append(hold(host, "x0"))
    host.write("")
    host.must_reload(allow_bare=True)
    assert host.namespace.xdp_program("x0") == 0
    for path in held:
        path.unlink()


def test_refuses_when_it_comes(host):
    """A driver without native XDP: only its own affair, said once, tried again when something about it changes."""
    host.ini.write_text(host.ini.read_text() + "log_level = debug\n")
    links(host.namespace, veth("x0"))
    start(host, chains(("edge", "x0, d0, x1")))
    kind = stubborn(host.namespace)
    links(host.namespace, f"add d0 type {kind}")
    why = becomes(host, "d0", "refused")["reason"]
    assert f"driver {kind} refuses" in why and "mode = generic would help" in why
    links(host.namespace, veth("x1"))
    becomes(host, "x1", "attached")
    links(host.namespace, "set d0 alias nothing-that-matters", "del x1")
    says(host, "edge: x1 is gone, waiting for it", 1)
    assert said(host, "edge: trying to attach to d0") == 1, "nothing about it has changed"
    links(host.namespace, "set d0 mtu 1400")
    says(host, "edge: trying to attach to d0", 2)
    links(host.namespace, veth("x1"))
    becomes(host, "x1", "attached")
    assert state(host, "d0")["state"] == "refused"
    assert said(host, f"driver {kind} refuses") == 1, "it has been said"
    shown = host.namespace.run(built("plain", "xslotctl"), "--socket", host.socket, "status").stdout
    assert f"d0: native, refused: {why}" in shown
    # A reload does not put up with it, and changes nothing.
    code, answer = host.reload()
    assert code != 0 and f"driver {kind} refuses" in answer["errors"][0]["message"]
    assert state(host, "x0")["state"] == "attached" and state(host, "d0")["state"] == "refused"
    links(host.namespace, "del d0")
    becomes(host, "d0", "waiting")
    assert state(host, "d0")["reason"] is None
    host.must_reload()


def test_mtu(host):
    start(host, chains(("edge", "x0")))
    links(host.namespace, "add x0 mtu 9000 type veth peer name x0-peer mtu 9000")
    assert "MTU" in becomes(host, "x0", "refused")["reason"]
    # Both ends are smaller now; only the near one is reported here.
    links(host.namespace, "set x0-peer mtu 1500")
    links(host.namespace, "set x0 mtu 1500")
    becomes(host, "x0", "attached")
    assert said(host, "driver veth refuses") == 1
    # With a program there, veth refuses the large MTU of the other end itself; its own it takes.
    assert host.namespace.run("ip", "link", "set", "x0-peer", "mtu", "9000", check=False).returncode != 0
    links(host.namespace, "set x0 mtu 9000")
    links(host.namespace, "set x0 down")
    links(host.namespace, "set x0 up")
    host.must_reload()
    becomes(host, "x0", "attached")
    assert said(host, "edge: x0 attached (native)") == 1, "all the time"


def test_somebody_else_was_there_first(host, peer):
    host.ini.write_text(host.ini.read_text() + "log_level = debug\n")
    start(host, chains(("edge", "x0")))
    links(peer, veth("x0"))
    other = Neighbour(peer, "link", "x0")
    links(peer, move("x0", host.namespace))
    assert f"program id {other.program_id}" in becomes(host, "x0", "refused")["reason"]
    assert host.namespace.xdp_program("x0") == other.program_id
    links(host.namespace, "set x0 up")
    says(host, "edge: trying to attach to x0", 2)
    other.stop()
    # The kernel does not report that; but whenever it reports something about x0, the host looks.
    links(host.namespace, "set x0 alias free")
    becomes(host, "x0", "attached")


def test_while_no_host_ran(host, peer):
    config = host.ini.read_text()
    host.ini.write_text(config.replace("on_stop = detach", "on_stop = keep"))
    links(host.namespace, *map(veth, ("gone", "again", "away", "back", "was", "stays")))
    start(host, chains(("edge", "gone, again, away, back, was, stays, new"), ("lab", "is")))
    before = {i["name"]: i["ifindex"] for i in host.chain()["interfaces"]}
    program = host.namespace.xdp_program("stays")
    assert host.stop() == 0
    assert host.namespace.xdp_program("stays") == program
    links(peer, f"add taken index {before['back']} type veth")  # so it comes back with another one
    links(host.namespace, "del gone", "del again", veth("again"), veth("new"), move("away", peer), move("back", peer),
          "set was name is")
    links(peer, move("back", host.namespace))
    host.ini.write_text(config)
    host.start()
    found = {i["name"]: i["state"] for i in host.chain()["interfaces"]}
    assert found == {"gone": "waiting", "again": "attached", "away": "waiting", "back": "attached", "was": "waiting",
                     "stays": "attached", "new": "attached"}
    assert state(host, "is", "lab")["state"] == "attached"
    agree(host)
    assert state(host, "stays")["ifindex"] == before["stays"] and host.namespace.xdp_program("stays") == program
    wait_for(lambda: peer.xdp_program("away") == 0, "the one that went away to be bare")


def test_after_a_start_that_changed_nothing(host):
    """All was adopted, so no transaction has been through; interfaces are followed all the same."""
    config = host.ini.read_text()
    host.ini.write_text(config.replace("on_stop = detach", "on_stop = keep"))
    links(host.namespace, veth("x0"))
    start(host, chains(("edge", "x0")))
    assert host.stop() == 0
    host.ini.write_text(config)
    host.start()
    assert host.status()["last_reload"]["result"] == "unchanged"
    links(host.namespace, "del x0")
    becomes(host, "x0", "waiting")
    links(host.namespace, veth("x0"))
    becomes(host, "x0", "attached")


def receive_buffer(size=""):
    """What a new socket's receive buffer holds, in bytes; the first network namespace alone shows and sets it."""
    done = subprocess.run(["nsenter", "--net=/proc/1/ns/net", "sh", "-c",
                           f"cd /proc/sys/net/core && cat rmem_default && {{ [ -z '{size}' ] || echo {size} >rmem_default; }}"],
                          capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_lost_reports(host):
    """With no room for reports, most are lost; what matters is that something happened."""
    host.ini.write_text(host.ini.read_text() + "log_level = debug\n")
    names = [f"x{i}" for i in range(8)]
    before = receive_buffer("2304")
    try:
        start(host, chains(("edge", ", ".join(names))))
    finally:
        receive_buffer(before)

    def all_are(wanted):
        return lambda: {i["state"] for i in host.chain()["interfaces"]} == {wanted}

    def unseen(*commands):
        host.kill(signal.SIGSTOP)
        links(host.namespace, *commands)
        host.kill(signal.SIGCONT)

    for commands, wanted in (map(veth, names), "attached"), ([f"del {name}" for name in names], "waiting"):
        unseen(*commands)
        wait_for(all_are(wanted), f"all to be {wanted}")
        agree(host)
        if wanted == "attached":
            host.must_reload()  # by then all have been looked at
            unseen("set x0-peer name other", "set x0 name y0")  # a stranger's report leaves no room for ours
            becomes(host, "x0", "waiting")
            links(host.namespace, "set y0 name x0")
            becomes(host, "x0", "attached")
    assert said(host, "reports about interfaces were lost") >= 3


def test_storm(host):
    """Many that come and go, one of which refuses, and reloads all the while: in the end all is as it should be."""
    names = [f"s{i}" for i in range(MANY)]
    stubs, kind = {names[0]}, stubborn(host.namespace)
    chance = random.Random(1)

    def config(final):
        return chains(("edge", ", ".join(names[::2])), ("lab", ", ".join(names[1::2])), final=final)

    start(host, config("pass"))
    here = set()
    for step in range(MANY):
        commands = []
        for name in chance.sample(names, 5):
            if name in here:
                commands.append(f"del {name}")
            elif name in stubs:
                commands.append(f"add {name} type {kind}")
            else:
                commands.append(f"add {name} type veth")
            here ^= {name}
        if len(here - stubs) > 1:
            commands += exchange(*chance.sample(sorted(here - stubs), 2))
        links(host.namespace, *commands)
        if step % 2 == 0:
            host.write(config("drop" if step % 4 else "pass"))
            host.kill(signal.SIGHUP)

    def wanted(name):
        return "waiting" if name not in here else "refused" if name in stubs else "attached"

    def settled():
        found = {i["name"]: i["state"] for chain in host.status()["chains"] for i in chain["interfaces"]}
        return found == {name: wanted(name) for name in names}

    wait_for(settled, "all to be as they should", PATIENCE * 2)
    agree(host)
    attached = len(here - stubs)
    ours = {dispatcher(host, "edge"), dispatcher(host, "lab")}

    def our_links():
        shown = subprocess.run(["bpftool", "-j", "link", "list"], capture_output=True, text=True, check=True).stdout
        return sum(link["type"] == "xdp" and link["prog_id"] in ours for link in json.loads(shown))

    wait_for(lambda: our_links() == attached, f"{attached} links")
    assert all(chain["gap_packets"] == 0 for chain in host.status()["chains"])
    print(f"storm: {MANY * 5} times of {MANY} interfaces, {attached} attached and {len(here & stubs)} refused at the "
          f"end, {host.status()['host']['reloads']} reloads, {host.status()['host']['failed_reloads']} of them refused")


def test_without_descriptors_nothing_is_taken_off(host, namespace):
    """A host that cannot ask has no answer: what runs stays, it says so, and catches up when it can ask again."""
    links(namespace, veth("x"))
    host.write(chains(("edge", "x, y")))
    host.start()
    assert state(host, "x")["state"] == "attached"
    program = dispatcher(host, "edge")
    with host.ask("Status") as client:
        Host.answer(client)
        with host.no_descriptors():
            links(namespace, veth("y"), "set x mtu 1400")  # something happens, and it has to look
            wait_for(lambda: "Too many open files" in host.log(), "the host to say that it cannot look")
            reloads = Host.call_again(client, "Status")["host"]["failed_reloads"]
            host.kill(signal.SIGHUP)
            wait_for(lambda: Host.call_again(client, "Status")["host"]["failed_reloads"] > reloads, "the reload to be refused")
            shown = {i["name"]: i for i in Host.call_again(client, "Status")["chains"][0]["interfaces"]}
    assert shown["x"]["state"] == "unknown", shown
    assert "Too many open files" in shown["x"]["reason"]
    assert not said(host, "is gone"), host.log()
    assert dispatcher(host, "edge") == program
    becomes(host, "y", "attached")  # by itself
    assert state(host, "x")["state"] == "attached"

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""A plugin that crashes the host: after three times in a row its code is not run any more, and what runs goes on."""
import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from chains import INTERFACE, PEER, chain, classify
from frames import inject
from host import PATIENCE, Host, built, wait_for
from neighbour import Displaced

DAMAGED = Path(__file__).resolve().parents[1] / "fuzz/corpus/object/damaged-relocations"
SEGV, ABRT = -signal.SIGSEGV, -signal.SIGABRT


@pytest.fixture
def host(namespace, link, tmp_path):
    """The plain build: a sanitizer ends a crash with a report and an exit status of its own."""
    with Host(namespace, tmp_path, build="plain") as h:
        h.on_stop("keep")
        for name in ("wreck", "classify"):
            h.plugin(name, "v1")
        yield h
        h.on_stop("detach")
        if h.process and h.process.poll() is None:
            h.write("")
            h.must_reload(allow_bare=True)


def configure(host, where="nowhere", how="crash"):
    host.write(chain((10, "wreck", {"crash": where, "how": how}), classify()))


def attempt(host):
    """Start it, and wait for its end: (exit status, what it said)."""
    done = host.namespace.run(host.program(), "-c", host.ini, check=False)
    return done.returncode, done.stderr


def ctl(host, *arguments, code=0):
    done = host.namespace.run(built("plain", "xslotctl"), "--socket", host.socket, "--config", host.ini, *arguments,
                              check=False)
    assert done.returncode == code, done
    return done.stdout + done.stderr


def programs(host):
    return [slot["program_id"] for slot in host.chain()["slots"]]


def minded(host, before):
    """The host is up, with what ran before it, and link events leave it alone."""
    host.namespace.run("ip", "link", "add", "other", "type", "dummy")
    host.namespace.run("ip", "link", "del", "other")
    status = host.status()
    assert status["last_reload"]["result"] == "refused" and status["quarantined"] == ["wreck"]
    assert "has crashed the host 3 times in a row" in status["last_reload"]["errors"][0]["message"]
    assert programs(host) == before
    seen = host.slot(10)["seen"]
    inject(host.namespace, INTERFACE, 8)
    assert host.slot(10)["seen"] == seen + 8 and host.chain()["gap_packets"] == 0


def test_a_build_that_crashes(host):
    """In its constructor, at a reload, which a start undoes, and at three starts: then the old build is minded, until there
    is a better one."""
    configure(host)
    host.start()
    before = programs(host)
    host.plugin("wreck", "v2")
    host.kill(signal.SIGHUP)
    assert host.process.wait(PATIENCE) == SEGV
    assert "error: plugin wreck: its constructors crashed (SIGSEGV)" in host.log()
    host.start()
    configuration = host.status()["configuration"]
    assert configuration["held"] == "crash"
    assert configuration["reasons"] == [f"{host.plugins}/wreck.so differs from what was loaded"]
    assert programs(host) == before
    host.plugin("wreck", "v1")
    host.must_reload()
    assert host.stop() == 0
    host.plugin("wreck", "v2")
    for _ in range(3):
        assert attempt(host)[0] == SEGV
    host.start()
    minded(host, before)
    assert "QUARANTINED: plugin wreck crashed the host" in ctl(host, "status")
    code, answer = host.reload()
    assert code == 78 and "plugin wreck is quarantined" in answer["errors"][0]["message"]
    check = host.namespace.run(host.program(), "-c", host.ini, "--check", check=False)
    assert check.returncode == 78 and "plugin wreck is quarantined" in check.stderr
    assert ctl(host, "bypass", "edge", "on").startswith("chain edge is bypassed now")
    assert ctl(host, "bypass", "edge", "off").startswith("chain edge runs its 2 slots")
    host.stop()
    host.start()
    minded(host, before)
    host.plugin("wreck", "v1")
    host.must_reload()
    assert host.status()["quarantined"] == []
    assert programs(host)[1] == before[1]


def refuses_damaged(host, words, before):
    """A reload, `check` and a start say so; what runs runs on; nothing is counted against the plugin."""
    code, answer = host.reload()
    assert code == 78 and words in answer["errors"][0]["message"], answer
    assert words in ctl(host, "check", code=78)
    assert programs(host) == before
    seen = host.slot(10)["seen"]
    inject(host.namespace, INTERFACE, 8)
    assert host.slot(10)["seen"] == seen + 8 and host.chain()["gap_packets"] == 0
    assert host.stop() == 0
    for _ in range(4):
        code, said = attempt(host)
        assert code == 78 and words in said and "quarantine" not in said, said
    assert host.namespace.xdp_program(INTERFACE) != 0


def test_damaged_files(host):
    """A plugin that crashes wherever it is loaded, an object that is damaged: the host is not among the victims."""
    configure(host)
    good = host.conf.read_text()
    host.start()
    before = programs(host)
    host.plugin("wreck", "v3")
    refuses_damaged(host, "wreck.so: it crashed (SIGSEGV) while it was opened", before)
    host.plugin("wreck", "v1")
    host.start()
    assert programs(host) == before
    host.plugin("object")
    host.write(good + f"[slot edge.20]\nplugin = object\nobject = {DAMAGED}\n")
    refuses_damaged(host, "plugin object: ", before)
    host.write(good)
    host.start()
    assert programs(host) == before and host.status()["quarantined"] == []


def interfaces(host):
    return {interface["name"]: interface["state"] for interface in host.chain()["interfaces"]}


def become(host, **states):
    wait_for(lambda: interfaces(host).items() >= states.items(), lambda: f"{states}, not {interfaces(host)}")


def lives_of_interfaces(host, peer):
    """What the host says while `late` and `more` refuse, come, change names and go, and the first one comes back."""
    def link(*words):
        host.namespace.run("ip", "link", *words)

    begun = len(host.log())
    link("add", "late", "mtu", "9000", "type", "veth", "peer", "name", "late1", "mtu", "9000")
    become(host, late="refused")
    link("set", "late1", "mtu", "1500")
    link("set", "late", "mtu", "1500")
    become(host, late="attached")
    link("set", "late", "name", "early")
    become(host, late="waiting")
    link("set", "early", "name", "late")
    become(host, late="attached")
    link("add", "more", "type", "veth", "peer", "name", "more1")
    become(host, more="attached")
    index = host.namespace.ifindex("late")
    host.kill(signal.SIGSTOP)  # so that it sees nothing of what is in between
    for old, new in (("late", "aside"), ("more", "late"), ("aside", "more")):
        link("set", old, "name", new)
    host.kill(signal.SIGCONT)
    wait_for(lambda: {"more": index}.items() <= {i["name"]: i["ifindex"] for i in host.chain()["interfaces"]}.items(),
             "the host to look")
    for name in ("late", "more", INTERFACE):
        link("del", name)
        become(host, **{name: "waiting"})
    host.namespace.veth(INTERFACE, peer, PEER)
    become(host, **{INTERFACE: "attached"})
    return re.findall("edge: (.*)", host.log()[begun:])


def test_the_running_build_crashes(host, peer):
    """In resume, after a restart: it runs on in the kernel, without its code here, on interfaces that come and go. All of
    that goes as it goes under a host that has its files."""
    configure(host, "resume")
    host.write(host.conf.read_text().replace(f"interfaces = {INTERFACE}", f"interfaces = {INTERFACE}, late, more"))
    host.start()
    before = programs(host)
    said = lives_of_interfaces(host, peer)
    assert "cannot attach to late" in said[0] and said[1:] == [
        "late attached (native)", "late is called early now, which no chain has: detached; waiting for another late",
        "late attached (native)", "more attached (native)",
        "more is called late now, and stays attached", "late is called more now, and stays attached",
        "late is gone, waiting for it", "more is gone, waiting for it",
        f"{INTERFACE} is gone, waiting for it", f"{INTERFACE} attached (native)"]
    host.murder()
    for _ in range(3):
        assert attempt(host)[0] == ABRT
    host.start()
    minded(host, before)
    assert interfaces(host) == {INTERFACE: "attached", "late": "waiting", "more": "waiting"}
    assert lives_of_interfaces(host, peer) == said
    minded(host, before)
    with Displaced(host) as other:
        host.namespace.veth("late", peer, "late1")
        host.namespace.veth("more", peer, "more1")
        wait_for(other.is_said, "the host to look")
        wait_for(lambda: set(interfaces(host).values()) == {"attached"}, "all interfaces to run the chain")
    minded(host, before)
    host.namespace.run("ip", "link", "del", "more")
    host.murder()
    host.namespace.run("ip", "link", "set", "late", "down")
    host.namespace.run("ip", "link", "set", "late", "name", "early")
    host.start()
    become(host, **{INTERFACE: "attached"}, early="attached", late="waiting", more="waiting")
    attached = host.log().count(" attached (native)")
    host.namespace.run("ip", "link", "set", "early", "name", "late")
    become(host, early="waiting", late="attached")
    assert "edge: early is called late now, and stays attached" in host.log()
    assert host.log().count(" attached (native)") == attached
    minded(host, before)
    ctl(host, "plugin", "release", "wreck")
    configure(host)
    host.must_reload(allow_bare=True)
    assert interfaces(host) == {INTERFACE: "attached"}


def test_nothing_runs_yet(host):
    """The start is refused; by a command the plugin is tried again. A stack that is used up counts too."""
    configure(host, "start")
    for _ in range(3):
        assert attempt(host)[0] == ABRT
    code, said = attempt(host)
    assert code == 78 and f"{host.conf}:5: plugin wreck is quarantined" in said
    assert host.namespace.xdp_program(INTERFACE) == 0
    assert "may be tried again" in ctl(host, "plugin", "release", "wreck")
    assert "was neither quarantined nor silenced" in ctl(host, "plugin", "release", "wreck")
    configure(host, "stack")
    for _ in range(3):
        assert attempt(host)[0] == SEGV
    assert attempt(host)[0] == 78
    assert json.loads(host.namespace.run(built("plain", "xslotctl"), "--config", host.ini, "--json", "plugin", "release",
                                         "wreck").stdout)["released"] is True
    configure(host)
    host.start()
    assert host.status()["quarantined"] == []


def test_only_in_a_row(host):
    """A success ends the count; a host that is killed from outside does not count."""
    for _ in range(2):
        configure(host, "start")
        for _ in range(2):
            assert attempt(host)[0] == ABRT
        configure(host)
        host.start()
        assert host.stop() == 0
    host.plugin("trouble", "v1")
    host.write(chain((10, "wreck"), (20, "trouble", {"wait": "30s"})))
    for _ in range(4):
        with host.namespace.start(host.program(), "-c", host.ini) as process:
            log = host.directory / "state/crashes"
            wait_for(lambda: b"trouble" in log.read_bytes(), "the plugin to be known")
            process.kill()
            assert process.wait(PATIENCE) == -signal.SIGKILL
    configure(host)
    host.start()
    assert host.status()["quarantined"] == []


def start_unasked(host):
    """Start it, and ask nothing of it."""
    before = host.log().count("info: done") + host.log().count("info: nothing to change")
    with open(host.log_path, "ab") as log:
        host.process = host.namespace.start(*host.argv(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    wait_for(lambda: host.log().count("info: done") + host.log().count("info: nothing to change") > before, "the start")


def dies_of_a_question(host):
    with pytest.raises(OSError):
        host.status()
    assert host.process.wait(PATIENCE) == ABRT


def forwards(host):
    """The chain does, with its host or without."""
    assert host.namespace.xdp_program(INTERFACE) != 0


def test_callbacks_that_crash(host):
    """While all is well: by a question, three times, however it ends the host; then status is not called any more, and the
    rest is. So it is with watches."""
    silenced = [{"plugin": "wreck", "callback": "status"}]
    for how, words in (("crash", "crashed (SIGABRT)"), ("exit", "ended the process: it called exit()"),
                       ("_exit", "ended the process: it called _exit()")):
        configure(host, "status", how)
        host.count_edits()
        start_unasked(host)
        dies_of_a_question(host)
        assert f"error: edge.10: plugin wreck: its status {words}" in host.log()
        forwards(host)
    host.start()
    assert host.status()["silenced"] == silenced and host.slot(10)["status"] == {}
    assert "plugin wreck crashed the host 3 times in its status" in host.log()
    assert "SILENCED: plugin wreck" in ctl(host, "status")
    seen = host.slot(90)["seen"]
    inject(host.namespace, INTERFACE, 8)
    assert host.slot(90)["seen"] == seen + 8 and host.chain()["gap_packets"] == 0
    assert "may be tried again" in ctl(host, "plugin", "release", "wreck")
    dies_of_a_question(host)
    configure(host, "watch")
    for _ in range(3):
        host.count_edits()
        start_unasked(host)
        assert host.process.wait(PATIENCE) == ABRT
    assert host.log().count("error: edge.10: plugin wreck: its watch crashed (SIGABRT)") == 3
    host.start()
    wait_for(lambda: "times in its watch" in host.log(), "the watch to be due")
    assert host.status()["silenced"] == [{"plugin": "wreck", "callback": "watch"}]
    assert host.slot(10)["status"] == {"ticks": "0"}


def test_callbacks_that_hang(host):
    """On the loop, and on the worker: named, and SIGTERM ends the host; what is attached stays."""
    configure(host)
    host.start()
    before, program = programs(host), host.namespace.xdp_program(INTERFACE)
    configure(host, "start", "hang")
    host.kill(signal.SIGHUP)
    wait_for(lambda: "edge.10: plugin wreck: its start hangs" in host.log(), "the start to be named")
    assert programs(host) == before
    assert host.stop() == 1
    assert "its start hangs, and the host has to stop: it ends at once" in host.log()
    assert host.namespace.xdp_program(INTERFACE) == program
    configure(host, "status", "hang")
    host.count_edits()
    start_unasked(host)
    with host.ask("Status"):
        wait_for(lambda: "edge.10: plugin wreck: its status hangs" in host.log(), "the status to be named")
        assert host.stop(signal.SIGINT) == 1
    forwards(host)
    configure(host)
    host.count_edits()
    host.start()
    assert host.status()["silenced"] == [] and host.chain()["gap_packets"] == 0

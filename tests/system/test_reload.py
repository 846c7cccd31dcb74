# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What a reload can change, one thing at a time, and what it leaves alone while it does; how the host is told to."""
import json
import os
import re
import signal
import subprocess

import pytest

from chains import INTERFACE, PEER, chain, classify
from frames import Receiver, Sender, inject
from host import PATIENCE, built, wait_for
from sweep import bpffs

OTHER, OTHER_PEER = "y0", "y1"


@pytest.fixture
def ready(host):
    """Every plugin is there."""
    for name in ("count", "acl", "object"):
        host.plugin(name)
    for name in ("trouble", "classify"):
        host.plugin(name, "v1")
    return host


def begin(host, text):
    host.write(text)
    host.start()
    return host


def reload_to(host, text, *changed, **how):
    """Reload, and get exactly these sentences about what changed."""
    host.write(text)
    assert host.must_reload(**how)["changed"] == list(changed)


def programs(host, name="edge"):
    return {slot["number"]: slot["program_id"] for slot in host.chain(name)["slots"]}


def outcome(host, number):
    """The one verdict of a slot that 64 packets meet now; "" when they go on."""
    before = host.slot(number)["verdicts"]
    inject(host.namespace, INTERFACE, 64)
    after = host.slot(number)["verdicts"]
    return "".join(verdict for verdict in after if after[verdict] - before[verdict] == 64)


def test_verdicts(ready):
    """final, on_gap and proceed_on change the generation and no program; so does `enabled` for those that stay."""
    slots = (10, "count"), classify(20, drop=True)
    ready.fuse = False  # which is one more generation after each
    begin(ready, chain(*slots))
    ids = programs(ready)
    reload_to(ready, chain(*slots, final="drop", on_gap="pass"), "edge: final pass -> drop", "edge: on_gap aborted -> pass")
    status = ready.chain()
    assert (status["final"], status["on_gap"]) == ("drop", "pass") and programs(ready) == ids
    assert outcome(ready, 20) == "drop"
    on = chain((10, "count"), (20, "classify", {"drop": "yes", "proceed_on": "drop"}))
    reload_to(ready, on, "edge: final drop -> pass", "edge: on_gap pass -> aborted", "edge.20: classify, other proceed_on")
    assert outcome(ready, 20) == "" and ready.slot(20)["proceeded"] == 64 and programs(ready) == ids
    reload_to(ready, chain(*slots), "edge.20: classify, other proceed_on")
    assert outcome(ready, 20) == "drop" and programs(ready) == ids
    generation = ready.chain()["generation"]
    reload_to(ready, chain((10, "count"), (20, "classify", {"enabled": "no"})), "edge.20: classify 1.0.0 removed")
    assert programs(ready) == {10: ids[10]} and ready.chain()["generation"] == generation + 1
    reload_to(ready, chain(*slots), "edge.20: classify 1.0.0 added")
    assert programs(ready)[10] == ids[10]
    assert ready.must_reload()["result"] == "unchanged" and ready.chain()["generation"] == generation + 2
    assert ready.chain()["gap_packets"] == 0 and ready.chain()["bad_verdicts"] == 0


def test_final_is_the_verdict(ready, peer):
    """What `final` says is what happens to frames."""
    begin(ready, chain((10, "count")))
    with Receiver(ready.namespace, INTERFACE) as here:
        with Sender(peer, PEER, packets=50, rate=500) as sender:
            sender.wait()
        wait_for(lambda: ready.chain()["packets"] == 50, "50 frames")
        reload_to(ready, chain((10, "count"), final="drop"), "edge: final pass -> drop")
        with Sender(peer, PEER, packets=40, rate=500) as sender:
            sender.wait()
        wait_for(lambda: ready.chain()["packets"] == 90, "90 frames")
        assert sum(here.stop(50).values()) == 50


def interfaces(host, name="edge"):
    return {i["name"]: (i["state"], i["ifindex"], i["attach"]) for i in host.chain(name)["interfaces"]}


def test_interfaces(ready, peer):
    """Added, removed, missing, found later, gone and back: the others are not touched."""
    namespace = ready.namespace
    begin(ready, chain((10, "count")))
    dispatcher, ids = namespace.xdp_program(INTERFACE), programs(ready)
    both = chain((10, "count")).replace(INTERFACE, f"{INTERFACE}, {OTHER}")
    reload_to(ready, both, f"edge: {OTHER} does not exist yet, waiting")
    assert interfaces(ready)[OTHER] == ("waiting", 0, "")
    assert ready.must_reload()["result"] == "unchanged"
    for _ in range(2):
        namespace.veth(OTHER, peer, OTHER_PEER)
        wait_for(lambda: interfaces(ready)[OTHER][0] == "attached", "the interface to be found")
        assert interfaces(ready)[OTHER] == ("attached", namespace.ifindex(OTHER), "link")
        assert namespace.xdp_program(OTHER) == namespace.xdp_program(INTERFACE) == dispatcher
        namespace.run("ip", "link", "del", OTHER)
        wait_for(lambda: interfaces(ready)[OTHER][0] == "waiting", "the interface to be missed")
    namespace.veth(OTHER, peer, OTHER_PEER)
    wait_for(lambda: interfaces(ready)[OTHER][0] == "attached", "the interface to be found again")
    reload_to(ready, chain((10, "count")), f"edge: {OTHER} detached", allow_bare=True)
    assert namespace.xdp_program(OTHER) == 0 and namespace.xdp_program(INTERFACE) == dispatcher
    assert programs(ready) == ids


def two(first, second):
    """Chains edge and inner, with these interfaces; one without interfaces is not there."""
    text = ""
    for name, interface in (("edge", first), ("inner", second)):
        if interface:
            text += f"[chain {name}]\ninterfaces = {interface}\n[slot {name}.10]\nplugin = count\n"
    return text


def test_chains(ready, peer):
    """Added, removed, renamed; an interface moves from one to another. Frames on it are always counted."""
    namespace = ready.namespace
    namespace.veth(OTHER, peer, OTHER_PEER)
    begin(ready, two(INTERFACE, ""))
    edge = namespace.xdp_program(INTERFACE)
    reload_to(ready, two(INTERFACE, OTHER), "inner: chain added", "inner.10: count 1.0.0 added",
              f"inner: {OTHER} attached (native)")
    inner = namespace.xdp_program(OTHER)
    assert inner not in (0, edge) and namespace.xdp_program(INTERFACE) == edge
    with Sender(peer, PEER, rate=300) as sender:
        wait_for(lambda: ready.chain()["packets"] > 0, "the first frames")
        reload_to(ready, two("z0", f"{OTHER}, {INTERFACE}"), "edge: z0 does not exist yet, waiting",
                  f"inner: {INTERFACE} taken over from chain edge")
        assert namespace.xdp_program(INTERFACE) == inner
        wait_for(lambda: ready.chain("inner")["packets"] > 0, "frames in the other chain")
        reload_to(ready, two(INTERFACE, OTHER), f"edge: {INTERFACE} taken over from chain inner",
                  "edge: z0 no longer waited for")
        assert namespace.xdp_program(INTERFACE) == edge
        ids = programs(ready)
        renamed = two(INTERFACE, OTHER).replace("edge", "front")
        reload_to(ready, renamed, "front: chain renamed, was edge")
        assert namespace.xdp_program(INTERFACE) == edge and programs(ready, "front") == ids
        reload_to(ready, two(INTERFACE, OTHER), "edge: chain renamed, was front")
        sent = sender.stop()
    # A frame that had found the interface bare would be in neither.
    wait_for(lambda: sum(ready.chain(name)["packets"] for name in ("edge", "inner")) == sent, f"all {sent} frames to be counted")
    reload_to(ready, two(INTERFACE, ""), "inner: chain removed", f"inner: {OTHER} detached",
              allow_bare=True)
    assert namespace.xdp_program(OTHER) == 0 and namespace.xdp_program(INTERFACE) == edge


def has_frags():
    """Linux 5.18."""
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int(minor)) >= (5, 18)


def test_frags(ready):
    """Another `frags` is another dispatcher; the link stays, and so does what was counted."""
    if not has_frags():
        pytest.skip("XDP with packets in several buffers needs Linux 5.18")
    namespace = ready.namespace
    begin(ready, chain((10, "count"), classify()))
    inject(namespace, INTERFACE, 64)
    before = namespace.xdp_program(INTERFACE)
    reload_to(ready, chain((10, "count"), classify(), frags="yes"), "edge: new dispatcher, frags = yes",
              "edge.10: count 1.0.0, loaded again", "edge.90: classify 1.0.0, loaded again",
              f"edge: {INTERFACE} taken over from chain edge")
    assert namespace.xdp_program(INTERFACE) not in (0, before)
    inject(namespace, INTERFACE, 64)
    assert ready.chain()["packets"] == 128 and ready.slot(10)["seen"] == 128
    assert list(ready.slot(90)["status"].values()) == ["128"]
    reload_to(ready, chain((10, "count"), classify()), "edge: new dispatcher, frags = no",
              "edge.10: count 1.0.0, loaded again", "edge.90: classify 1.0.0, loaded again",
              f"edge: {INTERFACE} taken over from chain edge")


def xdp_mode(namespace):
    """1 native, 2 generic, as the kernel numbers them."""
    return namespace.link(INTERFACE)["xdp"]["mode"]


def test_mode(ready):
    """generic is generic; changing it needs permission to leave the interface bare, and then happens."""
    begin(ready, chain((10, "count"), mode="generic"))
    ready.rest()
    namespace = ready.namespace
    assert xdp_mode(namespace) == 2 and ready.chain()["interfaces"][0]["mode"] == "generic"
    ids, generation = programs(ready), ready.chain()["generation"]
    ready.write(chain((10, "count")))
    assert ready.reload()[0] == 78 and xdp_mode(namespace) == 2
    done = ready.ctl("reload", "--allow-detach")
    assert done.returncode == 0
    assert json.loads(done.stdout)["changed"] == [f"edge: {INTERFACE} detached and attached again (native)"]
    assert xdp_mode(namespace) == 1 and programs(ready) == ids and ready.chain()["generation"] == generation
    assert ready.chain()["interfaces"][0] | {"ifindex": 0} == {
        "name": INTERFACE, "ifindex": 0, "mode": "native", "attach": "link", "state": "attached", "reason": None}


def test_files(ready, tmp_path):
    """conf.d in order; a rules file or a plugin file that changed though no INI line did; one that only looks so."""
    rules = tmp_path / "rules"
    rules.write_text("allow any\n")
    begin(ready, chain((10, "acl", {"rules": rules}), (20, "count")))
    late = ready.conf.parent / "zz.ini"
    late.write_text("[slot edge.15]\nplugin = trouble\n")
    assert ready.must_reload()["changed"] == ["edge.15: trouble 1.0.0 added"]
    (ready.conf.parent / ".hidden.ini").write_text("[nonsense\n")
    (ready.conf.parent / "zz.ini.old").write_text("[nonsense\n")
    assert ready.must_reload()["result"] == "unchanged"
    ids = programs(ready)
    rules.write_text("deny any\n")
    assert ready.must_reload()["changed"] == ["edge.10: acl, other parameters"]
    assert outcome(ready, 10) == "drop"
    assert {number: ids[number] == one for number, one in programs(ready).items()} == {10: False, 15: True, 20: True}
    ids = programs(ready)
    rules.touch()
    assert ready.must_reload()["result"] == "unchanged" and programs(ready) == ids
    ready.plugin("trouble", "v2")
    assert ready.must_reload()["changed"] == ["edge.15: trouble 1.0.0 -> 2.0.0"]
    with open(ready.plugins / "trouble.so", "ab") as file:
        file.write(b"\0")
    assert ready.must_reload()["changed"] == ["edge.15: trouble 2.0.0, another build of it"]
    late.unlink()
    assert ready.must_reload()["changed"] == ["edge.15: trouble 2.0.0 removed"]
    assert {number: ids[number] == one for number, one in programs(ready).items()} == {10: True, 20: True}


@pytest.fixture
def gate(tmp_path):
    """What a reload waits at whose files have been read: see trouble.c."""
    path = tmp_path / "gate"
    yield path
    path.unlink(missing_ok=True)


def test_signals(ready, gate):
    """Hangups during a reload make one more, whatever their number; a request during it is served by that one."""
    begin(ready, chain((10, "trouble")))
    ready.write(chain((10, "trouble", {"gate": gate})))
    before = ready.log().count("reloading")
    ready.kill(signal.SIGHUP)
    wait_for(gate.exists, "the reload to be under way")
    ready.write(chain((10, "trouble")))
    for _ in range(5):
        ready.kill(signal.SIGHUP)
        ready.heard()
    with ready.ask("Reload", settle=True) as request:
        ready.heard()
        assert ready.status()["host"]["reloads"] == 0
        gate.unlink()
        assert ready.answer(request)["changed"] == ["edge.10: trouble, other parameters"]
    assert ready.status()["host"]["reloads"] == 2 and ready.status()["host"]["failed_reloads"] == 0
    assert ready.log().count("reloading") == before + 2


def test_who_asked_is_in_the_log(ready, gate):
    """Of every change: the uid, the pid and the way, in the line that tells of it; of merged reloads everybody."""
    me = f"uid 0, pid {os.getpid()}"
    begin(ready, chain((10, "count")))
    assert "asked for" not in ready.log()
    ready.write(chain((10, "trouble", {"gate": gate})))
    ready.kill(signal.SIGHUP)
    wait_for(gate.exists, "the reload to be under way")
    ready.write(chain((10, "count"), (20, "count")))
    with ready.ask("Reload", settle=True) as request:
        ready.heard()
        ready.kill(signal.SIGHUP)
        ready.heard()
        gate.unlink()
        assert ready.answer(request)["result"] == "ok"
    ready.write(chain((10, "count")))
    ready.must_reload()
    ready.call("Bypass", chain="edge", on=True)
    ready.call("Rollback", confirm=60)
    ready.call("Confirm")
    ready.write("[chain\n")
    assert ready.reload()[0] == 78
    ready.call("Clean", all=True)
    assert ready.stop() == 0
    for line in (rf"reloading \S+, asked for by {me} with SIGHUP\n",
                 rf"reloading \S+, asked for by {me} over the socket\n",
                 rf"reloading \S+, asked for by {me} over the socket; by {me} with SIGHUP\n",
                 rf"chain edge is bypassed now.*, asked for by {me} over the socket\n",
                 rf"going back to the configuration kept in \S+, asked for by {me} over the socket\n",
                 rf"the configuration is confirmed, asked for by {me} over the socket\n",
                 r"reload refused, 1 error; the running configuration stays, asked for by uid 0, pid \d+ over the socket\n",
                 rf"chain edge: taken off by \"xslotctl clean\".*, asked for by {me} over the socket\n",
                 rf"stopping, asked for by {me} with SIGTERM\n"):
        assert len(re.findall(line, ready.log())) == 1, f"{line}:\n{ready.log()}"


def waits_for_reply(process):
    """It has asked the host and sleeps where a Unix socket is read."""
    with open(f"/proc/{process.pid}/wchan", encoding="utf-8") as wchan:
        return wchan.read().startswith("unix_stream")


def ended(host):
    """How many reloads are over, with all that comes after the reply."""
    return host.log().count("info: done\n")


def test_reply_when_it_is_live(ready, gate):
    """Who reloads waits neither for packets on their way nor for the old instance to go; unless they say so."""
    begin(ready, chain((10, "trouble")))
    wait_for(lambda: ended(ready) == 1, "the start to be over, which answers early too")
    pin, = bpffs(ready).glob("*/edge/slot/10")
    ready.write(chain((10, "trouble", {"settle": gate})))
    old, shown = programs(ready), os.readlink(pin)
    answer = ready.call("Reload")
    assert answer["result"] == "ok" and answer["changed"] == ["edge.10: trouble, other parameters"]
    assert programs(ready) != old and os.readlink(pin) != shown
    last = ready.status()["last_reload"]
    assert last == {key: answer[key] for key in last}
    wait_for(gate.exists, "the plugin to settle")
    assert ended(ready) == 1
    gate.unlink()
    ready.write(chain((10, "trouble")))
    assert ready.must_reload()["result"] == "ok" and ended(ready) == 3
    assert ready.status()["host"]["reloads"] == 2


def test_reply_when_a_program_is_off(ready, gate):
    """Who takes a program off an interface waits until it is."""
    text = chain((10, "trouble"))
    begin(ready, text)
    ready.write(text.replace(INTERFACE, "elsewhere") + f"settle = {gate}\n")
    process = ready.namespace.start(built("asan", "xslotctl"), "--socket", ready.socket, "reload", "--allow-bare",
                                    stdout=subprocess.PIPE)
    wait_for(gate.exists, "the plugin to settle")
    assert waits_for_reply(process)
    gate.unlink()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and not ready.namespace.xdp_program(INTERFACE)


def test_stopped_during_a_reload(ready, gate):
    """SIGTERM waits for the transaction that runs, refuses those that wait, and takes everything off."""
    begin(ready, chain((10, "trouble")))
    ready.write(chain((10, "trouble", {"gate": gate})))
    argv = [built("asan", "xslotctl"), "--socket", ready.socket, "--json", "reload"]
    first = ready.namespace.start(*argv, stdout=subprocess.PIPE, text=True)
    wait_for(gate.exists, "the reload to be under way")
    second = ready.namespace.start(*argv, stdout=subprocess.PIPE, text=True)
    wait_for(lambda: waits_for_reply(second), "another request")
    ready.heard()
    ready.kill(signal.SIGTERM)
    assert "stopping" in json.loads(second.communicate()[0])["errors"][0]["message"] and second.returncode == 1
    assert ready.process.poll() is None
    gate.unlink()
    assert json.loads(first.communicate()[0])["result"] == "ok" and first.returncode == 0
    assert ready.process.wait(PATIENCE) == 0
    assert "edge.10: trouble, other parameters" in ready.log()
    assert ready.namespace.xdp_program(INTERFACE) == 0
    done = ready.ctl("status")
    assert done.returncode == 69 and len(json.loads(done.stdout)["errors"]) == 1


def command(host, program, *arguments, user=None):
    argv = [built("asan", program), *arguments]
    if user:
        argv = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--", *argv]
    return host.namespace.run(*argv, check=False)


def test_check(ready):
    """`xslotctl check` and `xslotd --check` say what a reload would, and touch nothing."""
    begin(ready, chain((10, "count")))
    ready.rest()
    before = ready.chain()
    ready.write(chain((10, "count"), (20, "trouble")))
    done = ready.ctl("check", ready.ini)
    answer = json.loads(done.stdout)
    assert done.returncode == 0 and answer["verified_as"] == "extension"
    assert answer["errors"] == []
    assert answer["plan_of"] == "reload" and answer["plan"] == ["edge.20: trouble 1.0.0 added"]
    done = command(ready, "xslotd", "--check", "-c", ready.ini)
    assert done.returncode == 0 and done.stdout == f"{ready.ini}: good\n"
    ready.write(chain((10, "count"), (20, "trouble", {"unsafe": "yes"}), (30, "trouble", {"unsafe": "yes"})))
    done = ready.ctl("check", ready.ini)
    errors = json.loads(done.stdout)["errors"]
    assert done.returncode == 78 and [(e["file"], e["line"]) for e in errors] == [(str(ready.conf), 8), (str(ready.conf), 12)]
    assert all("verifier" in e["message"] for e in errors)
    done = command(ready, "xslotd", "--check", "-c", ready.ini)
    assert done.returncode == 78 and not done.stdout
    said = [line.split(" ")[0] for line in done.stderr.splitlines()]
    assert [word for word in said if word != "warning:"] == [f"{ready.conf}:8:", f"{ready.conf}:12:"]
    assert ready.chain() == before


def test_exit_codes(ready, tmp_path):
    """69 nobody there, 77 not allowed, 2 wrong usage, 1 for the rest."""
    begin(ready, chain((10, "count")))
    assert command(ready, "xslotctl", "--socket", tmp_path / "nowhere", "status").returncode == 69
    assert command(ready, "xslotctl", "--socket", ready.socket, "reload", user=1234).returncode == 77
    ready.socket.chmod(0o666)
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    assert command(ready, "xslotctl", "--socket", ready.socket, "status", user=1234).returncode == 0
    done = command(ready, "xslotctl", "--socket", ready.socket, "--json", "reload", user=1234)
    assert done.returncode == 77 and "root" in json.loads(done.stdout)["errors"][0]["message"]
    assert command(ready, "xslotctl", "--socket", ready.socket, "status", "nochain").returncode == 1
    for arguments in (["relod"], ["status", "a", "b"], ["reload", "--force"], []):
        assert command(ready, "xslotctl", "--socket", ready.socket, *arguments).returncode == 2, arguments
    assert command(ready, "xslotd", "--log-level", "loud").returncode == 2
    assert command(ready, "xslotd", "--frobnicate").returncode == 2
    assert ready.status()["host"]["reloads"] == 0

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""No accident with files takes a program off an interface, or all slots out of its chain: only who says so does.

Which changes bare is test-plan.c's; here are the files that lead to them, and what packets meet.
"""
import json

import pytest

from host import Host, wait_for
from sweep import Sweep, call_killed_at

HERE = ("x0", "x1", "x2")
EDGE = "[chain edge]\ninterfaces = x0, x1\n"
SLOTS = "[slot edge.10]\nplugin = count\n[slot edge.20]\nplugin = count\n"
LAB = "[chain lab]\ninterfaces = x2\n[slot lab.10]\nplugin = count\n"


class Wall:
    """A host with two chains, in three files, and how far the wall stands."""

    def __init__(self, host):
        self.host = host
        self.files = {"edge": EDGE, "slots": SLOTS, "lab": LAB}
        for name in HERE:
            host.namespace.run("ip", "link", "add", name, "type", "veth", "peer", "name", f"p{name}")
        host.plugin("count")
        self.restore()

    def path(self, name):
        return self.host.conf.parent / f"{name}.ini"

    def restore(self):
        for path in self.host.conf.parent.iterdir():
            path.unlink()
        for name, text in self.files.items():
            self.path(name).write_text(text)

    def stands(self):
        """What packets meet: each interface's program, and each chain's slots."""
        return ({name: self.host.namespace.xdp_program(name) for name in HERE},
                {chain["name"]: (chain["generation"], len(chain["slots"])) for chain in self.host.status()["chains"]})

    def refuses(self, *words, verb="reload"):
        """With --allow-bare in the error, and the file's way, and all of these words; nothing changes."""
        before = self.stands()
        done = self.host.ctl(verb)
        answer = json.loads(done.stdout)
        assert done.returncode == 78 and answer["result"] == "refused", answer
        text = "\n".join(f"{e['file']}:{e['line']}: {e['message']}" for e in answer["errors"])
        print(text)
        for word in (f'"xslotctl {verb} --allow-bare"', "detach = yes", *words):
            assert word in text, f"{word} is not in: {text}"
        assert self.stands() == before
        return answer["errors"]


@pytest.fixture
def wall(namespace, tmp_path):
    with Host(namespace, tmp_path) as host:
        yield Wall(host)


def test_accidents(wall):
    """Each is refused by reload and by signal, names every interface, and leaves everything as it is."""
    host = wall.host
    host.start()
    accidents = {
        "removed": (lambda: wall.path("lab").unlink(), "interface x2 would be left bare", "[chain lab], which was at"),
        "empty": (lambda: wall.path("lab").write_text(""), "interface x2 would"),
        "all empty": (lambda: [wall.path(name).write_text("") for name in wall.files], "interfaces x0, x1 would",
                      "interface x2 would"),
        "cut off behind the chain": (lambda: wall.path("lab").write_text(LAB.partition("[slot")[0]),
                                     "interface x2 would", "lab.ini:1: ", "would have no slots"),
        "slots in a file that is gone": (lambda: wall.path("slots").unlink(), "interfaces x0, x1 would", "edge.ini:1: "),
        "all disabled": (lambda: wall.path("slots").write_text(SLOTS.replace("count\n", "count\nenabled = no\n")),
                         "interfaces x0, x1 would", "runs 2 slots there"),
        "one of two": (lambda: wall.path("edge").write_text(EDGE.replace(", x1", "")), "interface x1 would", "edge.ini:1: ",
                       "interfaces = x1"),
        "other ones": (lambda: wall.path("edge").write_text(EDGE.replace("x0, x1", "y0, y1")), "interfaces x0, x1 would"),
        "a typo": (lambda: [wall.path("lab").write_text("[chain lba]\ninterfaces = x2\n")], "interface x2 would", "lba"),
        "split": (lambda: wall.path("edge").write_text(EDGE.replace(", x1", "") + "[chain more]\ninterfaces = x1\n"),
                  "interface x1 would", "chain more would have no slots"),
        "into one without slots": (lambda: (wall.path("lab").unlink(), wall.path("slots").unlink(),
                                            wall.path("edge").write_text(EDGE.replace("x1", "x1, x2"))),
                                   "interfaces x0, x1 would", "interface x2 would"),
        "a tombstone for another": (lambda: wall.path("lab").write_text("[chain la]\ndetach = yes\n"), "interface x2 would"),
        "a tombstone for one of two": (lambda: wall.path("edge").write_text("[chain edge]\ninterfaces = x0\ndetach = yes\n"),
                                       "interface x1 would"),
    }
    for name, (happens, *words) in accidents.items():
        print(f"-- {name}")
        happens()
        wall.refuses(*words)
        wall.restore()
    # By signal: what to do stands in the log.
    wall.path("lab").unlink()
    before, said = wall.stands(), host.log().count('"xslotctl reload --allow-bare"')
    host.hangup()
    assert wall.stands() == before and host.log().count('"xslotctl reload --allow-bare"') == said + 1
    assert host.status()["last_reload"]["result"] == "refused"
    # What does not bare goes through, though an accident was there before.
    wall.restore()
    assert host.must_reload()["result"] == "unchanged"
    wall.path("lab").write_text(LAB.replace("lab", "rim"))
    assert host.must_reload()["changed"][0] == "rim: chain renamed, was lab"
    wall.path("lab").unlink()
    wall.path("edge").write_text(EDGE.replace("x1", "x1, x2"))
    assert "edge: x2 taken over from chain rim" in host.must_reload()["changed"]
    assert host.namespace.xdp_program("x2") == host.namespace.xdp_program("x0")


def test_what_is_meant(wall):
    """By word or by file; back and forth; and a trial that runs out takes off what it promised to."""
    host, namespace = wall.host, wall.host.namespace
    host.start()
    wall.path("lab").unlink()
    code, answer = host.reload("--allow-bare")
    assert code == 0 and "lab: x2 detached" in answer["changed"] and namespace.xdp_program("x2") == 0
    # Back is no baring, forth is.
    assert host.call("Rollback")["result"] == "ok" and namespace.xdp_program("x2")
    wall.refuses("interface x2 would", verb="rollback")
    assert host.ctl("rollback", "--allow-bare").returncode == 0 and namespace.xdp_program("x2") == 0
    # A tombstone takes off, and stays.
    wall.path("lab").write_text(LAB)
    host.must_reload()
    wall.path("lab").write_text("[chain lab]\ndetach = yes\n[slot lab.10]\nplugin = count\n")
    before = namespace.xdp_program("x0")
    host.hangup()
    assert host.status()["last_reload"]["result"] == "ok" and namespace.xdp_program("x2") == 0
    assert host.must_reload()["result"] == "unchanged"
    wall.path("edge").write_text(EDGE.replace(", x1", "") + "[chain old]\ninterfaces = x1\ndetach = yes\n")
    host.hangup()
    assert namespace.xdp_program("x1") == 0 and namespace.xdp_program("x0") == before
    # It allows what it names, and nothing else.
    wall.path("slots").write_text("")
    wall.refuses("interface x0 would")
    # Nobody confirms a chain that is new: it is taken off again.
    wall.restore()
    assert host.call("Reload", confirm=1)["result"] == "ok"
    wait_for(lambda: host.status()["configuration"]["held"] == "unconfirmed", "the host to go back")
    assert namespace.xdp_program("x1") == 0 and namespace.xdp_program("x0") == before
    # The kernel takes away what it likes.
    wall.restore()
    host.must_reload()
    namespace.run("ip", "link", "del", "x2")
    wall.path("lab").unlink()
    assert host.must_reload()["result"] == "ok"
    namespace.run("ip", "link", "set", "x1", "down")
    namespace.run("ip", "link", "set", "x1", "name", "z1")
    wall.path("edge").write_text(EDGE.replace(", x1", ""))
    assert host.must_reload()["result"] in ("ok", "unchanged")


def held(host):
    configuration = host.status()["configuration"]
    return configuration["held"], "\n".join(configuration["reasons"])


def programs(host):
    return [slot["program_id"] for chain in host.status()["chains"] for slot in chain["slots"]]


def test_starts(wall):
    """What runs is kept whole, or, where nothing runs, what was accepted last; until a word, or a file, says otherwise."""
    host, namespace = wall.host, wall.host.namespace
    host.on_stop("keep")
    host.start()
    before, instances = wall.stands(), programs(host)

    def starts_held(*words):
        host.start()
        how, why = held(host)
        assert how == "bare" and all(word in why for word in words), why
        for word in words:
            assert word in host.log()
        assert host.status()["last_reload"]["result"] in ("ok", "unchanged")

    # One file is lost, another was edited: of neither anything is seen, and no program is another one.
    assert host.stop() == 0
    wall.path("lab").unlink()
    wall.path("edge").write_text(EDGE + "final = drop\n")
    starts_held("interface x2 would be left bare", "[chain lab], which was at", "lab.ini:1")
    assert wall.stands() == before and programs(host) == instances and host.chain()["final"] == "pass"
    # Through a crash and a signal.
    host.murder()
    host.start()
    assert held(host)[0] == "bare" and programs(host) == instances
    host.hangup()
    assert host.status()["last_reload"]["result"] == "refused" and held(host)[0] == "bare"
    assert wall.stands() == before
    wall.path("lab").write_text(LAB)
    host.hangup()
    assert held(host) == (None, "") and host.chain()["final"] == "drop"
    # All slots are lost; and the record's disk is none the wiser when nobody asked.
    assert host.stop() == 0
    wall.path("slots").write_text("")
    starts_held("interfaces x0, x1 would be left bare")
    assert len(host.chain()["slots"]) == 2
    # The files say so: no hold.
    wall.restore()
    host.must_reload()
    assert host.stop() == 0
    wall.path("lab").write_text("[chain lab]\ndetach = yes\n")
    host.start()
    assert held(host)[0] is None and namespace.xdp_program("x2") == 0
    # Nothing runs, as after a reboot, and no file has a chain.
    wall.restore()
    host.on_stop("detach")
    host.must_reload()
    assert host.stop() == 0 and namespace.xdp_program("x0") == 0
    for name in wall.files:
        wall.path(name).write_text("")
    starts_held("there is no chain in the files, and the last configuration had edge, lab")
    assert all(namespace.xdp_program(name) for name in HERE) and len(host.chain()["slots"]) == 2
    code, answer = host.reload("--allow-bare")
    assert code == 0 and not any(namespace.xdp_program(name) for name in HERE), answer
    assert host.stop() == 0
    host.start()
    assert held(host)[0] is None and host.status()["chains"] == []
    # Nothing is kept: what runs is minded, and the reload that would help is named.
    wall.restore()
    host.on_stop("keep")
    host.must_reload()
    before, instances = wall.stands(), programs(host)
    assert host.stop() == 0
    namespace.run("rm", "-rf", host.directory / "state")
    wall.path("lab").unlink()
    host.start()
    last = host.status()["last_reload"]
    assert last["result"] == "refused" and "interface x2 would be left bare" in last["errors"][0]["message"]
    assert wall.stands() == before and programs(host) == instances
    host.on_stop("detach")
    assert host.reload("--allow-bare")[0] == 0 and namespace.xdp_program("x2") == 0 and namespace.xdp_program("x0")


def test_crashes_and_disks(wall):
    """A crash makes no edit live. A full disk keeps nobody from putting back what is held or off, and status tells of it."""
    host, namespace = wall.host, wall.host.namespace
    state = host.directory / "state"
    state.mkdir(mode=0o700)
    namespace.run("mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs", state)
    try:
        host.on_stop("keep")
        host.start()
        instances = programs(host)
        wall.path("edge").write_text(EDGE + "final = drop\n")
        wall.path("new").write_text("[slot edge.30]\nplugin = count\n")
        host.murder()
        host.start()
        how, why = held(host)
        assert how == "crash" and why == f"{wall.path('edge')} differs from what was loaded\n{wall.path('new')} is new"
        assert f"error: {wall.path('new')} is new" in host.log()
        assert host.chain()["final"] == "pass" and programs(host) == instances
        host.hangup()
        assert held(host) == (None, "") and host.chain()["final"] == "drop" and len(host.chain()["slots"]) == 3
        # Nothing was edited; and after a clean stop what was edited counts.
        host.murder()
        host.start()
        assert held(host)[0] is None and host.status()["last_reload"]["result"] == "unchanged"
        assert host.stop() == 0
        wall.path("edge").write_text(EDGE)
        host.start()
        assert held(host)[0] is None and host.chain()["final"] == "pass"
        # Held and off, with a disk that takes nothing more.
        assert host.call("Rollback")["result"] == "ok" and held(host)[0] == "rollback"
        host.call("Clean", chain="lab")
        namespace.run("sh", "-c", f"dd if=/dev/zero of={state}/full bs=4k 2>/dev/null; echo >>{state}/full", check=False)
        wall.path("edge").write_text(EDGE + "on_gap = drop\n")
        answer = host.must_reload()
        assert "lab: chain added" in answer["changed"] and host.chain()["on_gap"] == "drop", answer
        configuration = host.status()["configuration"]
        assert configuration["held"] is None and "No space left on device" in configuration["problem"]
        assert "a restart goes back to the configuration that was held" in host.log()
        (state / "full").unlink()
        assert host.must_reload()["result"] == "unchanged"
        assert host.status()["configuration"]["problem"] is None
        host.murder()
        host.start()
        assert held(host)[0] is None and host.chain()["on_gap"] == "drop"
        host.on_stop("detach")
        host.must_reload()
        assert host.stop() == 0
        state.chmod(0o777)
        host.start()
        assert "users other than root can write the state folder" in host.status()["configuration"]["problem"]
        assert host.stop() == 0
    finally:
        namespace.run("umount", "-l", state)


def test_kill_sweep(namespace, tmp_path):
    """A reload that is allowed to bare, cut off at any call: all of it, or all of what was, held; never a mixture."""
    with Host(namespace, tmp_path, build="plain") as host:
        wall, sweep, undone = Wall(host), Sweep("bare", 6), 0
        host.on_stop("keep")
        host.start()
        for number in sweep:
            wall.path("lab").unlink()
            wall.path("edge").write_text(EDGE + "final = drop\n")
            if call_killed_at(host, number, "Reload", settle=True, allow_bare=True):
                host.start()
            else:
                sweep.came_to_its_end()
            found = held(host)[0], bool(namespace.xdp_program("x2")), host.chain()["final"]
            assert found in ((None, False, "drop"), ("crash", True, "pass")), f"after call {number}"
            undone += found[1]
            assert len(host.chain()["slots"]) == 2 and namespace.xdp_program("x0")
            wall.restore()
            host.must_reload()
        sweep.over(f"{undone} undone")
        host.on_stop("detach")
        host.must_reload()

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""No accident with files takes a program off an interface, or all slots out of its chain: only who says so does.

Which changes bare is test-plan.c's; here are the files that lead to them, and what packets meet.
"""
import json

import pytest

from host import Host, wait_for

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
                                     "interface x2 would", "lab.ini:1: ", "would have none"),
        "slots in a file that is gone": (lambda: wall.path("slots").unlink(), "interfaces x0, x1 would", "edge.ini:1: "),
        "all disabled": (lambda: wall.path("slots").write_text(SLOTS.replace("count\n", "count\nenabled = no\n")),
                         "interfaces x0, x1 would", "runs 2 slots there"),
        "one of two": (lambda: wall.path("edge").write_text(EDGE.replace(", x1", "")), "interface x1 would", "edge.ini:1: ",
                       "interfaces = x1"),
        "other ones": (lambda: wall.path("edge").write_text(EDGE.replace("x0, x1", "y0, y1")), "interfaces x0, x1 would"),
        "a typo": (lambda: [wall.path("lab").write_text("[chain lba]\ninterfaces = x2\n")], "interface x2 would", "lba"),
        "split": (lambda: wall.path("edge").write_text(EDGE.replace(", x1", "") + "[chain more]\ninterfaces = x1\n"),
                  "interface x1 would", "chain more would have none"),
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

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""`xslotctl extend`: a function of somebody else's running program, filled, listed and given back; no host needed."""
import datetime
import json
import os
import platform
import subprocess

import pytest

from frames import Receiver, Sender
from host import Host, built, wait_for
from neighbour import Neighbour, neighbour_object

DEVICE = "e0"
FRAMES = 40
TELLS = tuple(map(int, platform.release().split(".")[:2])) >= (5, 13)  # does a link tell its target?


class Extend:
    def __init__(self, namespace, directory):
        self.namespace = namespace
        self.ini = directory / "extend.ini"
        self.bpffs = f"/sys/fs/bpf/fill-{os.getpid()}"
        self.ini.write_text(f"[host]\nbpffs = {self.bpffs}\n")

    def run(self, *arguments):
        return self.namespace.run(built("plain", "xslotctl"), "--config", self.ini, "extend", *arguments, check=False)

    def fill(self, target, function="judge", *more, program="drop_all"):
        return self.run(f"{neighbour_object()}:{program}", "--target", target, "--function", function, *more)

    def refused(self, code, words, *arguments, **options):
        done = self.fill(*arguments, **options)
        print(done.stderr.strip())
        assert done.returncode == code and words in done.stderr

    def list(self):
        done = self.run("--list", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["extensions"]

    def detach(self, name):
        done = self.run("--detach", name)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def extend(namespace, peer, tmp_path):
    namespace.veth(DEVICE, peer, "e1")
    tool = Extend(namespace, tmp_path)
    yield tool
    for entry in tool.list():
        tool.detach(entry["name"])
    for folder in ("extend", ""):
        os.rmdir(os.path.join(tool.bpffs, folder))


def passes(namespace, peer, wanted):
    """Do so many of FRAMES frames come through to the interface?"""
    with Receiver(namespace, DEVICE) as receiver:
        with Sender(peer, "e1", packets=FRAMES, rate=200) as sender:
            sender.wait()
        return sum(receiver.stop(wanted).values()) == wanted


def loaded(program_id):
    done = subprocess.run(["bpftool", "prog", "show", "id", str(program_id)], capture_output=True, check=False)
    return done.returncode == 0


def test_filled_and_given_back(extend, namespace, peer):
    with Neighbour(namespace, "link", DEVICE, "ask") as there:
        assert passes(namespace, peer, FRAMES)
        done = extend.fill(there.program_id)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("drop_all: program drop_all (id ")
        assert done.stdout.endswith(f") fills judge() of program ask (id {there.program_id})\n")
        assert passes(namespace, peer, 0)

        entry, = extend.list()
        since = datetime.datetime.fromisoformat(entry["since"].replace("Z", "+00:00"))
        assert abs((datetime.datetime.now(datetime.timezone.utc) - since).total_seconds()) < 3600
        assert (entry["name"], entry["program"], entry["state"]) == ("drop_all", "drop_all", "live")
        if TELLS:
            assert (entry["target"], entry["target_id"], entry["function"]) == ("ask", there.program_id, "judge")
        table = extend.run("--list").stdout
        assert "NAME" in table and "drop_all" in table and "live" in table

        extend.refused(1, f"pinned to {extend.bpffs}/extend/drop_all", there.program_id, "judge", "--name", "other")
        assert [e["name"] for e in extend.list()] == ["drop_all"] and passes(namespace, peer, 0)

        assert "no longer fills judge() of program ask" in extend.detach("drop_all") or not TELLS
        assert extend.list() == [] and passes(namespace, peer, FRAMES)
        # The main entry is a global function too; and the target's name will do.
        done = extend.fill("ask", "ask", "--name", "all-of-it", "--json")
        assert done.returncode == 0 and json.loads(done.stdout)["extension"]["name"] == "all-of-it"
        assert passes(namespace, peer, 0)
        extend.detach("all-of-it")
        assert passes(namespace, peer, FRAMES)


def test_refused(extend, namespace, peer):
    with Neighbour(namespace, "link", DEVICE, "ask") as there:
        target = there.program_id
        extend.refused(1, "there is no program with id 999999", 999999)
        extend.refused(1, 'there is no program called "nobody"', "nobody")
        extend.refused(1, f"{extend.bpffs}/nothing", f"{extend.bpffs}/nothing")
        extend.refused(1, "functions that can be replaced: ask, judge", target, "jugde")
        extend.refused(1, "drop_all", target, program="drop_none")
        extend.refused(1, '"a.b" cannot name an extension', target, "judge", "--name", "a.b")
        done = extend.run("--detach", "nothing")
        assert done.returncode == 1 and 'no extension called "nothing"; there are: none' in done.stderr
        for usage in ((), ("--detach",), ("--list", "x"), (neighbour_object(),), (neighbour_object(), "--target", target)):
            assert extend.run(*usage).returncode == 2, usage
        nobody = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", built("plain", "xslotctl"), "--config", extend.ini]
        done = namespace.run(*nobody, "extend", "--list", check=False)
        assert done.returncode == 77 and "CAP_" in done.stderr
        namespace.veth("f0", peer, "f1")
        with Neighbour(namespace, "link", "f0", "ask") as other:
            extend.refused(1, f'2 programs are called "ask"; name one by its id: {target}, {other.program_id}', "ask")
            assert extend.fill(target).returncode == 0
            extend.refused(1, 'an extension called "drop_all" already', other.program_id)
            done = extend.run("--detach", "nothing")
            assert "there are: drop_all" in done.stderr
        assert passes(namespace, peer, 0)


@pytest.mark.skipif(not TELLS, reason="a link tells its target since Linux 5.13")
def test_target_goes(extend, namespace):
    """What filled a program that nobody else has any more shows as unused, and goes with it."""
    with Neighbour(namespace, "link", DEVICE, "ask") as there:
        assert extend.fill(there.program_id).returncode == 0
    wait_for(lambda: extend.list()[0]["state"] == "unused", "its end to be seen")
    assert loaded(there.program_id)  # by the extension alone
    extend.detach("drop_all")
    wait_for(lambda: not loaded(there.program_id), "the target to go")


def test_beside_a_host(extend, namespace, peer, link, tmp_path):
    """A host that shares the folder takes it for no chain, and clean leaves it alone."""
    with Neighbour(namespace, "link", DEVICE, "ask") as there:
        assert extend.fill(there.program_id).returncode == 0
        (tmp_path / "host").mkdir()
        with Host(namespace, tmp_path / "host", build="plain") as host:
            host.ini.write_text(host.ini.read_text().partition("bpffs")[0] + f"bpffs = {extend.bpffs}\n")
            host.write("[chain edge]\ninterfaces = x0\n")
            host.start()
            assert [c["name"] for c in host.status()["chains"]] == ["edge"]
            assert "extend" not in host.log()
            assert host.stop() == 0
            namespace.run(built("plain", "xslotctl"), "--config", host.ini, "clean", "--all")
        assert passes(namespace, peer, 0)
        assert [e["name"] for e in extend.list()] == ["drop_all"]

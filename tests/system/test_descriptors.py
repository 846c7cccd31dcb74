# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""How many file descriptors a host holds, and that few are enough for much."""
import os
import re
from pathlib import Path

import pytest

from chains import INTERFACE, chain, classify, stamp
from frames import inject
from host import Host
from objects import objects_at_rest, wait_for_objects
from shapes import shape

OWN = 20  # of a host without a chain: files, sockets, its loop
A_CHAIN = 4  # folder, program, counters, manifest
LIMIT = 300


class Limited(Host):
    """With a limit of its own, soft and hard: it raises the soft one."""

    limit = None

    def argv(self):
        return [*(["prlimit", f"--nofile={self.limit}"] if self.limit else []), *super().argv()]

    def descriptors(self):
        """As they are at rest, after every plugin's status was asked for; without sockets, of which one may still be ours."""
        self.rest()
        return sum(self.is_file(entry) for entry in Path(f"/proc/{self.pid()}/fd").iterdir())

    @staticmethod
    def is_file(entry):
        try:
            return not os.readlink(entry).startswith("socket:")
        except FileNotFoundError:  # our own connection, closed meanwhile
            return False


@pytest.fixture
def host(namespace, link, tmp_path):
    """The plain build: a sanitizer has files of its own."""
    with Limited(namespace, tmp_path, build="plain") as h:
        for name in ("stamp", "classify"):
            h.plugin(name, "v1")
        h.plugin("object")
        yield h


def stamps(n):
    return [stamp(number, number % 15 + 1) for number in range(1, n + 1)]


def many(number):
    """A slot of 40 maps."""
    return (number, "object", {"object": shape("many")})


def test_bounds(host, namespace):
    """A slot takes its link, and each map that its plugin asks for; an interface its link."""
    host.on_stop("keep")

    def run(text):
        host.write(text)
        host.must_reload(allow_bare=True) if host.process else host.start()
        return host.descriptors()

    empty = run(chain())
    assert empty <= OWN + A_CHAIN + 1
    one = run(chain(*stamps(1)))
    of_stamp = run(chain(*stamps(5))) - one
    of_classify = run(chain(*stamps(5), classify(90), classify(91))) - run(chain(*stamps(5), classify(90)))
    of_many = run(chain(*stamps(5), many(50), many(51))) - run(chain(*stamps(5), many(50)))
    before = run(chain(*stamps(5), classify(90)))
    namespace.run("ip", "link", "add", "more0", "type", "dummy")
    more = "[chain more]\nmode = generic\ninterfaces = more0\n"
    of_chain = run(chain(*stamps(5), classify(90)) + more) - before
    print(f"descriptors: {empty} a host with one chain and one interface, {of_chain - 1} each further chain, 1 an interface; a slot of "
          f"stamp {of_stamp / 4:.0f}, of classify, whose status reads a map, {of_classify}, of an object with 40 maps {of_many}")
    assert (of_stamp, of_classify, of_many, of_chain) == (4, 2, 1, A_CHAIN + 1)
    before = run(chain(*stamps(5), classify(90)))
    host.stop()
    host.start()
    assert host.descriptors() <= before, "adopted"
    for version in ("v2", "v1", "v2"):
        host.plugin("stamp", version)
        host.must_reload()
    # classify runs on, and holds the configuration that it was made from, with the other build of stamp.
    assert host.descriptors() <= before + 1, "replaced"
    host.on_stop("detach")
    host.must_reload()


def test_full_chain_under_a_low_limit(host):
    """32 slots of 40 maps each or of a plugin: started, adopted, replaced all at once, and fused, with 300 descriptors."""
    host.limit = LIMIT
    host.fuse = True
    host.on_stop("keep")
    host.write(chain(*stamps(30), many(50), classify(90)))
    host.start()
    host.rest()
    assert host.chain()["tier"] == "fused", host.log()
    host.stop()
    host.start()
    assert "adopted chain edge" in host.log()
    for name in ("stamp", "classify"):
        host.plugin(name, "v2")
    assert len(host.must_reload()["changed"]) >= 31
    host.rest()
    assert host.chain()["tier"] == "fused", host.log()
    assert "Too many open files" not in host.log()
    host.on_stop("detach")
    host.must_reload()


def folder():
    """Of the only chain."""
    return next(Path(f"/sys/fs/bpf/xslot-{os.getpid()}").rglob("manifest")).parent


def test_what_cannot_be_opened(host, namespace):
    """Someone removes a pin, and then no descriptor is left: what runs stays as it is, and the host says why."""
    host.fuse = True
    host.write(chain(stamp(1, 1), stamp(2, 2), classify(90)))
    host.start()
    host.rest()
    assert host.chain()["tier"] == "fused", host.log()
    pin = (folder() / "slot/2").resolve() / "program"
    pin.unlink()
    host.write(chain(stamp(1, 1), stamp(2, 2), classify(90, drop=False)))
    host.must_reload()
    host.rest()
    assert host.chain()["tier"] == "slots"
    assert f"{pin} of the running instance: someone removed it" in host.chain()["tier_reason"]
    # A slot that moves is put into another stub.
    before = host.chain()["slots"]
    host.write(chain(stamp(2, 2), classify(90, drop=False)))
    code, answer = host.reload()
    assert code and f"{pin} of the running instance: someone removed it" in str(answer)
    assert [slot["program_id"] for slot in host.chain()["slots"]] == [slot["program_id"] for slot in before]
    advice = re.search(f"bpftool prog pin id [0-9]+ {pin}", str(answer)).group().split()
    namespace.run(*advice)
    host.must_reload()
    host.rest()
    assert host.chain()["tier"] == "fused", host.log()
    # Its status reads a map that nobody asked for yet.
    host.write(chain(stamp(2, 2), classify(90)))
    with host.ask("Reload", settle=True) as client:
        assert Host.answer(client)["result"] == "ok"
        for _ in range(2):  # as rest(), which asks for the status
            Host.call_again(client, "Bypass", chain="edge", on=False)
        with host.no_descriptors():
            for _ in range(2):
                status = Host.call_again(client, "Status")["chains"][0]["slots"][1]["status"]
                assert "Too many open files" in status["error"]
    assert host.log().count("map trails: ") == 1
    assert host.slot(90)["status"] == {}


@pytest.mark.parametrize("which", ["program", "link_*"])
def test_back_and_off_without_a_pin(host, namespace, which):
    """Someone removes a pin of the slot that stays: a rollback does not need it, and what is taken off is gone all the same."""
    empty = objects_at_rest()
    host.write(chain(stamp(1, 1), classify(90)))
    host.start()
    host.write(chain(stamp(1, 1), classify(90, drop=False)))
    host.must_reload()
    stays = host.slot(1)["program_id"]
    gone = list((folder() / "slot/1").resolve().glob(which))
    assert gone
    for pin in gone:
        pin.unlink()
    assert host.call("Rollback")["result"] == "ok"
    assert host.slot(1)["program_id"] == stays
    inject(namespace, INTERFACE, 8)
    assert host.slot(90)["verdicts"]["drop"] == 8
    off = host.ctl("clean", "edge")
    assert off.returncode == 0 and host.status()["off"] == ["edge"], off
    assert namespace.xdp_program(INTERFACE) == 0
    host.stop()
    wait_for_objects(empty, "without the pin")

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""xslotctl bypass: every packet gets `final`, nothing is unloaded, all is counted, and nothing makes it go away."""
import json

import pytest

from chains import INTERFACE, chain, classify, slow, stamp, trails
from frames import Injector, inject
from host import Host, built, wait_for
from sweep import Sweep, call_killed_at

READS = 400  # what a packet spends in front, so that each swap finds one on its way


@pytest.fixture
def host(request, namespace, link, tmp_path):
    """The dataplane outlives this host."""
    with Host(namespace, tmp_path, build=getattr(request, "param", "asan")) as h:
        h.on_stop("keep")
        for name in ("slow", "stamp", "classify"):
            h.plugin(name, "v1")
        yield h
        h.on_stop("detach")
        if h.process.poll() is None:
            h.must_reload()


def configure(host, **keys):
    host.write(chain(slow(10, READS, clear=True), stamp(20, 1), stamp(30, 2), classify(), **keys))


def bypass(host, on):
    return host.call("Bypass", chain="edge", on=on)


def seen(host):
    return [slot["seen"] for slot in host.chain()["slots"]]


def test_under_traffic(host):
    """On and off, killed while on: each packet met all slots or none, and each is counted once."""
    configure(host)
    host.start()
    programs = [slot["program_id"] for slot in host.chain()["slots"]]
    with Injector(host.namespace, INTERFACE, threads=1) as injector:
        for turn in range(10):
            wait_for(lambda: host.chain()["packets"] > 0, "packets")
            assert bypass(host, True)["changed"]
            if turn % 5 == 3:
                host.murder()
                host.start()
                assert host.status()["last_reload"]["result"] == "unchanged"
            assert host.chain()["bypass"]
            before, packets = seen(host), host.chain()["packets"]
            wait_for(lambda: host.chain()["packets"] > packets, "packets that pass by")
            assert seen(host) == before
            assert bypass(host, False)["changed"]
            wait_for(lambda: seen(host)[3] > before[3], "packets in the slots again")
        injected = injector.stop()
    status = host.chain()
    assert status["packets"] == injected
    assert seen(host) == [seen(host)[0]] * 4 and 0 < seen(host)[0] < injected
    assert trails(host) == {"1112": seen(host)[0]}
    assert status["slots"][3]["verdicts"]["drop"] == seen(host)[3]
    assert status["gap_packets"] == 0 and status["bad_verdicts"] == 0
    assert [slot["program_id"] for slot in status["slots"]] == programs


def test_reloads_leave_it(host):
    """Other versions, a rename, a rebuild, no slots at all, restarts: still bypassed, and then all of it runs."""
    configure(host)
    host.start()
    bypass(host, True)

    def still(name="edge", packets=8):
        before = host.chain(name)["packets"]
        inject(host.namespace, INTERFACE, packets)
        status = host.chain(name)
        assert status["bypass"] and status["packets"] == before + packets
        assert all(slot["seen"] == 0 for slot in status["slots"])

    still()
    host.plugin("stamp", "v2")
    host.must_reload()
    still()
    host.write(host.conf.read_text().replace("edge", "rim"))
    host.must_reload()
    still("rim")
    assert host.log().count("chain rim is BYPASSED") == 1
    configure(host, frags="no")
    host.must_reload()
    host.write("[chain edge]\ninterfaces = x0\n")
    host.must_reload(allow_bare=True)
    host.murder()
    host.start()
    still()
    configure(host)
    host.must_reload()
    still()
    assert host.stop() == 0
    host.start()
    assert "chain edge is BYPASSED" in host.log().rpartition("adopted chain")[2]
    still()
    assert "lets them" not in bypass(host, False)["message"]
    inject(host.namespace, INTERFACE, 8)
    assert trails(host) == {"2122": 8} and seen(host) == [8] * 4


def test_rebuilt(host):
    """frags makes another dispatcher: bypassed too."""
    host.plugin("count")
    host.write(chain((10, "count")))
    host.start()
    bypass(host, True)
    host.write(chain((10, "count"), frags="yes"))
    code, answer = host.reload()
    if code and "frags" in json.dumps(answer):
        pytest.skip("this kernel knows no frags")
    inject(host.namespace, INTERFACE, 8)
    assert host.chain()["bypass"] and host.slot(10)["seen"] == 0 and host.chain()["packets"] == 8


def test_what_it_says(host):
    """To the caller, in the status, and in the log; and what it refuses."""
    configure(host)
    host.start()
    ctl = [built(host.build, "xslotctl"), "--socket", host.socket]

    def say(*arguments, code=0):
        done = host.namespace.run(*ctl, *arguments, check=False)
        assert done.returncode == code, done
        return done.stdout + done.stderr

    assert "BYPASS" not in say("status")
    text = say("bypass", "edge", "on")
    assert text.startswith("chain edge is bypassed now: every packet of it passes; its 4 slots stay loaded")
    assert text.strip() in host.log()
    assert "bypassed already" in say("bypass", "edge", "on")
    assert "BYPASS: every packet gets \"pass\" at once" in say("status")
    configure(host, final="drop")
    host.must_reload()
    assert "chain edge is BYPASSED: every packet of it is dropped (final = drop)" in host.log()
    assert "is dropped" in say("bypass", "edge", "on")
    assert "every packet gets \"drop\" at once" in say("status")
    assert say("bypass", "edge", "off").strip() == "chain edge runs its 4 slots again"
    assert "is not bypassed" in say("bypass", "edge", "off")
    assert "BYPASS" not in say("status")
    assert 'there is no chain "lab"' in say("bypass", "lab", "on", code=1)
    assert json.loads(host.ctl("bypass", "edge", "on").stdout)["changed"] is True
    host.socket.chmod(0o666)
    for parent in [host.directory, *host.directory.parents[:2]]:
        parent.chmod(0o755)
    denied = host.namespace.run("setpriv", "--reuid=1234", "--clear-groups", *ctl, "bypass", "edge", "off", check=False)
    assert denied.returncode == 77 and "Bypass is for root only" in denied.stderr
    assert host.chain()["bypass"]


@pytest.mark.parametrize("host", ["plain"], indirect=True)
def test_kill_sweep(host):
    """The host is killed at any system call of the change: on or off, and every packet is in the counts once."""
    configure(host)
    host.start()
    sweep = Sweep("bypass", 12)
    with Injector(host.namespace, INTERFACE, threads=1) as injector:
        wait_for(lambda: host.chain()["packets"] > 0, "packets")
        for number in sweep:
            on = not host.chain()["bypass"]
            if call_killed_at(host, number, "Bypass", chain="edge", on=on):
                host.start()
            else:
                sweep.came_to_its_end()
            assert host.chain()["gap_packets"] == 0
            assert len(set(seen(host))) == 1
        bypass(host, False)
        injected = injector.stop()
    status = host.chain()
    sweep.over(status["packets"], "packets")
    assert status["packets"] == injected and seen(host) == [seen(host)[0]] * 4
    assert trails(host) == {"1112": seen(host)[0]}

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Back to the configuration before: as it was read, whatever became of its files; asked for, or unconfirmed."""
import json
import signal
from pathlib import Path

import pytest

from chains import INTERFACE, chain, classify, slow, stamp, trails
from frames import Injector, inject
from host import Host, wait_for
from objects import objects_at_rest, wait_for_objects
from sweep import Sweep, call_killed_at, pins

READS = 100
LONG = 3600  # seconds: never over in a test


@pytest.fixture
def lasting(namespace, link, tmp_path):
    """A host of the plain build (a sanitizer may not run under a tracer), with on_stop = keep."""
    with Host(namespace, tmp_path, build="plain") as h:
        h.on_stop("keep")
        prepare(h)
        yield h
        h.on_stop("detach")
        if h.process.poll() is None:
            h.stop()
        (h.directory / "state/record").unlink(missing_ok=True)
        h.start()  # whatever the test left: take it off


def prepare(host):
    for name in ("slow", "classify"):
        host.plugin(name, "v1")


def configure(host, version="v1"):
    host.plugin("stamp", version)
    host.write(f"; {version}\n" + chain(slow(10, READS, clear=True), stamp(20, 1), stamp(30, 2), classify()))


def configuration(host):
    return host.status()["configuration"]


def programs(host):
    return [slot["program_id"] for slot in host.chain()["slots"]]


def version(host):
    return host.slot(20)["version"][0]


def kept(host, which="current"):
    """The folder, for reading a file of it by its own path."""
    return Path(configuration(host)[which])


def test_back_to_what_was_read(host):
    """Parameters, a plugin, a rules file and a snippet changed, then all of them were lost."""
    prepare(host)
    host.plugin("acl")
    rules, more = host.directory / "acl.rules", host.directory / "conf.d/more.ini"

    def write(stamp_version, ident, rule):
        host.plugin("stamp", stamp_version)
        rules.write_text(rule + "\n")
        host.write(chain(stamp(20, ident), classify()))

    write("v1", 1, "allow any")
    more.write_text(f"[slot edge.10]\nplugin = acl\nrules = {rules}\n")
    host.start()
    assert configuration(host)["previous"] is None
    inject(host.namespace, INTERFACE, 16)
    write("v2", 2, "deny 192.0.2.0/24")
    host.must_reload()
    inject(host.namespace, INTERFACE, 24)
    assert trails(host) == {"11": 16}
    assert host.slot(10)["verdicts"]["drop"] == 24
    assert kept(host, "previous").joinpath(str(rules)[1:]).read_text() == "allow any\n"

    for path in (rules, more, host.plugins / "stamp.so", host.plugins / "classify.so"):
        path.unlink()
    host.conf.write_text("nonsense\n")
    done = host.ctl("rollback")
    answer = json.loads(done.stdout)
    assert done.returncode == 0 and answer["result"] == "ok", answer
    assert len(answer["changed"]) == 2, answer
    inject(host.namespace, INTERFACE, 8)
    assert trails(host) == {"11": 24}
    assert version(host) == "1" and host.chain()["packets"] == 48
    assert configuration(host)["held"] == "rollback"
    assert kept(host).joinpath(str(rules)[1:]).read_text() == "allow any\n"
    assert "held on the configuration kept in" in host.log()

    code, _ = host.reload()
    assert code == 78 and configuration(host)["held"] == "rollback"
    assert host.call("Rollback")["result"] == "ok"
    assert version(host) == "2"
    inject(host.namespace, INTERFACE, 8)
    assert host.slot(10)["verdicts"]["drop"] == 32
    assert configuration(host)["held"] == "rollback"

    host.plugin("classify", "v1")
    write("v1", 3, "")
    host.must_reload()
    assert configuration(host)["held"] is None
    inject(host.namespace, INTERFACE, 8)
    assert trails(host) == {"11": 24, "13": 8}


def test_right_after_a_reload(host):
    """It answers before its files are on disk: what one could return to is right all the same, and one can."""
    prepare(host)
    configure(host)
    host.start()
    for new, old in (("v2", "v1"), ("v1", "v2")):
        running = configuration(host)["current"]
        configure(host, new)
        assert host.call("Reload")["result"] == "ok"
        said = configuration(host)
        assert said["previous"] == running and said["current"] != running, said
        assert host.call("Rollback")["result"] == "ok"
        assert version(host) == old[1]
        host.must_reload()
        assert version(host) == new[1]


def test_nothing_to_go_back_to(host):
    prepare(host)
    configure(host)
    host.start()
    before = programs(host)
    done = host.ctl("rollback")
    error, = json.loads(done.stdout)["errors"]
    assert done.returncode == 78
    assert error["message"].startswith("there is no previous configuration in ")
    assert host.must_reload()["result"] == "unchanged"
    host.conf.write_text(host.conf.read_text() + "; a comment is no other configuration\n")
    assert host.must_reload()["result"] == "unchanged"
    assert host.ctl("rollback").returncode == 78
    done = host.ctl("confirm")
    assert done.returncode == 1 and "there is nothing to confirm" in done.stdout
    assert programs(host) == before


def test_confirmed_in_time(host):
    prepare(host)
    configure(host)
    host.start()
    configure(host, "v2")
    answer = json.loads(host.ctl("reload", "--confirm", "1h").stdout)
    assert answer["result"] == "ok" and LONG - 100 < answer["confirm_seconds"] <= LONG
    assert LONG - 100 < configuration(host)["confirm_seconds"] <= LONG
    configure(host, "v1")
    done = host.ctl("reload")
    error, = json.loads(done.stdout)["errors"]
    assert done.returncode == 78 and error["message"].startswith("cannot reload while a configuration awaits its confirmation")
    done = host.ctl("rollback", "--confirm", "1h")
    assert done.returncode == 78 and "cannot roll back with --confirm while" in done.stdout
    lines = host.log().count("awaits its confirmation")
    host.kill(signal.SIGHUP)
    wait_for(lambda: host.log().count("awaits its confirmation") > lines, "SIGHUP to be refused")
    assert version(host) == "2"
    assert host.ctl("confirm").returncode == 0
    assert configuration(host)["confirm_seconds"] is None and configuration(host)["held"] is None
    assert host.ctl("confirm").returncode == 1
    # Nothing changes, so there is nothing to confirm; and what is refused leaves no trial behind.
    configure(host, "v2")
    assert host.call("Reload", confirm=LONG)["confirm_seconds"] is None
    host.write("nonsense\n")
    assert host.call("Reload", confirm=LONG)["result"] == "refused"
    assert configuration(host)["confirm_seconds"] is None and configuration(host)["held"] is None
    configure(host, "v1")
    host.must_reload()
    assert version(host) == "1"


def test_not_confirmed(host):
    prepare(host)
    configure(host)
    host.start()
    configure(host, "v2")
    answer = host.call("Reload", confirm=1)
    assert answer["result"] == "ok" and answer["confirm_seconds"] == 1
    wait_for(lambda: configuration(host)["held"] == "unconfirmed", "the host to go back")
    assert version(host) == "1" and configuration(host)["confirm_seconds"] is None
    assert "error: the configuration was not confirmed in time" in host.log()
    done = host.ctl("confirm")
    assert done.returncode == 1 and "time was up" in done.stdout
    assert host.call("Rollback")["result"] == "ok"
    assert version(host) == "2"
    # Asked for before the time is up.
    configure(host, "v1")
    assert host.call("Reload", confirm=LONG)["result"] == "ok"
    assert version(host) == "1"
    assert host.call("Rollback")["result"] == "ok"
    assert version(host) == "2"
    assert configuration(host)["held"] == "rollback" and configuration(host)["confirm_seconds"] is None
    # A rollback may lock out too.
    assert host.call("Rollback", confirm=1)["confirm_seconds"] == 1
    wait_for(lambda: configuration(host)["held"] == "unconfirmed", "the host to go forward again")
    assert version(host) == "2"


def test_killed_while_it_waits(lasting):
    """Whoever starts goes back; what is held stays held, untouched, until the files are asked for."""
    host = lasting
    configure(host)
    host.start()
    for end in (Host.murder, Host.stop):
        configure(host, "v2")
        assert host.call("Reload", confirm=LONG)["result"] == "ok"
        assert version(host) == "2"
        end(host)
        host.start()
        assert version(host) == "1"
        assert configuration(host)["held"] == "unconfirmed"
        assert "the last configuration was not confirmed before the host ended" in host.log()
        before = programs(host)
        host.murder()
        host.start()
        assert host.status()["last_reload"]["result"] == "unchanged"
        assert programs(host) == before and configuration(host)["held"] == "unconfirmed"
        # The files cannot even be read: it is not they that start.
        good = host.conf.read_text()
        host.write("nonsense\n")
        host.murder()
        host.start()
        assert programs(host) == before
        host.write(good)
        host.must_reload()
        assert version(host) == "2" and configuration(host)["held"] is None
        configure(host, "v1")
        host.must_reload()


def test_held_and_lost(lasting):
    """A start that cannot have what it is held on says how to have the files, and leaves what runs."""
    host = lasting
    configure(host)
    host.start()
    configure(host, "v2")
    host.must_reload()
    assert host.call("Rollback")["result"] == "ok"
    before = programs(host)
    plugin = kept(host).joinpath(str(host.plugins / "stamp.so")[1:])
    host.murder()
    plugin.unlink()
    done = host.namespace.run(host.program(), "-c", host.ini, check=False)
    assert done.returncode == 78
    assert "there is no plugin stamp: stamp.so in" in done.stderr
    record = host.directory / "state/record"
    assert f"to start with the files instead, remove {record}" in done.stderr
    inject(host.namespace, INTERFACE, 8)
    record.unlink()
    host.start()
    assert version(host) == "2" and programs(host) != before
    assert trails(host) == {"1112": 8}


def test_under_traffic(lasting):
    host = lasting
    configure(host)
    host.start()
    configure(host, "v2")
    host.must_reload()
    with Injector(host.namespace, INTERFACE, threads=1) as injector:
        for turn in range(8):
            packets = host.chain()["packets"]
            wait_for(lambda: host.chain()["packets"] > packets, "packets")
            assert host.call("Rollback")["result"] == "ok"
            assert version(host) == str(1 + turn % 2)
        injected = injector.stop()
    counted = trails(host)
    assert set(counted) == {"1112", "2122"} and sum(counted.values()) == injected
    assert host.chain()["packets"] == injected and host.chain()["gap_packets"] == 0
    assert len(folders(host)) == 2


def folders(host):
    """The snapshots, of which there are two at most."""
    return sorted(path.name for path in (host.directory / "state").iterdir() if path.is_dir())


def test_kill_sweep(lasting):
    """A rollback cut off at any system call: it was done or it was not, and the record knows which."""
    host, sweep = lasting, Sweep("rollback", 10)
    configure(host)
    host.start()
    pinned = pins(host)
    configure(host, "v2")
    host.must_reload()
    with Injector(host.namespace, INTERFACE, threads=1) as injector:
        with_traffic = objects_at_rest()
        for number in sweep:
            if call_killed_at(host, number, "Rollback"):
                host.start()
            else:
                sweep.came_to_its_end()
            assert host.chain()["gap_packets"] == 0
            said = next(kept(host).rglob("test.ini")).read_text()
            assert said.startswith(f"; v{version(host)}\n"), f"the record after call {number}"
            if not configuration(host)["held"]:
                assert version(host) == "2"
            assert len(folders(host)) == 2, f"{folders(host)} after call {number}"
            wait_for_objects(with_traffic, f"after call {number}")
            assert pins(host) == pinned, f"pins after call {number}"
        injected = injector.stop()
    counted = trails(host)
    sweep.over(counted)
    assert set(counted) == {"1112", "2122"} and sum(counted.values()) == injected
    assert host.chain()["packets"] == injected


def test_kill_sweep_of_a_reload(lasting):
    """Cut off at any call, also behind the first packet and before the copy is on disk: the one before is not lost."""
    host, sweep, undone = lasting, Sweep("kept reload", 10), 0
    configure(host)
    host.start()
    for number in sweep:
        configure(host, "v2")
        host.conf.write_text(f"; {number}\n" + host.conf.read_text())  # as no copy has it
        if call_killed_at(host, number, "Reload", settle=True):
            host.start()
            if configuration(host)["held"]:  # no packet had met it: it is undone
                undone += 1
                assert configuration(host)["held"] == "crash" and version(host) == "1", f"after call {number}"
                assert any(line.startswith(f"{host.conf} differs") for line in configuration(host)["reasons"])
                host.must_reload()
        else:
            sweep.came_to_its_end()
        assert version(host) == "2", f"after call {number}"
        assert host.call("Rollback")["result"] == "ok", f"after call {number}"
        assert version(host) == "1", f"after call {number}"
        configure(host)
        host.must_reload()
        assert configuration(host)["held"] is None
        assert len(folders(host)) == 2, f"{folders(host)} after call {number}"
    sweep.over(f"{undone} undone")


def test_kill_sweep_of_a_trial(lasting):
    """Cut off at any call of a reload to be confirmed, the host starts with what ran before it, the files unread."""
    host, sweep, early = lasting, Sweep("trial", 5), 0
    configure(host)
    host.start()
    for number in sweep:
        configure(host, "v2")
        if call_killed_at(host, number, "Reload", confirm=LONG):
            # Up to the first word on disk it was not asked for; that is before any of it is read.
            early += "hold none\ntrial no\n" in (host.directory / "state/record").read_text()
            host.start()
            assert configuration(host)["held"] in ("crash", "unconfirmed")
        else:
            sweep.came_to_its_end()
            assert version(host) == "2"
            assert host.call("Rollback")["result"] == "ok"
        assert version(host) == "1", f"after call {number}"
        configure(host)
        host.must_reload()
        assert configuration(host)["held"] is None
    sweep.over(f"{early} before the first word on disk")
    assert 2 * early <= sweep.points

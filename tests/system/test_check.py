# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""xslotctl check and reload --dry-run: they refuse what a start or a reload would, and say what would change; nothing does."""
import json
import re
import subprocess

import pytest

from chains import INTERFACE, chain, classify, stamp
from frames import inject
from host import PATIENCE, Host, built
from neighbour import Neighbour, links
from objects import objects_at_rest
from sweep import pins

ONE = chain(stamp(10, 1), classify())


@pytest.fixture
def host(namespace, link, tmp_path):
    """Not started; its dataplane outlives it, until the test is over."""
    with Host(namespace, tmp_path, build="plain") as h:
        h.on_stop("keep")
        for name in ("stamp", "classify"):
            h.plugin(name, "v1")
        h.write(ONE)
        yield h
        if h.process and h.process.poll() is None:
            h.stop()
        namespace.run(built("plain", "xslotctl"), "--config", h.ini, "clean", "--all")


def check(host, code=0):
    done = host.ctl("check", host.ini)
    assert done.returncode == code, done
    answer = json.loads(done.stdout)
    # Tests may run in a mount namespace with a bpffs of its own over the machine's, which test_machine.py is about.
    answer["warnings"] = [w for w in answer.get("warnings", ()) if "another BPF file system" not in w["message"]]
    return answer


def dry_run(host, code, *arguments):
    done = host.ctl("reload", "--dry-run", *arguments)
    assert done.returncode == code, done
    return json.loads(done.stdout)


def refused(host, *patterns):
    """By check and by a start, for one reason, in the same words."""
    (error,) = check(host, 78)["errors"]
    for pattern in patterns:
        assert re.search(pattern, error["message"]), error
    done = subprocess.run(host.namespace.argv(*host.argv()), capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 78, done
    return error["message"], done.stderr


def without(status):
    """The status, but for what every look at it changes."""
    del status["host"]
    return status


def test_beside_a_host(host):
    """What a reload would change, and nothing has; an exit code of its own when something would."""
    host.start()
    inject(host.namespace, INTERFACE, 8)
    before, pinned, objects = without(host.status()), pins(host), objects_at_rest()

    def nothing_has_changed():
        assert without(host.status()) == before and pins(host) == pinned and objects_at_rest() == objects

    answer = check(host)
    assert (answer["plan_of"], answer["plan"], answer["warnings"]) == ("reload", [], [])
    assert dry_run(host, 0)["result"] == "unchanged"
    host.write(chain(stamp(10, 2), stamp(20, 3), classify()) + "[chain lab]\ninterfaces = y0\n")
    lines = ["edge.10: stamp, other parameters", "edge.20: stamp 1.0.0 added", "lab: chain added",
             "lab: y0 does not exist yet, waiting"]
    seen = "edge.10: stamp 1.0.0, other parameters, or another build or object file"
    assert check(host)["plan"] == [seen, *lines[1:]], "which of these only the host knows"
    answer = dry_run(host, 3)
    assert answer["result"] == "would-change" and answer["changed"] == lines and answer["errors"] == []
    nothing_has_changed()
    host.write(chain(stamp(10, 1), classify(), mode="generic"))
    for errors in (check(host, 78)["errors"], dry_run(host, 78)["errors"]):
        assert len(errors) == 1 and "--allow-detach" in errors[0]["message"]
    assert dry_run(host, 3, "--allow-detach")["changed"] == [f"edge: {INTERFACE} detached and attached again (generic)"]
    host.write("")
    for errors in (check(host, 78)["errors"], dry_run(host, 78)["errors"]):
        assert len(errors) == 1 and f"{INTERFACE} would be left bare" in errors[0]["message"]
    assert dry_run(host, 3, "--allow-bare")["result"] == "would-change"
    host.write("[chain\n")
    assert check(host, 78)["errors"] == dry_run(host, 78)["errors"] != []
    assert host.ctl("reload", "--dry-run", "--confirm=5s").returncode == 2
    nothing_has_changed()
    host.write(ONE)
    assert host.must_reload()["result"] == "unchanged"
    assert host.status()["host"]["failed_reloads"] == 0


def test_over_what_an_earlier_host_left(host):
    """It is read, and stays: what a start takes over makes no line."""
    host.start()
    inject(host.namespace, INTERFACE, 8)
    assert host.stop() == 0
    pinned, objects = pins(host), objects_at_rest()
    answer = check(host)
    assert (answer["plan_of"], answer["plan"]) == ("start", [])
    host.write(chain(stamp(10, 2), classify()))
    assert check(host)["plan"] == ["edge.10: stamp 1.0.0, loaded again over what the previous host left"]
    assert pins(host) == pinned and objects_at_rest() == objects
    host.write("")
    assert any("a start would not run these files" in w["message"] for w in check(host)["warnings"])
    assert pins(host) == pinned
    host.write(ONE)
    host.start()
    assert host.status()["last_reload"]["result"] == "unchanged" and host.slot(10)["seen"] == 8


def test_who_is_there(host, namespace):
    """Somebody's program on the interface, by whatever way it came; with replace = yes only what nobody can replace."""
    def bare():
        """What came through netlink outlives who put it there."""
        for flag in ("xdpdrv", "xdpgeneric"):
            namespace.run("ip", "link", "set", "dev", INTERFACE, flag, "off", check=False)

    for how in ("link", "netlink", "generic"):
        with Neighbour(namespace, how, INTERFACE) as other:
            message, said = refused(host, rf"cannot attach to {INTERFACE} in native mode: .*program id {other.program_id}")
            # The host may not look at links (CAP_SYS_ADMIN), so it says less of whose it is.
            assert message.partition(", BPF link")[0].partition(" program ")[0] in said and str(other.program_id) in said
        bare()
    host.write(chain(stamp(10, 1), replace="yes"))
    with Neighbour(namespace, "netlink", INTERFACE):
        assert check(host)["plan"][-1] == f"edge: {INTERFACE} attached (native)"
    bare()
    with Neighbour(namespace, "link", INTERFACE):
        refused(host, f"cannot take over {INTERFACE}, since only the owner of a BPF link can")


def test_folders_and_socket(host, tmp_path):
    """What [host] names and cannot be used: as the start says; of the state folder, which it does without, a warning."""
    ini = host.ini.read_text()

    def with_key(key, value):
        host.ini.write_text(re.sub(f"{key} = .*", f"{key} = {value}", ini))

    with_key("bpffs", tmp_path)
    message, said = refused(host, "is not in a BPF file system")
    assert message in said
    (tmp_path / "file").touch()
    with_key("socket", tmp_path / "file")
    message, said = refused(host, "it exists and is not a socket")
    assert message in said
    with_key("socket", tmp_path / "no/such/control")
    refused(host, "cannot make the control socket's directory")
    with_key("state", tmp_path / "file")
    (warning,) = check(host)["warnings"]
    assert f"cannot use the state folder {tmp_path}/file" in warning["message"]
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with_key("state", tmp_path / "open")
    (warning,) = check(host)["warnings"]
    assert "users other than root can write the state folder" in warning["message"] and warning["line"] == 5
    host.ini.write_text(ini)


def test_another_host(host, tmp_path):
    """That has the pins, the socket or the state folder: each is refused alone; beside one's own host none is."""
    (tmp_path / "second").mkdir()
    with Host(host.namespace, tmp_path / "second", build="plain") as second:
        own = second.ini.read_text()
        first = dict(line.split(" = ") for line in host.ini.read_text().splitlines() if " = " in line)
        second.write("[chain lab]\ninterfaces = y0\n")
        host.start()
        for key, words in (("bpffs", rf"another xslotd \(pid {host.pid()}\) runs in this network namespace"),
                           ("state", rf"another xslotd \(pid {host.pid()}\) runs with the state folder"),
                           ("socket", rf"the host that answers at the control socket .* \(pid {host.pid()}\)")):
            apart = own.replace("/sys/fs/bpf/xslot-", "/sys/fs/bpf/second-")
            second.ini.write_text(re.sub(f"{key} = .*", f"{key} = {first[key]}", apart))
            refused(second, words)
        assert check(host)["plan_of"] == "reload"


def test_status_without_a_host(host):
    """What runs in the kernel, with its counters, and exit code 69; nothing changes, and a link that is off is told."""
    host.start()
    inject(host.namespace, INTERFACE, 8)
    shown = host.chain()
    host.murder()
    pinned, objects = pins(host), objects_at_rest()

    def status(*arguments, code=69):
        done = host.ctl("status", "--config", host.ini, *arguments)
        assert done.returncode == code and not done.stderr, done
        return json.loads(done.stdout)

    answer = status()
    assert answer["host"] is None and "is xslotd running?" in answer["errors"][0]["message"]
    (edge,) = answer["chains"]
    same = ("name", "generation", "final", "packets", "interfaces")
    assert {key: edge[key] for key in same} == {key: shown[key] for key in same} and edge["packets"] == 8
    assert [(s["plugin"], s["seen"], s["program_id"]) for s in edge["slots"]] == [
        (s["plugin"], s["seen"], s["program_id"]) for s in shown["slots"]]
    assert status("edge")["chains"] == [edge]
    assert 'there is no chain "lab"' in status("lab")["errors"][0]["message"]
    folder = host.ini.read_text().partition("bpffs = ")[2].split()[0]
    assert status("--bpffs", folder, code=0)["chains"] == [edge]
    text = host.namespace.run(built("plain", "xslotctl"), "--socket", host.socket, "--config", host.ini, "status", check=False)
    assert text.returncode == 69 and "is xslotd running?" in text.stderr
    assert text.stdout.startswith("NO HOST: this runs in the kernel") and "\nchain edge: 8 packets" in text.stdout
    assert pins(host) == pinned and objects_at_rest() == objects
    (link,) = links(host, INTERFACE)
    host.namespace.run("bpftool", "link", "detach", "id", link)
    answer = status()
    assert f"chain edge: {INTERFACE} does not run it any more" in answer["warnings"][-1]["message"]
    assert answer["chains"][0]["interfaces"] == []

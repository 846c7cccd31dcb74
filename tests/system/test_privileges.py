# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What the host may do: three capabilities, and what becomes of the two things that take more."""
import json
import platform
from pathlib import Path

import pytest

from chains import chain, classify
from host import Host, wait_for
from neighbour import Neighbour
from shapes import shape

DEVICE = "n0"  # where the neighbour is
LINUX = tuple(map(int, platform.release().split("-", maxsplit=1)[0].split(".")[:2]))
NUMBERS = {"net_admin": 12, "sys_ptrace": 19, "sys_admin": 21, "perfmon": 38, "bpf": 39}
NEEDED = ("bpf", "net_admin", "perfmon")


def mask(*names):
    return sum(1 << NUMBERS[name] for name in names)


def sets(pid):
    """What each thread of it has: {"CapEff": number, …}, the same for all."""
    threads = []
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        threads.append({key: int(lines[key], 16) for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs")})
    assert all(thread == threads[0] for thread in threads), threads
    return threads[0]


def has_only(pid, *names):
    wanted = mask(*names)
    return sets(pid) == {"CapInh": 0, "CapPrm": wanted, "CapEff": wanted, "CapBnd": wanted, "CapAmb": 0, "NoNewPrivs": 1}


@pytest.fixture
def host(namespace, link, tmp_path):
    with Host(namespace, tmp_path, build="plain") as h:
        h.on_stop("keep")
        h.plugin("classify", "v1")
        h.write(chain(classify()))
        yield h
        h.on_stop("detach")
        if h.process.poll() is None:
            h.stop()
        h.start()


def check(host, *options):
    done = host.namespace.run(host.program(), "-c", host.ini, "--check", *options, check=False)
    return done.returncode, done.stderr


def warnings(host):
    """Of a check by root, who has all capabilities."""
    return [w["message"] for w in json.loads(host.ctl("check", host.ini).stdout)["warnings"]]


def test_three(host):
    """By default; all of a life goes with them, the next host's, which adopts, as well."""
    host.fuse = True
    host.start()
    assert has_only(host.pid(), *NEEDED)
    wait_for(lambda: host.chain()["tier"] == "fused", "the chain to be fused")
    first = host.chain()
    assert first["instructions"] > 0
    host.murder()
    host.start()
    assert has_only(host.pid(), *NEEDED)
    adopted = host.chain()
    assert adopted["tier"] == "fused" and adopted["instructions"] == first["instructions"]
    assert [s["program_id"] for s in adopted["slots"]] == [s["program_id"] for s in first["slots"]]
    seen = host.slot(90)["seen"]
    host.write(chain(classify(drop=False)))
    assert len(host.must_reload()["changed"]) == 1
    assert host.slot(90)["seen"] >= seen


def test_more_is_asked_for_by_name(host):
    host.keep = "sys_admin,CAP_SYS_PTRACE"
    host.start()
    assert has_only(host.pid(), *NEEDED, "sys_admin", "sys_ptrace")
    done = host.namespace.run(host.program(), "-c", host.ini, "--check", "--keep-capabilities", "sys_admin,all", check=False)
    assert done.returncode == 2 and '"all" is not a capability' in done.stderr


def test_replacing_takes_more(host, namespace, peer):
    """Check, reload and start refuse it without. What was attached so before is kept; where it moved is not looked for."""
    namespace.veth(DEVICE, peer, "n1")
    taking = f"[chain taking]\ninterfaces = {DEVICE}\nreplace = yes\n"
    host.start()
    host.write(chain(classify()) + taking)
    code, answer = host.reload()
    assert code == 78 and "replace = yes, which needs CAP_SYS_ADMIN" in answer["errors"][0]["message"]
    assert check(host)[0] == 78 and "--keep-capabilities=sys_admin" in check(host)[1]
    assert check(host, "--keep-capabilities", "sys_admin")[0] == 0
    assert any(f"the running xslotd (pid {host.pid()}) has given that up" in words for words in warnings(host))
    host.stop()
    assert any("refuses the chain unless it is started with --keep-capabilities=sys_admin" in words for words in warnings(host))
    host.keep = "sys_admin"
    with Neighbour(namespace, "netlink", DEVICE):
        host.start()
        assert host.chain("taking")["interfaces"][0]["attach"] == "netlink"
        assert not any("CAP_SYS_ADMIN" in words for words in warnings(host))
    host.murder()
    host.count_edits()
    host.keep = None
    host.write(chain(classify()) + taking.replace("replace = yes\n", ""))
    host.start()
    assert host.chain("taking")["interfaces"][0]["state"] == "attached"
    namespace.run("ip", "link", "set", DEVICE, "netns", peer.holder.pid)
    wait_for(lambda: "xslotd may not go there without CAP_SYS_ADMIN" in host.log(), "the log to say so")
    peer.run("ip", "link", "set", "dev", DEVICE, "xdpdrv", "off")


def test_functions_of_modules_take_more(host):
    """A module's BTF is found by id. The sentence says so, and not that the module should be loaded."""
    host.plugin("object")
    host.start()
    host.write(chain(classify(), (20, "object", {"object": shape("missing")})))
    code, answer = host.reload()
    assert code == 78 and "does not have bpf_of_another_kernel, and only a process with CAP_SYS_ADMIN" in answer["errors"][0]["message"]
    host.write(chain(classify()))


def test_others_are_known_by_id_at_least(host, namespace):
    """Whose program is in the way only CAP_SYS_ADMIN may see; that one is, and its id, anybody."""
    host.start()
    namespace.run("ip", "link", "add", DEVICE, "type", "dummy")
    with Neighbour(namespace, "generic", DEVICE) as other:
        host.write(chain(classify()) + f"[chain inner]\ninterfaces = {DEVICE}\nmode = generic\n")
        code, answer = host.reload()
        assert code == 78 and f"program id {other.program_id}" in answer["errors"][0]["message"]
    host.write(chain(classify()))  # as it runs


@pytest.mark.skipif(LINUX >= (5, 11), reason="BPF does not count against the limit of locked memory")
def test_limit_of_locked_memory_is_named(host):
    """By check and by a start, in a process that may not raise it."""
    limited = ["sh", "-c", 'ulimit -l 64; exec setpriv --bounding-set=-sys_resource -- "$@"', "limited"]
    for options in (["--check"], []):
        done = host.namespace.run(*limited, host.program(), "-c", host.ini, *options, check=False)
        assert done.returncode == 78, done
        assert "locked memory is limited to 64 KiB (RLIMIT_MEMLOCK)" in done.stderr.splitlines()[0], done.stderr
    host.start()

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What is left of a network namespace that is gone: the next one of its number believes nothing of it, and it goes."""
import json
import os
import signal
import subprocess

import pytest

from host import Host, built, wait_for
from netns import Namespace
from sweep import bpffs

CHAINS = "".join(f"[chain {name}]\ninterfaces = {interface}\n[slot {name}.10]\nplugin = count\n"
                 for name, interface in (("edge", "x0"), ("lab", "y0")))


def inode(namespace):
    return os.stat(namespace.path()).st_ino


def start_in(namespace, directory, text=CHAINS):
    """A host whose dataplane outlives it, with all its files in `directory`."""
    host = Host(namespace, directory)
    host.on_stop("keep")
    host.plugin("count")
    host.write(text)
    for interface in ("x0", "y0"):
        namespace.run("ip", "link", "add", interface, "type", "veth")
    return host.start()


def end(host):
    """As a container ends: the host first, and then the namespace with all that is in it."""
    host.kill(signal.SIGKILL)
    host.process.wait()
    namespace = host.namespace
    namespace.__exit__()


def same_number(number):
    """A namespace of this number: the kernel gives out the lowest that is free, once the old one has gone."""
    others = []
    try:
        for _ in range(200):
            namespace = Namespace()
            if inode(namespace) == number:
                return namespace
            others.append(namespace)
            if len(others) > 5:
                others.pop(0).__exit__()
    finally:
        for other in others:
            other.__exit__()
    return pytest.skip("the kernel does not give the number again")


def programs(name):
    shown = json.loads(subprocess.run(["bpftool", "-j", "prog"], capture_output=True, text=True, check=True).stdout)
    return sum(program.get("name") == name for program in shown)


def test_the_next_namespace_of_the_number_inherits_nothing(tmp_path):
    """Not the bypass, not what was taken off, not what is held; and it keeps its own over a restart."""
    host = start_in(Namespace(), tmp_path)
    number = inode(host.namespace)
    host.write(CHAINS + "proceed_on = drop\n")
    host.must_reload()
    assert host.ctl("rollback").returncode == 0
    host.call("Bypass", chain="edge", on=True)
    assert host.ctl("clean", "lab").returncode == 0
    status = host.status()
    assert status["configuration"]["held"] and status["off"] == ["lab"] and host.chain()["bypass"]
    end(host)

    with same_number(number) as namespace:
        again = start_in(namespace, tmp_path)
        status = again.status()
        assert not status["configuration"]["held"] and status["off"] == [] and not again.chain()["bypass"], again.log()
        assert {c["name"] for c in status["chains"]} == {"edge", "lab"}
        assert "gone" in again.log()
        # The same namespace goes on as it was told.
        again.call("Bypass", chain="edge", on=True)
        again.kill(signal.SIGKILL)
        again.process.wait()
        again.start()
        assert again.chain()["bypass"]
        again.on_stop("detach")
        again.must_reload()
        assert again.stop() == 0


def test_a_namespace_that_is_gone_leaves_nothing(namespace, tmp_path):
    """A start removes its folder and says so, and so does clean; what others put there is named and left."""
    dead = start_in(Namespace(), tmp_path)
    root = bpffs(dead) / str(inode(dead.namespace))
    assert programs("count") == 2
    (root / "mine").mkdir()
    (root / "mine/deep").mkdir()  # an empty one could be a chain's
    (root / "edge" / "mine").mkdir()
    end(dead)
    here = tmp_path / "here"
    here.mkdir()
    other = Host(namespace, here)
    other.keep = "sys_admin,sys_ptrace"  # to see which namespaces there are
    other.plugin("count")
    other.write("[chain edge]\ninterfaces = nothing0\n[slot edge.10]\nplugin = count\n")
    other.start()
    wait_for(lambda: programs("count") == 1, "the programs of the dead namespace to go")
    assert f"removed {root}: 2 chains" in other.log()
    assert f"{root}/mine was not made by xslotd" in other.log()
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.name != "@netns"
                  and path.parent.name != "@netns") == ["edge", "edge/mine", "mine", "mine/deep"]
    for path in (root / "edge" / "mine", root / "edge", root / "mine/deep", root / "mine"):
        path.rmdir()
    other.on_stop("detach")
    other.must_reload()
    assert other.stop() == 0

    dead = start_in(Namespace(), tmp_path)
    root = bpffs(dead) / str(inode(dead.namespace))
    end(dead)
    tool = [built("asan", "xslotctl"), "--config", dead.ini, "--socket", dead.socket, "clean", "--all"]
    done = namespace.run(*tool, check=False)
    assert done.returncode == 0 and "2 chains" in done.stdout, done
    wait_for(lambda: programs("count") == 0, "the programs of the dead namespace to go")
    assert not root.exists()

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What an operator did to the machine, and is told: a second bpffs over the first, a kernel without its JIT."""
import json
import subprocess

import pytest

from chains import INTERFACE, chain
from host import Host, built

BPFFS = "/sys/fs/bpf"


@pytest.fixture
def host(namespace, link, tmp_path):
    """Its dataplane outlives it, until the test is over."""
    with Host(namespace, tmp_path, build="plain") as h:
        h.on_stop("keep")
        h.plugin("count")
        h.write(chain((10, "count")))
        yield h.start()
        h.on_stop("detach")
        if h.process.poll() is not None:
            h.start()


def test_a_second_bpffs(host):
    """A reload is refused before a pin goes astray; without a host a check, a start and the status say what is hidden."""
    subprocess.run(["mount", "-t", "bpf", "bpf", BPFFS], check=True)
    try:
        host.write(chain((10, "count"), (20, "count")))
        code, answer = host.reload()
        assert code == 78 and "another file system was mounted over it" in answer["errors"][0]["message"]
        assert len(host.chain()["slots"]) == 1
        host.murder()
        hidden = f"another BPF file system is mounted over the one with {BPFFS}"
        done = host.ctl("check", host.ini)
        assert done.returncode == 78, "the chain that runs is in the way"
        assert "a chain of xslot runs there" in json.loads(done.stdout)["errors"][0]["message"]
        done = host.ctl("status", "--config", host.ini)
        assert hidden in json.loads(done.stdout)["warnings"][0]["message"]
        text = host.namespace.run(built("plain", "xslotctl"), "check", host.ini, check=False).stderr
        assert f"WARNING: {host.ini}: {hidden}" in text
    finally:
        subprocess.run(["umount", BPFFS], check=True)
    host.start()
    host.must_reload()
    assert host.chain()["interfaces"][0]["state"] == "attached" and len(host.chain()["slots"]) == 2
    assert host.namespace.xdp_program(INTERFACE) != 0


def test_features_without_a_jit(host):
    """The reason is the right one, and libbpf's lines are not printed."""
    features = host.namespace.run(built("plain", "xslotctl"), "features")
    assert "libbpf" not in features.stderr + features.stdout and not features.stderr
    off = subprocess.run(["sysctl", "-qw", "net.core.bpf_jit_enable=0"], capture_output=True, text=True, check=False)
    if off.returncode:
        pytest.skip(f"this kernel always compiles: {off.stderr.strip()}")
    try:
        done = host.ctl("features")
        why = {f["name"]: f["why"] for f in json.loads(done.stdout)["features"]}
        assert not done.stderr
        assert all("net.core.bpf_jit_enable = 0" in why[name] for name in ("freplace", "tail-call-extension"))
    finally:
        subprocess.run(["sysctl", "-qw", "net.core.bpf_jit_enable=1"], check=True)

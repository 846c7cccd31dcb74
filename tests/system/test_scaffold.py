# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""From `xslotctl plugin new` to the plugin in a live chain, with what an installed package has and nothing else."""
import os
import shutil
import subprocess
import time

from chains import INTERFACE, chain
from frames import inject, udp
from host import ROOT, build_directory, built

PACKETS = 800


def install(prefix):
    """What the package puts there for authors; tests/plugin/test-scaffold.sh has all of it, installed by meson."""
    config = build_directory("plain") / "meson-private/xslot-plugin.pc"
    libdir = next(line.partition("}/")[2] for line in config.read_text().splitlines() if line.startswith("libdir="))
    for source in ("core/include/xslot", "bpf/include/xslot"):
        shutil.copytree(ROOT / source, prefix / "include/xslot", dirs_exist_ok=True)
    (prefix / libdir / "xslot").mkdir(parents=True)
    shutil.copy(ROOT / "bpf/embed", prefix / libdir / "xslot/embed")
    (prefix / "bin").mkdir()
    for tool in ("xslotctl", "xslot-test"):
        (prefix / "bin" / tool).symlink_to(built("plain", tool))
    tool = prefix / "bin/pkg-config"
    tool.write_text(f"#!/bin/sh\nPKG_CONFIG_PATH={config.parent} exec {shutil.which('pkg-config')} "
                    f"--define-variable=prefix={prefix} \"$@\"\n")
    tool.chmod(0o755)
    return os.environ | {"PATH": f"{prefix}/bin:{os.environ['PATH']}:/usr/sbin"}


def test_from_new_to_live(host, namespace, tmp_path):
    environment = install(tmp_path / "prefix")

    def run(*argv):
        done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout

    host.plugin("count")
    host.write(chain((10, "count")))
    host.start()
    started = time.monotonic()
    run("xslotctl", "plugin", "new", "gate", "--make")
    run("make", "-C", "gate")
    assert "not ok" not in run("make", "-C", "gate", "test")
    shutil.copy(tmp_path / "gate/gate.so", host.plugins)
    host.write(chain((10, "count"), (20, "gate", {"drop_port": "53"})))
    assert host.must_reload()["result"] == "ok"
    print(f"from new to live: {time.monotonic() - started:.1f} s")

    inject(namespace, INTERFACE, PACKETS, udp(dport=53))
    inject(namespace, INTERFACE, PACKETS, udp(dport=54))
    slot = host.slot(20)
    assert slot["verdicts"]["drop"] >= PACKETS and slot["proceeded"] >= PACKETS
    assert slot["status"] == {"passed": f"{slot['proceeded']} packets", "dropped": f"{slot['verdicts']['drop']} packets",
                              "unreadable": "0 packets, dropped"}
    host.write(chain((10, "count"), (20, "gate", {"drop_port": "54"})))
    assert host.must_reload()["result"] == "ok"
    assert host.slot(20)["status"] == slot["status"], "a reload goes on counting"
    inject(namespace, INTERFACE, PACKETS, udp(dport=53))
    assert host.slot(20)["verdicts"]["drop"] == slot["verdicts"]["drop"]

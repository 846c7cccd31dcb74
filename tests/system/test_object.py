# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Plugin object: Debian's xdp-filter as a slot, and object files that cannot be one."""
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from host import built, wait_for
from netns import Namespace

FILTER = Path("/usr/lib/x86_64-linux-gnu/bpf/xdpfilt_alw_all.o")
SEND = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
frame = bytes.fromhex("02000000000b" "02000000000a" "0800") + bytes(50)
for _ in range(int(sys.argv[2])):
    s.send(frame)
"""


@pytest.fixture
def peer(namespace):
    with Namespace() as ns:
        namespace.veth("veth0", ns, "veth1")
        yield ns


def send(peer, n):
    peer.run("/usr/bin/python3", "-c", SEND, "veth1", n)


def config(object_file, program=None, more=""):
    return (f"[chain edge]\ninterfaces = veth0\n\n[slot edge.10]\nplugin = object\nobject = {object_file}\n"
            + (f"program = {program}\n" if program else "") + more + "\n[slot edge.20]\nplugin = count\n")


def start(host, object_file, **how):
    host.plugin("object")
    host.plugin("count")
    host.write(config(object_file, **how))
    return host.start()


def find_map(host, name):
    return next(m for m in host.slot(10)["maps"] if m["name"] == name)


def bpftool(*arguments):
    done = subprocess.run(["/usr/sbin/bpftool", "-j", "map", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def pinned():
    return {p.name for p in Path("/sys/fs/bpf").iterdir()}


@pytest.mark.skipif(not FILTER.exists(), reason="Debian's xdp-tools is not installed")
def test_a_foreign_program_runs_and_its_state_goes_on(host, peer, tmp_path):
    copy, before = tmp_path / "filter.o", pinned()
    shutil.copy(FILTER, copy)
    copy.chmod(0o644)
    start(host, copy)
    send(peer, 20)
    wait_for(lambda: host.chain()["packets"] == 20, "20 packets")
    # libxdp's run configuration of the file lets what passes go on.
    assert (host.slot(10)["proceeded"], host.slot(20)["seen"]) == (20, 20)
    # The operator's table: drop this source address.
    maps = {m["name"]: (m["class"], m["carried"]) for m in host.slot(10)["maps"]}
    assert maps["filter_ethernet"] == ("state", "fresh")
    bpftool("update", "id", table_id(host), "key", *mac(), "value", *(1, 0, 0, 0, 0, 0, 0, 0))
    send(peer, 30)
    wait_for(lambda: host.slot(10)["verdicts"]["drop"] == 30, "30 drops")
    table = table_id(host)
    # A rebuilt file: another content, the same layout.
    with open(copy, "ab") as file:
        file.write(bytes(8))
    program = host.slot(10)["program_id"]
    host.must_reload()
    assert host.slot(10)["program_id"] != program
    assert find_map(host, "filter_ethernet")["carried"] == "kept"
    assert table_id(host) == table
    send(peer, 40)
    wait_for(lambda: host.chain()["packets"] == 90, "40 packets more")
    assert host.slot(20)["seen"] == 20
    hits = sum(int.from_bytes(bytes(int(b, 16) for b in cpu["value"]), "little") >> 6
               for cpu in bpftool("dump", "id", table)[0]["values"])
    assert hits == 70
    # Nothing was pinned on behalf of maps that ask for it.
    assert not {"filter_ethernet", "xdp_stats_map"} & (pinned() - before)


def mac():
    return ["0x02", "0", "0", "0", "0", "0x0a"]


def table_id(host):
    """By the program, as an operator with bpftool finds it."""
    program = host.slot(10)["program_id"]
    done = subprocess.run(["/usr/sbin/bpftool", "-j", "prog", "show", "id", str(program)], capture_output=True, text=True, check=True)
    ids = json.loads(done.stdout)["map_ids"]
    return next(i for i in ids if bpftool("show", "id", i)["name"] == "filter_ethernet")


def test_run_configuration_and_proceed_on(host, peer):
    """The test object's drop() lets DROP go on, and the slot's own proceed_on wins over that."""
    file = built(host.build, "test-object.bpf.o")
    start(host, file, program="drop")
    send(peer, 10)
    wait_for(lambda: host.chain()["packets"] == 10, "10 packets")
    assert (host.slot(10)["proceeded"], host.slot(20)["seen"]) == (10, 10)
    host.write(config(file, "drop", "proceed_on = pass\n"))
    host.must_reload()
    send(peer, 10)
    wait_for(lambda: host.slot(10)["verdicts"]["drop"] == 10, "10 drops")
    assert host.slot(20)["seen"] == 10
    host.write(config(file, "pass"))
    host.must_reload()
    send(peer, 10)
    wait_for(lambda: host.slot(20)["seen"] == 20, "10 packets more")


def refusals(host, tmp_path):
    file = built(host.build, "test-object.bpf.o")
    text = tmp_path / "text.o"
    text.write_text("no object at all\n")
    text.chmod(0o644)
    object_line = 6
    return [
        (config(file), object_line, "several programs; name one: drop, pass, frags, unchecked"),
        (config(file, "other"), object_line, "has no program other"),
        (config(file, "unchecked"), object_line, "invalid access to packet"),
        (config(built(host.build, "test-object_legacy.bpf.raw.o"), "drop"), object_line, 'in a section "maps"'),
        (config(text), object_line, "not a BPF object"),
        (config(tmp_path / "absent.o"), object_line, "absent.o"),
        (config(tmp_path), object_line, str(tmp_path)),
        (config(file, "drop").replace("interfaces", "frags = yes\ninterfaces"), object_line + 1, "frags = yes"),
    ]


def test_refusals_at_their_line(host, peer, tmp_path):
    start(host, built(host.build, "test-object.bpf.o"), program="pass")
    host.rest()
    program, generation = host.slot(10)["program_id"], host.chain()["generation"]
    for text, line, words in refusals(host, tmp_path):
        host.write(text)
        code, answer = host.reload()
        errors = answer["errors"]
        assert code == 78, answer
        assert len(errors) == 1, errors
        assert words in errors[0]["message"], errors
        assert errors[0]["file"] == str(host.conf)
        assert errors[0]["line"] == line, errors
    assert (host.slot(10)["program_id"], host.chain()["generation"]) == (program, generation)

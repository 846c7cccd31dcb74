# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Plugin object with every shape that XDP programs have: shapes/ holds one of each, written as others write theirs.

On the newest kernel: sudo tests/run --kernel sid -k shape system
"""
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from chains import INTERFACE, PEER
from frames import Receiver, Sender, udp
from host import built, wait_for
from shapes import FAR, OUT, PACKETS, Consumer, Rig, bpftool, kernel, little, shape

DEBIAN = Path("/usr/lib/x86_64-linux-gnu/bpf")
SEND = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
s.send(bytes.fromhex(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    """One host for all: each test puts its object into the same slot, under the eyes of the one before."""
    with Rig(tmp_path_factory.mktemp("shapes")) as r:
        yield r


def needs(major, minor, what):
    if kernel() < (major, minor):
        pytest.skip(f"{what} need Linux {major}.{minor}")


def needs_tail_calls(rig, file, **how):
    """Extensions that tail-call do not load on 5.10, which is said in words."""
    if kernel() < (5, 11):
        assert "Linux 6.1 can" in rig.refused(file, **how)
        pytest.skip("Linux 5.10 loads no extension that tail-calls")


def copy_of(file, directory):
    """A file that may be rebuilt: other content, the same program."""
    copy = directory / file.name
    shutil.copy(file, copy)
    copy.chmod(0o644)
    return copy


def rebuild(file):
    with open(file, "ab") as out:
        out.write(bytes(8))


def test_packet_changing(rig):
    rig.run(shape("rewrite"))
    assert rig.send_through() == ({"next": PACKETS}, {"11111111": PACKETS})


def test_head_moving(rig):
    rig.run(shape("encap"))
    assert rig.send_through(offset=12) == ({"next": PACKETS}, {"88b5002a": PACKETS})


@pytest.mark.parametrize("name", ["bare", "signature"])
def test_what_no_stub_has_the_signature_of(rig, name):
    """No BTF at all, and a result of another kind: reached by a tail call."""
    needs_tail_calls(rig, shape(name))
    rig.run(shape(name))
    assert rig.send_through() == ({"next": PACKETS}, {"11111111" if name == "bare" else "77777777": PACKETS})


@pytest.mark.parametrize("name", ["zig", "generic", "pahole"])
def test_btf_that_the_kernel_refuses(rig, name):
    """ip link runs it without BTF. So does a slot, through a tail call, and the next host takes it over."""
    rig.peer.run("ip", "link", "set", FAR, "xdp", "obj", shape(name), "sec", "xdp")
    rig.peer.run("ip", "link", "set", FAR, "xdp", "off")
    needs_tail_calls(rig, shape(name))
    rig.run(shape(name))
    assert rig.send() == {"drop": PACKETS}
    if name == "zig":
        program = rig.host.slot(10)["program_id"]
        rig.host.murder()
        rig.host.start()
        assert rig.host.slot(10)["program_id"] == program
        assert rig.send() == {"drop": PACKETS}


def test_tail_calls(rig, tmp_path):
    """A static program array, under reloads of its slot and of another one."""
    file = copy_of(shape("tails"), tmp_path)
    needs_tail_calls(rig, file, program="tails")
    before = None
    for turn in range(3):
        rig.run(file, program="tails", more="[slot edge.20]\nplugin = count\n" if turn == 1 else "")
        program = rig.host.slot(10)["program_id"]
        assert rig.send_through() == ({"next": PACKETS}, {"17171717": PACKETS}), turn
        assert rig.send(udp(protocol=6)) == {"drop": PACKETS}
        assert rig.send(udp(protocol=2)) == {"tx": PACKETS}
        if turn == 1:
            assert program == before
            rebuild(file)
        before = program
    assert bpftool("prog", "show", "id", program)["name"] == "tails"


def test_optional_programs(rig):
    """SEC("?xdp") is loaded only when the slot names it, as the program or in an array; the one that the kernel refuses is not."""
    needs_tail_calls(rig, shape("optional"), program="prog")
    rig.run(shape("optional"), program="prog")
    assert rig.send() == {"drop": PACKETS}
    rig.run(shape("optional"), program="prog", jumps="1:wanted")
    assert rig.send() == {"tx": PACKETS}
    rig.run(shape("optional"), program="wanted")
    assert rig.send() == {"tx": PACKETS}
    assert "invalid access to packet" in rig.refused(shape("optional"), program="prog", jumps="1:never")


def test_jumps_to_other_files(rig, tmp_path):
    """What a loader of its own would put into the array: under reloads, a new host, and with what the verifier refuses."""
    guest = copy_of(shape("guest"), tmp_path)
    tcp, jumps = udp(protocol=6), {"jump.stages.0": f"{guest}:first", "jump.stages.3": f"{guest}:second"}
    needs_tail_calls(rig, shape("root"), **jumps)
    rig.run(shape("root"), **jumps)
    assert rig.send(tcp) == {"next": PACKETS}
    assert rig.send() == {"drop": PACKETS}
    assert rig.send(tcp) == {"drop": PACKETS}  # the second sees what the first has counted
    program, shown = rig.host.slot(10)["program_id"], rig.host.slot(10)["jumps"]
    assert [(j["array"], j["index"], j["file"], j["program"]) for j in shown] == [
        ("stages", 0, str(guest), "first"), ("stages", 3, str(guest), "second")]
    assert [bpftool("prog", "show", "id", j["program_id"])["name"] for j in shown] == ["first", "second"]
    assert list((rig.host.directory / "state").glob(f"*{guest}"))  # kept, for a rollback

    rig.run(shape("root"), more="[slot edge.20]\nplugin = count\n", **dict(reversed(jumps.items())))
    assert rig.host.slot(10)["program_id"] == program, "a change of another slot, and of the order of lines"
    rig.host.murder()
    rig.host.count_edits()
    rig.host.start()
    assert rig.host.slot(10)["program_id"] == program and rig.host.slot(10)["jumps"] == shown
    assert rig.send(tcp) == {"drop": PACKETS}

    rebuild(guest)
    rig.run(shape("root"), **jumps)
    assert rig.host.slot(10)["program_id"] != program
    assert rig.send(tcp) == {"next": PACKETS}
    assert rig.send() == {"drop": PACKETS}
    assert rig.lookup("hits", 0) == 2 * PACKETS and rig.carried("hits") == "kept"

    other = tmp_path / "other.o"
    shutil.copy(guest, other)
    bad = {**jumps, "jump.stages.1": f"{other}:unchecked"}
    assert "invalid access to packet" in rig.refused(shape("root"), **bad)
    line = 1 + rig.host.conf.read_text().splitlines().index(f"jump.stages.1 = {other}:unchecked")
    answer = json.loads(rig.host.ctl("check", rig.host.ini).stdout)
    assert [(e["line"], "invalid access" in e["message"]) for e in answer["errors"]] == [(line, True)]
    assert rig.send() == {"drop": PACKETS}


def test_an_array_of_another_hook(rig):
    """The XDP program calls nothing: it is an extension like any other, and what tc would run is not loaded."""
    rig.run(shape("hooks"))
    assert rig.send() == {"drop": PACKETS}
    assert not rig.pin("classify", "programs").exists()
    assert "makes no tail call through program array jumps" in rig.refused(shape("hooks"), jumps="prog")


def test_maps_without_a_size(rig):
    """Set by the slot; the table is state across a restart all the same. Its section's name says nothing of a cpumap's entries."""
    message = rig.refused(shape("unsized"), program="unsized")
    assert "map sized_later has no size" in message and "map.sized_later.max_entries = N" in message
    size = {"map.sized_later.max_entries": 8}
    rig.run(shape("unsized"), program="unsized", **size)
    assert rig.send() == {"next": PACKETS}
    assert bpftool("map", "show", "pinned", rig.pin("sized_later"))["max_entries"] == 8
    rig.host.murder()
    rig.host.start()
    assert rig.host.status()["last_reload"]["result"] == "unchanged"
    rig.run(shape("unsized"), **size)  # the only one
    assert rig.carried("sized_later") == "kept"
    assert rig.send() == {"next": PACKETS}
    assert rig.lookup("sized_later", 0) == 2 * PACKETS
    assert "no parameter map.absent.max_entries" in rig.refused(shape("unsized"), **size, **{"map.absent.max_entries": 1})
    assert "map.sized_later.max_entries" in rig.refused(shape("unsized"), **{"map.sized_later.max_entries": 0})


def test_variables_of_a_function(rig):
    """They are no parameters, and in nobody's way."""
    rig.run(shape("locals"))
    assert rig.send() == {"next": PACKETS}
    rig.run(shape("locals"), limit=10)
    assert rig.send() == {"drop": PACKETS}
    assert "no parameter locals.most" in rig.refused(shape("locals"), **{"locals.most": 1})


def test_tail_calls_by_name(rig):
    keys = {"program": "start", "steps": "middle, 3:end"}
    needs_tail_calls(rig, shape("steps"), **keys)
    rig.run(shape("steps"), **keys)
    assert rig.send_through() == ({"next": PACKETS}, {"33333333": PACKETS})
    rig.run(shape("steps"), **(keys | {"first": 2}))
    assert rig.send() == {"drop": PACKETS}
    rig.run(shape("steps"), **(keys | {"steps": "2 : end", "first": 2}))
    assert rig.send_through() == ({"next": PACKETS}, {"33333333": PACKETS})
    rig.run(shape("steps"), program="start", first=3)
    assert rig.send() == {"drop": PACKETS}
    bpftool("map", "update", "pinned", rig.pin("steps"), "key", *little(3), "value", "pinned", rig.pin("end", "programs"))
    assert rig.send_through() == ({"next": PACKETS}, {"33333333": PACKETS})
    for steps, words in {"nobody": 'no XDP program "nobody"', "4:end": "no index 4, it has 0 to 3", "1:end, 1:middle": "given twice",
                         "1.end": "neither PROGRAM nor INDEX:PROGRAM"}.items():
        assert words in rig.refused(shape("steps"), **(keys | {"steps": steps}))


def test_a_program_that_tail_calls_itself(rig):
    needs_tail_calls(rig, shape("loop"))
    rig.run(shape("loop"))
    assert rig.send_through() == ({"next": PACKETS}, {"5": PACKETS})


def test_tail_calls_outlive_the_host(rig):
    """A program array forgets its programs with its last user: pins are one."""
    keys = {"program": "start", "steps": "3:end", "first": 3}
    needs_tail_calls(rig, shape("steps"), **keys)
    rig.run(shape("steps"), **keys)
    program = rig.host.slot(10)["program_id"]
    rig.host.murder()
    from_dead = receive_from_dead(rig)
    assert from_dead == {"33333333": PACKETS}
    rig.host.start()
    assert rig.host.slot(10)["program_id"] == program
    assert rig.send_through() == ({"next": PACKETS}, {"33333333": PACKETS})
    rig.run(shape("rewrite"))
    wait_for(lambda: not alive(program), "the old program to be gone")


def receive_from_dead(rig):
    with Receiver(rig.here, INTERFACE) as receiver, Sender(rig.peer, PEER, PACKETS, 2000) as sender:
        sender.wait()
        return receiver.stop(PACKETS)


def alive(program):
    return subprocess.run(["/usr/sbin/bpftool", "prog", "show", "id", str(program)], capture_output=True, check=False).returncode == 0


def test_maps_in_a_map(rig, tmp_path):
    """Inner maps are state, and the new outer map holds them."""
    file = copy_of(shape("nested"), tmp_path)
    rig.run(file)
    assert rig.send(udp(target="192.0.2.1")) == {"next": PACKETS}
    assert rig.send(udp(target="192.0.2.3")) == {"tx": PACKETS}
    rig.update("tenant_1", 0, 1)
    for _ in range(2):
        assert rig.send(udp(target="192.0.2.1")) == {"drop": PACKETS}
        assert rig.send(udp(target="192.0.2.2")) == {"next": PACKETS}
        rebuild(file)
        rig.run(file)
    assert (rig.carried("tenant_1"), rig.carried("tenants")) == ("kept", "fresh")


def large_frames(rig):
    """A veth notes how long a frame may be when its first XDP program comes: so it goes, and comes back."""
    rig.run(shape("frags"), chain="frags = yes\n", interfaces=OUT)
    rig.run(shape("frags"), chain="frags = yes\n")
    for namespace, device in ((rig.here, INTERFACE), (rig.peer, PEER)):
        namespace.run("ip", "link", "set", device, "mtu", "9000")


def small_frames(rig):
    for namespace, device in ((rig.here, INTERFACE), (rig.peer, PEER)):
        namespace.run("ip", "link", "set", device, "mtu", "1500")
    rig.run(shape("rewrite"), interfaces=OUT)


def test_frags(rig):
    needs(5, 18, "frames in several buffers")
    large_frames(rig)
    for length in (100, 5000):
        frame, before = udp(payload=bytes(length) + b"\x5a"), rig.host.chain()["packets"]
        rig.peer.run("/usr/bin/python3", "-c", SEND, PEER, frame.hex())
        wait_for(lambda: rig.host.chain()["packets"] > before, "the frame")
    assert [rig.lookup("seen", i) for i in (0, 1)] == [1, 1]
    rig.run(shape("loop-frags"), chain="frags = yes\n")  # a program and what it calls agree in it
    assert rig.send_through() == ({"next": PACKETS}, {"5": PACKETS})
    small_frames(rig)


def test_a_chain_has_frags_only_when_all_have(rig):
    needs(5, 18, "frames in several buffers")
    rig.run(shape("frags"))  # it may well run where frames have one buffer
    assert rig.send() == {"next": PACKETS}
    for name, program in (("rewrite", "rewrite"), ("tails", "tails")):
        message = rig.refused(shape(name), chain="frags = yes\n", program=program)
        assert f"frags = yes, and program {program} does not declare" in message and '"xdp.frags"' in message


def test_devmap(rig):
    """What is in the map is the user's; a veth takes redirected packets when its peer runs XDP."""
    rig.peer.run("ip", "link", "set", FAR, "xdp", "obj", shape("xskmap"), "sec", "xdp")
    rig.run(shape("devmap"))
    assert rig.send() == {"drop": PACKETS}
    rig.update("targets", 0, rig.here.ifindex(OUT))
    assert rig.send_through(udp(payload=b"devm" + bytes(40)), FAR, 42) == ({"redirect": PACKETS}, {b"devm".hex(): PACKETS})


def test_cpumap(rig):
    rig.run(shape("cpumap"))
    assert rig.send() == {"drop": PACKETS}
    rig.update("targets", 0, 64)
    assert rig.send_through(udp(payload=b"cpum" + bytes(40)), offset=42) == ({"redirect": PACKETS}, {b"cpum".hex(): PACKETS})


def test_xskmap(rig):
    rig.run(shape("xskmap"))
    assert rig.send() == {"next": PACKETS}
    with Consumer(rig.here, "xsk", rig.pin("sockets"), INTERFACE, PACKETS) as socket:
        assert rig.send() == {"redirect": PACKETS}
        assert socket.wait() == PACKETS


@pytest.mark.parametrize("kind", ["ring", "perf"])
def test_event_buffers(rig, kind):
    rig.run(shape(kind))
    with Consumer(rig.here, kind, rig.pin("events")) as consumer:
        assert rig.send() == {"next": PACKETS}
        assert consumer.stop() == PACKETS


def test_several_programs(rig):
    file = shape("several")
    rig.run(file, program="deny")
    assert rig.send() == {"drop": PACKETS}
    rig.run(file, program="admit")
    assert rig.send() == {"next": PACKETS}
    assert rig.lookup("hits", 0) == 2 * PACKETS  # one table for both: state is the slot's
    assert "name one: admit, deny" in rig.refused(file)
    for program, words in {"classify": "of type sched_cls", "leaving": "for the entries of a devmap or cpumap",
                           "watch": "of type tracing", "absent": "has no program absent"}.items():
        message = rig.refused(file, program=program)
        assert words in message and "admit, deny" in message


def test_pinned_maps(rig, tmp_path):
    """State, at a stable path of the slot's own; nothing in /sys/fs/bpf itself, where others' pins lie."""
    file, top = copy_of(shape("pinned"), tmp_path), set(Path("/sys/fs/bpf").iterdir())
    rig.run(file)
    rig.send(udp(source="192.0.2.9"))
    source = (0xc0000209).to_bytes(4, "big")
    for turn in range(1, 4):
        assert rig.lookup("sources", int.from_bytes(source, "little")) == turn * PACKETS
        rebuild(file)
        rig.run(file)
        assert rig.carried("sources") == rig.carried("blocked") == "kept"
        rig.send(udp(source="192.0.2.9"))
    bpftool("map", "update", "pinned", rig.pin("blocked"), "key", *(32).to_bytes(4, "little"), *source, "value", 1, 0, 0, 0)
    assert rig.send(udp(source="192.0.2.9")) == {"drop": PACKETS}
    assert set(Path("/sys/fs/bpf").iterdir()) == top


def test_sections_and_maps_of_any_name(rig):
    """bpffs takes no dot: each map has a pin of its own all the same, under its own name where that is fit, and a restart finds it."""
    rig.run(shape("sections"), **{"limit": 60})
    assert rig.send() == {"drop": PACKETS}
    rig.run(shape("sections"))
    assert rig.send() == {"next": PACKETS}
    maps = {m["name"]: m["pin"] for m in rig.host.slot(10)["maps"]}
    assert len(set(maps.values())) == len(maps)
    assert {name: pin for name, pin in maps.items() if not name.startswith(".")} == {n: n for n in ("data", "rodata", "bss", "data_hot")}
    assert (maps[".data"], maps[".data.hot"], maps[".rodata.str1.1"]) == ("data_2", "data_hot_2", "rodata_str1_1")
    for pin in maps.values():
        assert rig.pin(pin).exists(), pin
    program = rig.host.slot(10)["program_id"]
    rig.host.murder()
    rig.host.start()
    assert rig.host.slot(10)["program_id"] == program
    assert rig.host.status()["last_reload"]["result"] == "unchanged"
    assert rig.send() == {"next": PACKETS}
    assert (rig.lookup("data", 0), rig.lookup("data_hot", 0)) == (3 * 7 * PACKETS, 3 * PACKETS)  # maps are state


def test_messages_of_a_plugin(rig):
    """Their texts lie in .rodata.str1.1. The host writes them, and the next host too."""
    rig.host.plugin_file(built("plain", "tell.so"))
    rig.host.write(f"[chain edge]\ninterfaces = {INTERFACE}\n\n[slot edge.10]\nplugin = tell\n")
    rig.host.must_reload()
    for port in (1001, 1002):
        assert rig.send(udp(dport=port)) == {"next": PACKETS}
        wait_for(lambda port=port: f" to port {port}, and -1" in rig.host.log(), "the message")
        rig.host.murder()
        rig.host.start()


def test_btf_of_a_plugin_that_the_kernel_refuses(rig):
    """A plugin's program is an extension or nothing: the sentence says what makes such BTF."""
    rig.host.plugin_file(built("plain", "bad_array.so"))
    rig.host.write(f"[chain edge]\ninterfaces = {INTERFACE}\n\n[slot edge.10]\nplugin = bad_array\n")
    answer = rig.host.call("Reload")
    assert [e["message"] for e in answer["errors"]] == [
        "plugin bad_array: the verifier refuses bad_array(): the kernel refuses the object's BTF, which an extension needs; clang emits such BTF for a static const array of 4, 8, 16 or 32 bytes in a function: declare the array outside of functions and "
        "without static, or as volatile (Invalid argument)"]


def test_variables(rig):
    keys = {"policy": "POLICY_DENY", "odd": 30, "port": 2000, "peer": "192.0.2.1", "mac": "02:00:00:00:00:01", "word": "yes", "offset": -5}
    rig.run(shape("tuned"), **keys)
    assert rig.send() == {"drop": PACKETS}
    assert rig.send(udp(dport=2001)) == {"next": PACKETS}
    for key, other in {"policy": "POLICY_ADMIT", "peer": "192.0.2.2", "mac": "02:00:00:00:00:02", "word": "no", "offset": 5, "odd": 20,
                       "invert": "yes"}.items():
        rig.run(shape("tuned"), **(keys | {key: other}))
        assert rig.send() == {"next": PACKETS}, key
    for key, value, words in (("polcy", 1, "did you mean policy"), ("policy", "POLICY", "POLICY_ADMIT"), ("port", 65536, "does not fit"),
                              ("odd", 25, "not the value of an enumerator"), ("word", "too-long", "room for 7"), ("counter", 1, "not in .rodata"),
                              ("folded", 1, "no parameter folded"), ("peer", "2001:db8::1", "has 4 bytes")):
        message = rig.refused(shape("tuned"), **(keys | {key: value}))
        assert words in message, message


def test_functions_of_a_module(rig):
    needs(6, 0, "functions of modules for XDP")
    subprocess.run(["modprobe", "-q", "nf_conntrack"], check=False)
    if not Path("/sys/kernel/btf/nf_conntrack").exists():
        assert "load the module" in rig.refused(shape("kfunc"))
        pytest.skip("this kernel's nf_conntrack is not there to be loaded")
    rig.run(shape("kfunc"))
    assert rig.send() == {"drop": PACKETS}  # no such connection


def test_callbacks_locks_and_timers(rig):
    needs(5, 15, "timers")
    rig.run(shape("callbacks"))
    verdicts = rig.send()
    assert verdicts == {"next": 3, "drop": PACKETS - 3}
    wait_for(lambda: rig.lookup("hits", 0), "the timer")
    assert rig.carried("clocks") == "fresh"


@pytest.mark.parametrize("name, words", [("metadata", "bpf_xdp_metadata_"), ("missing", "bpf_of_another_kernel; load the module")])
def test_refused_with_what_would_help(rig, name, words):
    message = rig.refused(shape(name))
    assert words in message, message
    assert name != "metadata" or "bound to one card" in message


def test_debians_objects(rig):
    """All that libxdp and xdp-tools have, side by side and as they are; what tools fill is found by bpftool."""
    files = sorted(f for f in DEBIAN.glob("*.o") if f.name.startswith(("xdpfilt_", "xdpdump_xdp", "xsk_def")))
    if not files:
        pytest.skip("Debian's xdp-tools and libxdp1 are not installed")
    assert len(files) == 13, files
    more = "".join(f"[slot edge.{20 + n}]\nplugin = object\nobject = {f}\nproceed_on = pass, drop\n\n" for n, f in enumerate(files))
    rig.run(shape("rewrite"), more=more)
    assert rig.send_through() == ({"next": PACKETS}, {"11111111": PACKETS})
    for slot in rig.host.chain()["slots"]:
        assert (slot["seen"], slot["proceeded"]) == (PACKETS, PACKETS) or slot["number"] == 10, slot
    rig.run(DEBIAN / "xdpfilt_dny_all.o")
    assert rig.send() == {"drop": PACKETS}
    message = rig.refused(DEBIAN / "xdpdump_bpf.o")
    assert "no XDP program" in message and "fentry/func" in message and "tracing" in message
    assert "of type tracing" in rig.refused(DEBIAN / "xdpdump_bpf.o", program="trace_on_exit")

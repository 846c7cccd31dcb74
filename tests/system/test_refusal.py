# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Whatever is wrong with a reload: one clear sentence at the right place, exit code 78, and nothing has changed.

One host runs through the whole table, under traffic. A case is configuration text in which `; HERE` ends each line
that an error has to point to, and for each error, in order, a pattern that its sentence has to match. What is wrong
elsewhere names file and line itself.
"""
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass

import pytest

from chains import INTERFACE, PEER
from frames import Receiver, Sender
from host import Host, build_directory, built, wait_for
from netns import Namespace
from objects import LIBBPF

BASE = f"""\
[chain edge]
interfaces = {INTERFACE}
mode = native

[slot edge.10]
plugin = acl
rules = {{dir}}/good.rules

[slot edge.20]
plugin = trouble

[slot edge.90]
plugin = classify
"""
RULES = "deny 198.51.100.0/24\nallow any\n"


@dataclass
class Case:
    text: str
    errors: list  # a pattern, or (file below the directory, line, pattern)
    prepare: object = None  # called with the table; may be a generator that undoes after its yield
    mark: object = None  # for pytest


def add(text, *errors, **options):
    return Case(BASE + "\n" + text, list(errors), **options)


def swap(old, new, *errors, **options):
    assert old in BASE
    return Case(BASE.replace(old, new), list(errors), **options)


def slot(plugin, keys, *errors, **options):
    """Errors at `plugin = ` when no line of `keys` says HERE."""
    here = "" if "; HERE" in keys or not errors or isinstance(errors[0], tuple) else " ; HERE"
    return add(f"[slot edge.30]\nplugin = {plugin}{here}\n{keys}\n", *errors, **options)


def module(name):
    """Install a module of tests/plugin/modules as plugin sample."""
    def prepare(table):
        table.install("sample", (build_directory("asan") / f"tests/plugin/modules/{name}.so").read_bytes())
    return prepare


def content(data, mode=0o644, owner=0):
    def prepare(table):
        table.install("sample", data, mode, owner)
    return prepare


def rules(data):
    def prepare(table):
        (table.directory / "bad.rules").write_bytes(data)
    return prepare


def bpf_object(name):
    def prepare(table):
        shutil.copy(build_directory("asan") / f"tests/plugin/test-{name}.o", table.directory / "object.o")
    return prepare


def truncated(table):
    path = build_directory("asan") / "tests/plugin/modules/good.so"
    table.install("sample", path.read_bytes()[:3000])


def second_interface(table):
    table.namespace.veth("r0", table.peer, "r1")
    yield
    table.namespace.run("ip", "link", "del", "r0")


def big_packets(table):
    """veth's driver takes no XDP program when its peer may send more than a page."""
    table.namespace.veth("r0", table.peer, "r1")
    table.peer.run("ip", "link", "set", "r1", "mtu", "9000")
    yield
    table.namespace.run("ip", "link", "del", "r0")


def xdp_loader(table):
    table.namespace.veth("r0", table.peer, "r1")
    table.namespace.run("xdp-loader", "load", "-m", "native", "-n", "pass", "r0", table.object())
    yield
    table.namespace.run("xdp-loader", "unload", "r0", "--all")
    table.namespace.run("ip", "link", "del", "r0")


def netlink_program(table):
    table.namespace.veth("r0", table.peer, "r1")
    table.namespace.run("ip", "link", "set", "dev", "r0", "xdpdrv", "object", table.object(), "program", "pass")
    yield
    table.namespace.run("ip", "link", "del", "r0")


def newer_trouble(table):
    table.host.plugin("trouble", "v2")


def no_main_file(table):
    aside = table.directory / "aside"
    table.host.ini.rename(aside)
    yield
    aside.rename(table.host.ini)


def other_socket(table):
    good = table.host.ini.read_text()
    table.host.ini.write_text(good.replace("/control\n", "/elsewhere\n"))
    yield
    table.host.ini.write_text(good)


def second_file(text):
    def prepare(table):
        path = table.host.conf.parent / "zz.ini"
        path.write_text(text)
        yield
        path.unlink()
    return prepare


OBJECT = "object = {dir}/object.o"
MANY = "".join(f"[slot edge.{n}]{' ; HERE' if n == 233 else ''}\nplugin = classify\n" for n in range(204, 234))

CASES = {
    # The INI files
    "no key": slot("count", "nonsense ; HERE", r"="),
    "open header": add("[slot edge.30 ; HERE\n", r"\]"),
    "indented key": add("[slot edge.30]\nplugin = count\n  state = keep ; HERE\n", r"indent|blank"),
    "key before sections": Case("mode = native ; HERE\n" + BASE, [r"section"]),
    "colon": slot("count", "state: keep ; HERE", r"separated by =.*state = "),
    "long line": slot("acl", f"rules = /{'x' * 190} ; HERE", r"206 bytes, more than the 198"),
    "key twice": add("[slot edge.30]\nplugin = count\nplugin = count ; HERE\n", r"key plugin twice, first in line"),
    "slot twice": add("[slot edge.90] ; HERE\nplugin = count\n", r"duplicate section .*:\d+"),
    "chain twice": add("[chain edge] ; HERE\nfinal = drop\n", r"duplicate section .*:1\b"),
    "section in two files": Case(BASE, [("conf.d/zz.ini", 1, r"duplicate section .*test\.ini:")],
                                 prepare=second_file("[slot edge.90]\nplugin = count\n")),
    "unknown section": add("[slots edge.30] ; HERE\nplugin = count\n", r"did you mean slot"),
    "slot of no chain": add("[slot egde.30] ; HERE\nplugin = count\n", r"no \[chain egde\].*did you mean edge"),
    "chain's name": add("[chain Edge] ; HERE\ninterfaces = r0\n", r'"Edge" is not a chain\'s name'),
    "slot's number": add("[slot edge.070] ; HERE\nplugin = count\n", r"070 has a leading 0"),
    "number too high": add("[slot edge.65536] ; HERE\nplugin = count\n", r"65536 is too high"),
    "interface in two chains": add(f"[chain inner]\ninterfaces = r9, {INTERFACE} ; HERE\n",
                                   rf"{INTERFACE} is already in chain edge, at .*test\.ini:2"),
    "interface twice": swap(f"= {INTERFACE}", f"= {INTERFACE}, {INTERFACE} ; HERE", rf"has interface {INTERFACE} twice"),
    "no interfaces": add("[chain inner] ; HERE\nfinal = drop\n", r"chain inner has no interfaces"),
    "interface's name": add("[chain inner]\ninterfaces = an_interface_too_long ; HERE\n", r"21 characters"),
    "final": swap("mode = native", "final = reject ; HERE", r"pass.*drop.*tx"),
    "mode": swap("mode = native", "mode = offload ; HERE", r"native.*generic"),
    "boolean": swap("mode = native", "frags = maybe ; HERE", r"yes.*no"),
    "unknown key": swap("mode = native", "fianl = drop ; HERE", r"no key fianl.*final"),
    "the host's key": slot("count", "on_error = drop ; HERE", r"no key on_error"),
    "proceed_on": slot("count", "proceed_on = pass, accept ; HERE", r"accept"),
    "no plugin": add("[slot edge.30] ; HERE\nstate = keep\n", r"has no plugin"),
    "plugin by path": slot("{dir}/plugins/count.so", "", r"name, not a path"),
    "33 slots": add(MANY, r"33 enabled slots.*32"),
    "no main file": Case(BASE, [("xslot.ini", 0, r"No such file")], prepare=no_main_file),
    # Parameters
    "unknown parameter": slot("ratelimit", "rate = 1\nbrust = 5 ; HERE", r"no parameter brust.*burst"),
    "missing parameter": add("[slot edge.30] ; HERE\nplugin = ratelimit\n", r"needs the parameter rate"),
    "no number": slot("ratelimit", "rate = ten ; HERE", r"rate = ten.*whole number from 1 to"),
    "out of range": slot("ratelimit", "rate = 0 ; HERE", r"rate = 0.*out of range.*1 to"),
    "overflow": slot("ratelimit", "rate = 99999999999999999999G ; HERE", r"out of range"),
    "no such word": slot("ratelimit", "rate = 1\nunit = packet ; HERE", r"packets or bytes.*did you mean packets"),
    "no duration": slot("trouble", "wait = 10 ; HERE", r"wait = 10.*no unit"),
    # FILE parameters
    "no such file": slot("acl", "rules = {dir}/none.rules ; HERE", r"none\.rules.*No such file"),
    "relative path": slot("acl", "rules = good.rules ; HERE", r"begins with /"),
    "directory": slot("acl", "rules = {dir} ; HERE", r"directory|regular"),
    "wrong rule": slot("acl", "rules = {dir}/bad.rules", ("bad.rules", 2, r'"forbid"'),
                       prepare=rules(b"allow any\nforbid any\n")),
    "two wrong rules": slot("acl", "rules = {dir}/bad.rules", ("bad.rules", 1, r"192\.0\.2\.0/24"),
                            ("bad.rules", 3, r"icmp"),
                            prepare=rules(b"deny 192.0.2.1/24\nallow any\ndeny any icmp 80\n")),
    # Plugin files
    "no such plugin": slot("conut", "", r"no plugin conut: no file conut\.so in .*count"),
    "no ELF": slot("sample", "", r"sample\.so.*", prepare=content(b"#!/bin/sh\nexit 0\n" * 100)),
    "empty plugin": slot("sample", "", r"sample\.so", prepare=content(b"")),
    "cut off plugin": slot("sample", "", r"sample\.so", prepare=truncated),
    "another's name": slot("sample", "", r"simple", prepare=module("name-other")),
    "newer ABI": slot("sample", "", r"sample\.so.*ABI.*2", prepare=module("abi-newer")),
    "no descriptor": slot("sample", "", r"sample\.so", prepare=module("section-other")),
    "missing symbol": slot("sample", "", r"undefined_function", prepare=module("undefined")),
    "missing library": slot("sample", "", r"libxslot-absent\.so", prepare=module("needs")),
    "no object within": slot("sample", "", r"plugin sample: .*BPF object", prepare=module("good")),
    "writable by all": slot("sample", "", r"sample\.so is writable by everybody.*chmod", prepare=content(b"x", 0o666)),
    "another's file": slot("sample", "", r"sample\.so belongs to user 1234.*chown", prepare=content(b"x", 0o644, 1234)),
    # BPF objects
    "object missing": add("[slot edge.30] ; HERE\nplugin = object\n", r"needs .*object = PATH"),
    "no such object": slot("object", "object = {dir}/none.o ; HERE", r"none\.o.*No such file"),
    "not an object": slot("object", "object = {dir}/good.rules ; HERE", r"not a BPF object"),
    "no such program": slot("object", OBJECT + " ; HERE\nprogram = dorp", r"no program dorp; it has: .*drop",
                            prepare=bpf_object("object.bpf")),
    "which program": slot("object", OBJECT + " ; HERE", r"several programs; name one: .*pass",
                          prepare=bpf_object("object.bpf")),
    "legacy maps": slot("object", OBJECT + " ; HERE\nprogram = pass", r"maps the old way.*BTF",
                        prepare=bpf_object("object_legacy.bpf.raw")),
    "object refused": slot("object", OBJECT + " ; HERE\nprogram = unchecked", r"verifier refuses unchecked\(\).*packet",
                           prepare=bpf_object("object.bpf")),
    "object for another": slot("count", OBJECT + " ; HERE", r"count brings its own BPF program",
                               prepare=bpf_object("object.bpf")),
    # Plugins that say no
    "verifier": slot("trouble", "unsafe = yes", r"plugin trouble: .*verifier refuses trouble\(\)"),
    "check": slot("trouble", "fail = check ; HERE", r"^check fails, as asked$"),
    "start": slot("trouble", "fail = start ; HERE", r"^start fails, as asked$"),
    "silence": add("[slot edge.30] ; HERE\nplugin = trouble\nfail = silently\n",
                   r"plugin trouble: start failed: Exchange full"),
    "migrate": swap("plugin = trouble", "plugin = trouble\nfail = migrate ; HERE", r"^migrate fails, as asked$",
                    prepare=newer_trouble),
    # The machine
    "driver": add("[chain inner]\ninterfaces = r0 ; HERE\n", r"r0 in native mode: driver veth refuses: .*MTU",
                  prepare=big_packets),
    "dispatcher of libxdp": add("[chain inner]\ninterfaces = r0 ; HERE\n",
                                r"r0 in native mode: libxdp's dispatcher .* with pass .*xdp-loader unload r0",
                                prepare=xdp_loader),
    "another's program": add("[chain inner]\ninterfaces = r0 ; HERE\n",
                             r"r0 in native mode: XDP program pass .*ip link set dev r0 xdpdrv off",
                             prepare=netlink_program),
    "second of two": swap(f"= {INTERFACE}", f"= {INTERFACE}, r0 ; HERE", r"driver veth refuses", prepare=big_packets),
    "mode changes": swap("mode = native", "mode = generic ; HERE", rf"{INTERFACE} cannot change to generic.*--allow-detach"),
    "socket changes": Case(BASE, [("xslot.ini", 3, r"socket cannot change from .*/control to .*/elsewhere")],
                           prepare=other_socket),
    # Several at once: all of them, in order
    "several lines": add("[slot edge.30]\nplugin = count\nenabled = never ; HERE\nproceed_on = ok ; HERE\n"
                         "[slot edge.40] ; HERE\n[chain inner]\ninterfaces = r0\nmode = fast ; HERE\n",
                         r"yes.*no", r"proceed_on", r"has no plugin", r"native.*generic"),
    "several plugins": add("[slot edge.30]\nplugin = conut ; HERE\n[slot edge.40] ; HERE\nplugin = ratelimit\nbrust = 1 ; HERE\n"
                           "[slot edge.50]\nplugin = acl\nrules = {dir}/none.rules ; HERE\n",
                           r"no plugin conut", r"needs the parameter rate", r"no parameter brust", r"none\.rules"),
    # What follows from an error is none: slot 40 may have its plugin's name in the broken line, 60 its rate.
    "lines and plugins": add("[slot edge.30]\nplugin = count\nenabled = never ; HERE\nnonsense = 1\n"
                             "[slot edge.40]\nplugin: count ; HERE\n[slot edge.50]\nplugin = conut ; HERE\n"
                             "[slot edge.60]\nplugin = ratelimit\nrate: 5 ; HERE\n"
                             "[slot edge.70]\nplugin = acl\nrules = {dir}/none.rules ; HERE\n[chain inner]\ninterfaces = r0\n"
                             "mode = fast ; HERE\n", r"yes.*no", r"colon", r"no plugin conut", r"colon",
                             r"none\.rules", r"native.*generic"),
    "several checks": add("[slot edge.30]\nplugin = trouble\nfail = check ; HERE\n[slot edge.40]\nplugin = trouble\n"
                          "fail = check ; HERE\n", r"check fails", r"check fails"),
    "several refusals of the verifier": add("[slot edge.30]\nplugin = trouble ; HERE\nunsafe = yes\n[slot edge.40]\n"
                                            "plugin = trouble ; HERE\nunsafe = 1\n", r"verifier", r"verifier"),
    "several chains": add("[slot edge.40]\nplugin = trouble\nfail = start ; HERE\n"
                          "[chain inner]\ninterfaces = r0\n[slot inner.1]\nplugin = trouble\nfail = start ; HERE\n",
                          r"start fails", r"start fails", prepare=second_interface),
}


class Table:
    """The host under traffic, and the good state that each case begins with."""

    def __init__(self, namespace, peer, directory):
        self.namespace, self.peer, self.directory = namespace, peer, directory
        self.host = Host(namespace, directory)
        self.host.keep = "sys_admin,sys_ptrace"  # to name who is there
        self.log = 0

    def install(self, name, data, mode=0o644, owner=0):
        path = self.host.plugins / f"{name}.so"
        path.write_bytes(data)
        path.chmod(mode)
        os.chown(path, owner, 0)

    def object(self):
        return built("asan", "test-object.bpf.o")

    def write(self, text):
        self.host.write(text.replace("{dir}", str(self.directory)))

    def reset(self):
        for name in ("acl", "count", "ratelimit", "object"):
            self.host.plugin(name)
        for name in ("trouble", "classify"):
            self.host.plugin(name, "v1")
        (self.directory / "good.rules").write_text(RULES)
        self.write(BASE)

    def packets(self):
        return self.host.chain()["packets"]


def steady(status):
    """A status without what moves by itself or counts reloads."""
    kept = json.loads(json.dumps(status))
    kept.pop("last_reload")
    for key in ("reloads", "failed_reloads"):
        kept["host"].pop(key)
    for chain in kept["chains"]:
        chain.pop("packets")
        for one in chain["slots"]:
            for key in ("seen", "proceeded", "verdicts", "status"):
                one.pop(key)
    return kept


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    with Namespace() as namespace, Namespace() as peer:
        namespace.veth(INTERFACE, peer, PEER)
        directory = tmp_path_factory.mktemp("refusal")
        table = Table(namespace, peer, directory)
        with table.host:
            table.reset()
            table.host.start()
            with Receiver(namespace, INTERFACE) as table.receiver, Sender(peer, PEER, rate=100) as table.sender:
                yield table


@pytest.fixture
def good(table):
    """The table, everything good; before and after, the same runs and counts."""
    table.reset()
    table.host.rest()
    before = table.host.status()
    yield table
    after = table.host.status()
    assert steady(after) == steady(before)
    assert after["chains"][0]["gap_packets"] == 0
    wait_for(lambda: table.packets() > before["chains"][0]["packets"], "packets to be counted")


@pytest.fixture
def prepared(good, request):
    case = CASES[request.param]
    running = case.prepare(good) if case.prepare else None
    if running:
        next(running)
    good.write(case.text)
    yield case
    if running:
        next(running, None)


def expected(case, table):
    """(file, line, pattern) of each error."""
    lines = iter([n for n, line in enumerate(case.text.splitlines(), 1) if line.endswith("; HERE")])
    for error in case.errors:
        file, line, pattern = error if isinstance(error, tuple) else (table.host.conf.relative_to(table.directory), next(lines), error)
        yield str(table.directory / file), line or None, pattern
    assert next(lines, None) is None, "a HERE without an error"


def is_sentence(message):
    """One line that says something and ends without a full stop."""
    return message == message.strip() and "\n" not in message and "(null)" not in message and 10 < len(message) < 600 \
        and not message.endswith(".") and not message.endswith(": ")


@pytest.mark.parametrize("prepared", CASES, indirect=True)
def test_refused(good, prepared):
    code, answer = good.host.reload()
    print(json.dumps(answer, indent=1))
    assert code == 78 and answer["result"] == "refused" and answer["changed"] == []
    errors = answer["errors"]
    for error, (file, line, pattern) in zip(errors, expected(prepared, good)):
        assert (error["file"], error["line"]) == (file, line)
        assert re.search(pattern, error["message"]), pattern
        assert is_sentence(error["message"])
    assert len(errors) == len(prepared.errors)


def test_bad_plugins(good):
    """Everything in tests/plugin/bad and what is refused of tests/plugin/modules: a sentence of its own for each."""
    asked = {"bad_type": "number = 02:00:00:00:00:01", "bad_size": "number = 5G", "bad_variable": "changing = 1",
             "bad_param": "numbr = 1", "bad_callback": "fail = start", "bad_const": "fixed = 2", "bad_spelling": "threshold = 2",
             "bad_value": "number = 2"}
    fine = ("good", "second", "lld", "lld-relr", "nodelete", "prints", "size-newer", "size-older", "object", "libxslot-absent")
    ends = ("crashes", "aborts", "exits", "recurses", "fills", "loops", "detaches", "forks")  # in its constructor: test-inspect's
    directory = build_directory("asan") / "tests/plugin"
    plugins = [(path.stem, path) for path in sorted((directory / "bad").glob("bad_*.so"))]
    plugins += [("sample", path) for path in sorted((directory / "modules").glob("*.so")) if path.stem not in fine + ends]
    said = {}
    for name, path in plugins:
        good.install(name, path.read_bytes())
        good.write(BASE + f"[slot edge.30]\nplugin = {name}\n{asked.get(path.stem, '')}\n")
        answer = good.host.call("Reload")
        assert answer["result"] == "refused" and answer["changed"] == [], path
        error, = answer["errors"]
        assert error["line"] in (14, 15, 16, 17) and is_sentence(error["message"]), error
        assert error["message"] not in said, (path.stem, said[error["message"]])
        said[error["message"]] = path.stem
        (good.host.plugins / f"{name}.so").unlink()
    assert len(said) > 35


def test_as_text(good):
    """What a terminal gets: each error in one line, the verifier's log below it, and what became of it."""
    good.write(BASE + "[slot edge.30]\nplugin = trouble\nunsafe = yes\n")
    done = good.namespace.run(built("asan", "xslotctl"), "--socket", good.host.socket, "reload", check=False)
    lines = done.stderr.splitlines()
    print(done.stderr)
    assert done.returncode == 78 and not done.stdout
    assert re.match(rf"{good.host.conf}:15: plugin trouble: .*verifier refuses trouble\(\): ", lines[0])
    assert all(line.startswith("    ") for line in lines[1:-1]) and any("R1" in line for line in lines[1:-1])
    assert re.fullmatch(r"xslotctl: the reload was refused with 1 error after .*; nothing has changed", lines[-1])


def test_by_signal(good):
    """After SIGHUP, status and the log have what xslotctl reload would have said."""
    before = good.host.status()["host"]
    logged = len(good.host.log())
    good.write(BASE + "[slot edge.30]\nplugin = conut\n")
    good.host.hangup()
    status = good.host.status()
    assert status["last_reload"]["result"] == "refused"
    error, = status["last_reload"]["errors"]
    assert (error["file"], error["line"]) == (str(good.host.conf), 15)
    assert (status["host"]["reloads"], status["host"]["failed_reloads"]) == (before["reloads"] + 1, before["failed_reloads"] + 1)
    assert f"{error['file']}:15: {error['message']}" in good.host.log()[logged:]


def test_held_bank(table):
    """Somebody keeps the link that last filled the other bank: the reload is refused, and says by whom."""
    host = table.host
    table.reset()
    links = json.loads(subprocess.run(["bpftool", "-j", "link"], capture_output=True, text=True, check=True).stdout)
    held = LIBBPF.bpf_link_get_fd_by_id(next(link["id"] for link in links
                                             if link.get("prog_id") == host.slot(20)["program_id"]))
    assert held >= 0
    try:
        table.write(BASE.replace("plugin = trouble", "plugin = trouble\nwait = 1ns"))
        host.must_reload()
        wait_for(lambda: host.slot(20)["state"] == "draining", "the slot to drain")
        host.rest()
        before = host.status()
        table.write(BASE.replace("[slot edge.20]", "[slot edge.20] ; HERE").replace("= trouble", "= trouble\nwait = 2ns"))
        code, answer = host.reload()
        error, = answer["errors"]
        print(error)
        assert code == 78 and (error["file"], error["line"]) == (str(host.conf), 9)
        assert re.search(rf"held by .*\(pid {os.getpid()}\)", error["message"]) and is_sentence(error["message"])
        assert steady(host.status()) == steady(before)
    finally:
        os.close(held)
    host.must_reload()
    assert host.slot(20)["state"] == "live"


def test_start_refused(table, tmp_path):
    """A start is all or nothing too: status 78, nothing attached. Another host's pins and socket are not taken."""
    namespace = table.namespace
    namespace.veth("s0", table.peer, "s1")
    with Host(namespace, tmp_path) as second:
        for path in table.host.plugins.glob("*.so"):
            shutil.copy(path, second.plugins)
        argv = [built("asan", "xslotd"), "-c", second.ini]
        second.write("[chain one]\ninterfaces = s0\n[slot one.1]\nplugin = trouble\nfail = start\n")
        done = namespace.run(*argv, check=False)
        assert done.returncode == 78 and "another xslotd runs in this network namespace" in done.stderr
        second.ini.write_text(second.ini.read_text().replace("/xslot-", "/second-"))
        done = namespace.run(*argv, check=False)
        assert done.returncode == 78 and f"{second.conf}:5: start fails, as asked" in done.stderr
        assert "start refused, 1 error" in done.stderr and not second.socket.exists()
        second.ini.write_text(second.ini.read_text().replace(str(second.socket), str(table.host.socket)))
        second.write("[chain one]\ninterfaces = s0\n[slot one.1]\nplugin = trouble\n")
        done = namespace.run(*argv, check=False)
        assert done.returncode == 78 and re.search(r"control.*(in use|answers|another|listens)", done.stderr), done.stderr
    assert namespace.xdp_program("s0") == 0
    namespace.run("ip", "link", "del", "s0")
    assert table.host.status()["host"]["pid"] == table.host.pid()


def test_no_packet_noticed(table):
    """After all of it: every frame that was sent has come through, and the next good reload is applied."""
    table.reset()
    table.write(BASE.replace("plugin = trouble", "plugin = trouble\nwait = 3ns"))
    table.host.must_reload()
    sent = table.sender.stop()
    wait_for(lambda: table.packets() == sent, "the last frames")
    assert sum(table.receiver.stop(sent).values()) == sent
    assert table.host.chain()["gap_packets"] == 0

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""xslotd under test: its files, its process, and what it says through xslotctl."""
import contextlib
import functools
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180  # seconds that anything may take before the test fails; emulated guests are slow, some machines too
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:")


def build_directory(build):
    """tests/run names its builds; a developer's own `build` serves for all of them."""
    return Path(os.environ.get(f"XSLOT_BUILD_{build.upper().replace('-', '_')}", ROOT / "build"))


@functools.cache
def built(build, name):
    """The path of a built file, wherever the build has it; found once, since the tree is large and 9p slow."""
    found = [p for p in build_directory(build).rglob(name) if p.is_file()]
    assert found, f"{name} is not in {build_directory(build)}"
    return found[0]


def wait_for(condition, what, patience=PATIENCE):
    """Poll until `condition()` is true, and return it. `what` may be a function, for words that are true only at the end."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {patience} s for {what() if callable(what) else what}"
        time.sleep(0.02)


class Host:
    """One xslotd. `xslot.ini` holds [host] only; what a test configures is conf.d/test.ini, line 1 being its first."""

    # What the host does by itself after each reload would be in the way of counting its calls and generations: only the
    # tests of fused chains let it. XSLOT_TEST_FUSE=yes: all.
    fuse = os.environ.get("XSLOT_TEST_FUSE") == "yes"
    layout = None  # of its dispatchers, if not the newest

    there = []  # all of them, for a report of what fails

    def __init__(self, namespace, directory, build="asan"):
        self.namespace = namespace
        self.directory = Path(directory)
        self.build = build
        self.process = None
        self.keep = None  # capabilities besides the three that it keeps by itself
        self.ini = self.directory / "xslot.ini"
        self.conf = self.directory / "conf.d/test.ini"
        self.socket = self.directory / "control"
        self.plugins = self.directory / "plugins"
        self.log_path = self.directory / "log"
        for path in (self.plugins, self.conf.parent):
            path.mkdir(exist_ok=True)
            path.chmod(0o755)
        self.ini.write_text(f"[host]\nplugin_path = {self.plugins}\nsocket = {self.socket}\non_stop = detach\n"
                            f"state = {self.directory}/state\n"
                            f"bpffs = /sys/fs/bpf/xslot-{os.getpid()}\n")

    def __enter__(self):
        Host.there.append(self)
        return self

    def __exit__(self, *_):
        Host.there.remove(self)
        if self.process and self.process.poll() is None:
            assert self.stop() == 0, f"xslotd did not end well:\n{self.log()}"
        trouble = SANITIZER.search(self.log())
        assert not trouble, f"sanitizer: {self.log()[trouble.start() - 200:][:4000]}"

    def on_stop(self, what):
        """What becomes of the dataplane when this host stops: "detach", as at first, or "keep"."""
        self.ini.write_text(re.sub("on_stop = .*", f"on_stop = {what}", self.ini.read_text()))

    def plugin(self, name, version="", build=None):
        """Install a plugin (a test plugin's `version` is "v1" or "v2"), as a package manager does: by rename."""
        directory = build_directory(build or self.plugin_build())
        path = directory / f"tests/system/plugins/{name}-{version}.so" if version else directory / f"plugins/{name}.so"
        self.plugin_file(path, name)

    def plugin_file(self, path, name=None):
        """The same with any file; its own name when none is given."""
        name = name or path.stem
        new = self.plugins / f".{name}.new"
        shutil.copy(path, new)
        new.chmod(0o644)
        new.rename(self.plugins / f"{name}.so")

    def plugin_build(self):
        """Sabotaged hosts run the plain build's plugins: the same bytes."""
        return "asan" if self.build == "asan" else "plain"

    def write(self, text):
        self.conf.write_text(text)

    def start(self, *options):
        with open(self.log_path, "ab") as log:
            self.process = self.namespace.start(*self.argv(), *options, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(self.answers, "xslotd to answer")
        return self

    def argv(self):
        keep = ["--keep-capabilities", self.keep] if self.keep else []
        return [self.program(), "-c", self.ini, *keep, *([] if self.fuse else ["--no-fuse"]),
                *(["--state-layout", str(self.layout)] if self.layout else [])]

    def program(self):
        return built(self.build, "xslotd")

    def answers(self):
        assert self.process.poll() is None, f"xslotd ended with status {self.process.returncode}:\n{self.log()}"
        try:
            return self.status()["last_reload"]["result"] != "none"  # the socket is there before the first load is over
        except OSError:
            return False

    def call(self, method, **parameters):
        """Call the host as xslotctl does, without the time that starting a program takes in a guest."""
        with self.ask(method, **parameters) as client:
            return self.answer(client)

    def ask(self, method, **parameters):
        """Call it, without waiting: the connection, for answer()."""
        client = socket.socket(socket.AF_UNIX)
        try:
            client.settimeout(PATIENCE)
            client.connect(str(self.socket))
            client.sendall(json.dumps({"method": f"io.xslot.{method}", "parameters": parameters}).encode() + b"\0")
        except OSError:
            client.close()
            raise
        return client

    @staticmethod
    def call_again(client, method, **parameters):
        """On a connection that is there already: a host without descriptors takes no new one."""
        client.sendall(json.dumps({"method": f"io.xslot.{method}", "parameters": parameters}).encode() + b"\0")
        return Host.answer(client)

    @contextlib.contextmanager
    def no_descriptors(self):
        """It can open nothing, whatever it closes meanwhile; what it has it keeps."""
        limits = resource.prlimit(self.pid(), resource.RLIMIT_NOFILE)
        assert all(Path(f"/proc/{self.pid()}/fd/{n}").is_symlink() for n in range(4))
        resource.prlimit(self.pid(), resource.RLIMIT_NOFILE, (4, limits[1]))
        try:
            yield
        finally:
            resource.prlimit(self.pid(), resource.RLIMIT_NOFILE, limits)

    @staticmethod
    def answer(client):
        reply = b""
        while not reply.endswith(b"\0"):
            part = client.recv(1 << 16)
            if not part:
                raise ConnectionError("xslotd hung up")
            reply += part
        answer = json.loads(reply[:-1])
        assert "error" not in answer, answer
        return answer["parameters"]

    def heard(self):
        """What it was asked or told by a signal before this, it knows when this returns: its loop has been round since."""
        for _ in range(2):
            self.status()

    def rest(self):
        """Whatever the host does by itself after what it was asked to do is over: fused is what can be."""
        for _ in range(2):  # the first comes behind the task that runs, the second behind what that one led to
            for chain in self.status()["chains"]:
                self.call("Bypass", chain=chain["name"], on=chain["bypass"])

    def ctl(self, *arguments):
        argv = [built(self.build, "xslotctl"), "--socket", self.socket, "--json", *arguments]
        return self.namespace.run(*argv, check=False)

    def status(self):
        return self.call("Status")

    def chain(self, name="edge"):
        return next(c for c in self.status()["chains"] if c["name"] == name)

    def slot(self, number, chain="edge"):
        return next(s for s in self.chain(chain)["slots"] if s["number"] == number)

    def reload(self, *options):
        """`xslotctl reload --settle`: (exit code, its JSON)."""
        done = self.ctl("reload", "--settle", *options)
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {"stderr": done.stderr}

    def must_reload(self, **how):
        """Its answer, when nothing is left of what ran before; by socket, since a thousand of these start no program."""
        answer = self.call("Reload", settle=True, **how)
        assert answer["result"] in ("ok", "unchanged"), answer
        return answer

    def hangup(self):
        """SIGHUP, and wait until that reload is over."""
        before = self.status()["host"]["reloads"]
        self.kill(signal.SIGHUP)
        wait_for(lambda: self.status()["host"]["reloads"] > before, "the reload after SIGHUP")

    def kill(self, number):
        os.kill(self.pid(), number)

    def pid(self):
        """xslotd's own: nsenter becomes the program that it starts."""
        return self.process.pid

    def stop(self, number=signal.SIGTERM):
        """Exit status."""
        self.kill(number)
        return self.process.wait(PATIENCE)

    def murder(self):
        """SIGKILL: it has no say in what becomes of anything."""
        self.kill(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def count_edits(self):
        """None runs, and its end is to count as a clean one: what was edited since holds at the next start."""
        running = self.directory / "state/running"
        if running.exists():
            running.rename(running.with_name("stopped"))

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Reports in TAP for tests/runner, and the fixtures that the system tests share."""
import os

import pytest

from chains import INTERFACE, PEER
from host import Host
from netns import Namespace


class Tap:
    """One line a test, written as it ends, so that a crash of pytest itself loses nothing."""

    def __init__(self, path):
        self.file = open(path, "w", buffering=1, encoding="utf-8")
        self.count = 0

    def write(self, name, status, text):
        self.count += 1
        for line in text.splitlines():
            self.file.write(f"  {line}\n")  # indented: never mistaken for a result
        line = {"passed": "ok {} - {}", "failed": "not ok {} - {}", "skipped": "ok {} - {} # SKIP {}"}[status]
        self.file.write(line.format(self.count, name, text.splitlines()[-1] if text else "") + "\n")
        self.file.flush()

    def pytest_collection_finish(self, session):
        self.file.write(f"1..{len(session.items)}\n")

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.rpartition("::")[2]
        if report.failed:
            # A failing teardown comes after its test was reported: a failure of its own.
            said = [f"{title}:\n{tail(text)}" for title, text in report.sections]
            name = name if report.when == "call" else f"{name} ({report.when})"
            self.write(name, "failed", "\n".join([*said, report.longreprtext]))
        elif report.skipped:
            self.write(name, "skipped", report.longrepr[2] if isinstance(report.longrepr, tuple) else "")
        elif report.when == "call":
            self.write(name, "passed", "")


def tail(text, lines=15):
    return "\n".join(text.splitlines()[-lines:])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    """To what fails belongs what the hosts said that ran then."""
    report = (yield).get_result()
    if report.failed:
        report.sections += [(f"xslotd in {host.directory}", host.log()) for host in Host.there]


def pytest_configure(config):
    if "XSLOT_PYTEST_TAP" in os.environ:
        config.pluginmanager.register(Tap(os.environ["XSLOT_PYTEST_TAP"]))


@pytest.fixture
def namespace():
    """A network namespace of the test's own."""
    with Namespace() as ns:
        yield ns


@pytest.fixture
def peer():
    """The neighbour's namespace."""
    with Namespace() as ns:
        yield ns


@pytest.fixture
def link(namespace, peer):
    """A veth pair: INTERFACE, which the tests configure, and PEER in the neighbour's namespace."""
    namespace.veth(INTERFACE, peer, PEER)


@pytest.fixture
def host(namespace, link, tmp_path):
    """An xslotd in `namespace`, not yet started; stopped at the end, and its end checked."""
    with Host(namespace, tmp_path) as h:
        yield h

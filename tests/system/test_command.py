# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Commands of a plugin in a running host: what they change stays, and they run between reloads."""
import json

import pytest

from chains import chain
from host import Host, build_directory


@pytest.fixture
def host(namespace, link, tmp_path):
    with Host(namespace, tmp_path) as h:
        h.plugin("count")
        h.plugin_file(build_directory("asan") / "tests/plugin/sdk/blocks.so")
        yield h


def blocked(host):
    (number,) = host.call("Call", slot="edge.10", command="count")["numbers"]
    assert (number["name"], number["unit"], number["kind"]) == ("blocked", "addresses", "gauge")
    return number["value"]


def call(host, *words):
    """The exit code, and the texts of the answer or the error."""
    said = host.ctl("call", *words)
    reply = json.loads(said.stdout)
    return said.returncode, reply["errors"][0]["message"] if said.returncode else reply["status"]


def test_commands(host):
    host.write(chain((10, "blocks"), (20, "count")))
    host.start()
    assert call(host, "edge.10", "block", "192.0.2.1", "5m") == (0, {"blocked": "for 300 s"})
    assert blocked(host) == 1
    assert "slot edge.10: block 192.0.2.1 5m: done, asked for by uid 0" in host.log()
    assert call(host, "edge.20", "count") == (1, "slot edge.20: plugin count has no commands")
    assert call(host, "edge.10", "unblock", "192.0.2.7") == (
        1, "slot edge.10: unblock: plugin blocks: command failed: No such file or directory")
    # While a reload runs it waits, and then it is in the new place.
    host.write(chain((10, "blocks"), (20, "count"), final="drop"))
    reload = host.ask("Reload", settle=True)
    commands = [host.ask("Call", slot="edge.10", command="block", arguments=[f"192.0.2.{n}", "1h"]) for n in range(2, 6)]
    assert host.answer(reload)["result"] == "ok"
    assert [host.answer(command)["status"] for command in commands] == 4 * [{"blocked": "for 3600 s"}]
    for client in (reload, *commands):
        client.close()
    assert blocked(host) == 5
    # In a bypass, too; and after a crash in the instance that the next host adopts.
    host.call("Bypass", chain="edge", on=True)
    host.call("Call", slot="edge.10", command="unblock", arguments=["192.0.2.5"])
    host.call("Bypass", chain="edge", on=False)
    host.murder()
    host.start()
    assert blocked(host) == 4
    host.stop()

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What `xslotctl events` says is what happened, in that order, by whom it was, and still after a restart."""
import os
import signal

import pytest

from chains import chain
from host import Host, wait_for


@pytest.fixture
def host(namespace, link, tmp_path):
    with Host(namespace, tmp_path, build="plain") as h:
        h.plugin("count")
        yield h


def news(host, after):
    """What happened since event `after`: [(kind, result, chain, by somebody, changed)]; and the last id."""
    told = host.call("Events", **({"after": after} if after else {}))
    return [(e["kind"], e["result"], e["chain"], e["by"] is not None, e["changed"]) for e in told["events"]], told["last"]


def test_what_happened(host):
    host.on_stop("keep")
    host.write(chain((10, "count")))
    host.start()
    wait_for(lambda: news(host, 0)[0], "the file of events to be read")
    happened, last = news(host, 0)
    assert [event[:4] for event in happened] == [("start", "ok", None, False)]
    assert "edge: chain added" in happened[0][4]
    host.write(chain((10, "count"), final="drop"))
    host.hangup()
    assert host.call("Reload")["result"] == "unchanged"  # which is not an event
    host.write(chain((10, "nothing")))
    assert host.reload()[0] == 78
    host.call("Bypass", chain="edge", on=True)
    host.call("Bypass", chain="edge", on=False)
    happened, last = news(host, last)
    assert [event[:4] for event in happened] == [("reload", "ok", None, True), ("reload", "refused", None, True),
                                                 ("bypass", None, "edge", True), ("bypass", None, "edge", True)]
    assert happened[0][4] == ["edge: final pass -> drop"]
    assert len(happened[1][4]) == 1 and "nothing" in happened[1][4][0]
    (asked,) = [e["by"] for e in host.call("Events", after=1)["events"] if e["changed"] == ["edge: final pass -> drop"]]
    assert asked == f"uid 0, pid {os.getpid()} with SIGHUP"
    # A crash, then a clean stop: the next host has all of it, and continues the ids.
    wait_for(lambda: (host.directory / "state/events").read_text().count("\n") >= last, "the events to be kept")
    host.murder()
    host.count_edits()
    host.write(chain((10, "count"), final="drop"))
    host.start()
    wait_for(lambda: news(host, last)[0], "the file of events to be read")
    happened, then = news(host, last)
    assert happened[0][:2] == ("start", "ok") and then > last
    host.call("Clean", chain="edge")
    host.stop()
    host.start()
    wait_for(lambda: len(news(host, then)[0]) >= 3, "the file of events to be read")
    assert [event[0] for event in news(host, then)[0]] == ["clean", "stop", "start"]
    lines = (host.directory / "state/events").read_text().splitlines()
    assert len(lines) >= then and not (host.directory / "state/events.new").exists()


def test_followed(host):
    """A call that waits is answered by what happens, and a host that stops answers it."""
    host.write(chain((10, "count")))
    host.start()
    wait_for(lambda: news(host, 0)[0], "the file of events to be read")
    request = host.ask("Events", after=news(host, 0)[1], wait=True)
    host.call("Bypass", chain="edge", on=True)
    assert [e["kind"] for e in host.answer(request)["events"]] == ["bypass"]
    request = host.ask("Events", after=news(host, 0)[1], wait=True)
    host.status()  # connections are accepted and read in their order: the call waits now
    host.kill(signal.SIGTERM)
    assert [e["kind"] for e in host.answer(request)["events"]] == ["stop"]
    assert host.process.wait() == 0

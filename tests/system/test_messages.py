# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""A BPF program's messages in the host's log: of a plugin without callbacks, from slots and fused, in a flood, after a crash."""
import re

from chains import INTERFACE, chain
from frames import inject, udp
from host import build_directory, wait_for

FLOOD = 19_200


def lines(host, port):
    return host.log().count(f"edge.10: 192.0.2.1 to port {port}, and -1\n")


def more(host):
    """How many the host says it left out, in all."""
    return sum(map(int, re.findall(r"edge\.10: (\d+) more like this: %4 to port %u, and %d\n", host.log())))


def says(host, port):
    """The loop reads a flood's rest before; a window may be over its limit and then shorter again."""
    def one():
        inject(host.namespace, INTERFACE, 64, udp(dport=port))
        return lines(host, port)
    wait_for(one, f"a message about port {port}")


def test_a_log_that_packets_cannot_fill(host):
    host.fuse = True
    host.plugin_file(build_directory("asan") / "tests/plugin/sdk/tell.so", "tell")
    host.plugin("count")
    host.write(chain((10, "tell"), (20, "count"), fuse="yes"))
    host.start()
    wait_for(lambda: host.chain()["tier"] == "fused", "a fused chain")
    says(host, 2000)
    host.write(chain((10, "tell"), (20, "count"), fuse="no"))
    host.must_reload()
    inject(host.namespace, INTERFACE, FLOOD, udp(dport=2001))
    wait_for(lambda: more(host) > 300, "a count of what was left out")
    assert lines(host, 2001) <= 40
    host.murder()
    host.start()
    assert host.slot(10)["verdicts"]
    says(host, 2002)
    host.write(chain((20, "count")))
    host.must_reload()
    assert host.chain()["gap_packets"] == 0

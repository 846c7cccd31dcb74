# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Plugins that an older xslot built (tests/abi) run in today's host, beside today's, and hand their state over both ways."""
from chains import INTERFACE, chain, classify
from frames import Injector, inject, udp
from host import ROOT, wait_for
from test_object import FILTER

OLD = ROOT / "tests/abi/1"
RULE = "deny 192.0.2.0/24 udp 2000"


def old(host, name, version=""):
    host.plugin_file(OLD / f"{name}{version and '-'}{version}.so", name)


def counted(host, number):
    return {m["name"]: m["carried"] for m in host.slot(number)["maps"] if m["class"] == "state"}


def test_first_abi_beside_todays(host, tmp_path):
    """Parameters of most types, files, errors, status, timers, all callbacks: what a plugin of ABI 1 asks of its host."""
    rules = tmp_path / "acl.rules"
    rules.write_text(f"{RULE}\nallow any\n")
    for name in ("acl", "ratelimit", "object"):
        old(host, name)
    old(host, "ledger", "v1")
    host.plugin("count")
    host.plugin("classify", "v1")
    slots = [(10, "acl", {"rules": rules}), (20, "ratelimit", {"rate": "1M"}), (30, "ledger"), (40, "count")]
    host.write(chain(*slots, (50, "object", {"object": FILTER}), classify()))
    host.start()
    inject(host.namespace, INTERFACE, 64, udp())  # the rule is for it
    inject(host.namespace, INTERFACE, 128, udp(dport=2001))
    assert host.slot(10)["status"][RULE].split()[0] == "64"
    assert host.slot(30)["status"]["packets"] == "128"
    assert host.slot(20)["status"]["passed"] == "128 packets"
    assert any(text.startswith("128 packets") for text in host.slot(40)["status"].values())
    assert host.slot(90)["verdicts"]["drop"] == 128  # behind all of them
    rules.write_text("deny 192.0.2.0/33\n")
    code, answer = host.reload()
    assert code == 78 and answer["errors"][0]["line"] == 1 and str(rules) in answer["errors"][0]["file"]
    rules.write_text("allow any\n")
    host.must_reload()
    inject(host.namespace, INTERFACE, 64, udp())
    assert host.slot(30)["status"]["packets"] == "192"


def test_upgraded_and_back_under_packets(host):
    """The old build's state goes to today's by today's migrate, and back by the one that was compiled then."""
    old(host, "ledger", "v1")
    host.plugin("classify", "v1")
    host.write(chain((10, "ledger"), classify()))
    host.start()
    with Injector(host.namespace, INTERFACE, threads=2) as injector:
        wait_for(lambda: host.chain()["packets"] > 0, "the first packets")
        for _ in range(3):
            host.plugin("ledger", "v2")
            host.must_reload()
            assert counted(host, 10) == {"accounts": "migrated"}
            old(host, "ledger", "v1")
            host.must_reload()
            assert counted(host, 10) == {"accounts": "migrated"}
        injected = injector.stop()
    assert int(host.slot(10)["status"]["packets"]) == injected
    assert host.chain()["gap_packets"] == 0

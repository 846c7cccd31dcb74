# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Configurations and readings that several tests share."""

INTERFACE = "x0"  # the interface under test
PEER = "x1"  # its other end, in another namespace


def chain(*slots, **keys):
    """INI text of chain `edge` on INTERFACE; a slot is (number, plugin, {key: value})."""
    lines = ["[chain edge]", f"interfaces = {INTERFACE}"] + [f"{key} = {value}" for key, value in keys.items()]
    for number, plugin, *values in slots:
        lines += ["", f"[slot edge.{number}]", f"plugin = {plugin}"]
        lines += [f"{key} = {value}" for key, value in (values[0] if values else {}).items()]
    return "\n".join(lines) + "\n"


def slow(number, reads, clear=False):
    return (number, "slow", {"reads": reads, "clear": "yes" if clear else "no"})


def stamp(number, ident):
    return (number, "stamp", {"id": ident})


def classify(number=90, drop=True):
    return (number, "classify", {"drop": "yes" if drop else "no"})


def trails(host, number=90):
    """{trail: packets}, as the slot of `classify` counts them."""
    return {trail: int(count) for trail, count in host.slot(number)["status"].items()}


def verdicts(chain_status):
    """Packets of a chain that some slot decided."""
    return sum(sum(slot["verdicts"].values()) for slot in chain_status["slots"])

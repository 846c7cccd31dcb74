# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""The storm and atomicity tests can fail: hosts that break one promise on purpose are caught by them."""
import os

import pytest

from chains import trails
from host import Host
from test_atomicity import CHANGES, toggle
from test_storm import storm

CPUS = 2
ENOUGH = 20  # packets that meet a stub, where the storm allows none

pytestmark = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two CPUs: on one nothing overlaps")


def test_without_grace_period_packets_meet_stubs(namespace, link, tmp_path):
    # Held up for longer than the host needs from the store to the stubs, so that hardly a reload goes by unseen.
    # How many do is the machine's affair: it ends as soon as there are enough.
    with Host(namespace, tmp_path, build="no-grace") as host:
        _, status = storm(host, 5000, enough=lambda status: status["gap_packets"] > ENOUGH, reads=4000, holds=16)
    print(f"no-grace: {status['gap_packets']} packets met a stub in {status['generation']} generations")
    assert status["gap_packets"] > ENOUGH


def test_generation_written_in_place_mixes_configurations(namespace, link, tmp_path):
    states = CHANGES["parameters"]
    proper = {trail for _, _, trail in states}
    with Host(namespace, tmp_path, build="in-place") as host:
        counted = toggle(host, states, 2000, enough=lambda: set(trails(host)) - proper)
    mixed = {trail: count for trail, count in counted.items() if trail not in proper}
    print(f"in-place: {mixed} of {counted}")
    assert mixed

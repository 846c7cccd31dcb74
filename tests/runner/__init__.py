# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Build, run, count: what tests/run does once the packages are there.

Test programs are what meson says they are, plus the pytest files of tests/system. Each runs on its own, with a time
limit, and whatever it announced but did not report counts as failed: no test goes missing. Where the kernel refuses
freplace, the same code runs inside a guest and writes a journal, which survives the guest.
"""

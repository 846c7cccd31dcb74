#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Damaged objects and plugins, through `xslotctl check`: it says that they are good or why not, and is not killed.

    test-damage.py XSLOTCTL PLUGINS OBJECT [COUNT [SEED]]

PLUGINS is a folder of built plugins, OBJECT a BPF object of one program. COUNT files of each kind are made from SEED, always
the same ones: bytes flipped, the end cut off, headers of sections and segments that lie, BTF whose offsets, ids and
lengths lie, relocations and dynamic entries that lie. Thousands take minutes: test-damage.py … 5000. Those that end the
process that looks at files first are counted. What kills `check` is left in a folder that is named. TAP.
"""
import collections
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

LIES = (0, 1, 2, 7, 0x7f, 0xff, 0xffff, 0x7fffffff, 0xfffffff0, 0xffffffff)


class Elf:
    """Where the parts of a 64-bit little-endian ELF file are."""

    def __init__(self, data):
        self.data = data
        self.segments_at, self.sections_at = struct.unpack_from("<QQ", data, 32)
        self.segment_size, self.n_segments, self.section_size, self.n_sections, names = struct.unpack_from("<5H", data, 54)
        self.sections = {}
        text = self.section(names)[4]
        for i in range(self.n_sections):
            header = self.section(i)
            name = data[text + header[0]:data.index(b"\0", text + header[0])].decode()
            if header[1] != 8:  # not of bytes that the file has not
                self.sections[name] = (header[4], header[5])

    def section(self, index):
        return struct.unpack_from("<IIQQQQIIQQ", self.data, self.sections_at + index * self.section_size)


def put(data, at, value, size):
    data[at:at + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def flip(random, elf, data):
    for _ in range(random.choice((1, 1, 2, 8))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def cut(random, elf, data):
    del data[random.randrange(1, len(data)):]


def header(random, elf, data):
    at = random.randrange(0, 64, 2)
    put(data, at, random.choice(LIES), 2)


def table(random, data, start, each, n):
    """A field of one of `n` headers."""
    size = random.choice((4, 8))
    at = start + random.randrange(n) * each + random.randrange(0, each, size)
    put(data, at, random.choice(LIES + (len(data), len(data) - 1)), size)


def sections(random, elf, data):
    table(random, data, elf.sections_at, elf.section_size, elf.n_sections)


def segments(random, elf, data):
    if elf.n_segments:
        table(random, data, elf.segments_at, elf.segment_size, elf.n_segments)
    else:
        sections(random, elf, data)


def inside(*names):
    """A word in one of these sections."""
    def damage(random, elf, data):
        there = [s for s in names if elf.sections.get(s, (0, 0))[1] >= 8]
        offset, size = elf.sections[random.choice(there)]
        width = random.choice((1, 2, 4, 4, 8))
        at = offset + random.randrange(0, size - width + 1, min(width, 4))
        old = int.from_bytes(data[at:at + width], "little")
        put(data, at, random.choice(LIES + (old + 1, old - 1, old ^ 0x10, old + 0x1000, old << 8)), width)
    return damage


OBJECT = (flip, cut, header, sections, inside(".BTF"), inside(".BTF"), inside(".BTF"), inside(".BTF.ext"),
          inside(".symtab", ".strtab"), inside(".relxdp", ".rel.BTF", ".rel.BTF.ext", ".relxdp.frags", ".BTF"),
          inside("xdp", ".maps", ".rodata", "license", ".BTF"))
PLUGIN = (cut, header, sections, segments, inside(".dynamic"), inside(".dynsym", ".dynstr"),
          inside(".rela.dyn", ".rela.plt", ".relr.dyn"), inside(".gnu.hash", ".gnu.version", ".gnu.version_r"),
          inside(".init_array", ".fini_array"), inside(".xslot.plugin"), inside(".rodata"))


# What is wrong here shows when a callback runs.
CODE = (inside(".text"),)


def damaged(seed, kind, number, whole, ways):
    """Number `number` of this kind, whatever others are made."""
    dice = random.Random(f"{seed} {kind} {number}")
    way = ways[number % len(ways)]
    data = bytearray(whole)
    way(dice, Elf(whole), data)
    return bytes(data)


class Table:
    def __init__(self, xslotctl, plugins, work):
        self.xslotctl, self.plugins, self.work = xslotctl, plugins, work
        self.counts = collections.Counter()

    def check(self, text):
        (self.work / "xslot.ini").write_text(text)
        done = subprocess.run([self.xslotctl, "check", self.work / "xslot.ini"], capture_output=True, text=True, errors="replace",
                              check=False, timeout=120, env=os.environ | {"ASAN_OPTIONS": "detect_leaks=1"})
        said = done.stdout + done.stderr
        ended = re.search(r"(?:it|its \w+) (crashed|ended the process|took more|did not)", said)
        self.counts[ended.group(1) if ended else "good" if done.returncode == 0 else "refused"] += 1
        fine = f"{self.work}/xslot.ini is good" in said if done.returncode == 0 else \
            f"{self.work}/xslot.ini:" in said or f"{self.work}/rules" in said
        return fine and done.returncode in (0, 78), done.returncode, said

    def object(self, data):
        (self.work / "damaged.o").write_bytes(data)
        return self.check(f"[host]\nplugin_path = {self.plugins}\n[chain e]\ninterfaces = lo\n[slot e.1]\nplugin = object\n"
                          f"object = {self.work}/damaged.o\n")

    def plugin(self, data, name="count", more=""):
        path = self.work / f"plugins/{name}.so"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return self.check(f"[host]\nplugin_path = {path.parent}\n[chain e]\ninterfaces = lo\n[slot e.1]\nplugin = {name}\n{more}")

    def code(self, data):
        rules = self.work / "rules"
        rules.write_text("allow 192.0.2.0/24 tcp 80-90\ndeny any\n")
        return self.plugin(data, "acl", f"rules = {rules}\n")


def main(xslotctl, plugins, whole, count="40", seed="1"):
    work = Path(tempfile.mkdtemp(prefix="xslot-damage-"))
    work.chmod(0o755)
    failed = 0
    print("1..3")
    for number, (kind, data, ways) in enumerate((("object", Path(whole).read_bytes(), OBJECT),
                                                 ("plugin", Path(plugins, "count.so").read_bytes(), PLUGIN),
                                                 ("code", Path(plugins, "acl.so").read_bytes(), CODE)), 1):
        results = Table(xslotctl, plugins, work)
        broken = []
        for i in range(int(count)):
            bytes_ = damaged(seed, kind, i, data, ways)
            fine, code, said = getattr(results, kind)(bytes_)
            if not fine:
                (work / f"broken-{kind}-{i}").write_bytes(bytes_)
                broken.append(f"{work}/broken-{kind}-{i}: exit status {code}: {said[-600:]}")
        print(f"{'not ok' if broken else 'ok'} {number} - {count} damaged files: {kind}")
        print("# " + ", ".join(f"{n} {what}" for what, n in sorted(results.counts.items())), flush=True)
        for line in "\n".join(broken).splitlines():
            print(f"# {line}")
        failed += bool(broken)
    if not failed:
        shutil.rmtree(work)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""How many programs, maps and links the kernel has: what is left of something, or missing."""
import ctypes
import os
import struct

from host import wait_for

LIBBPF = ctypes.CDLL("libbpf.so.1", use_errno=True)
XDP, ARRAY = 6, 2  # enum bpf_prog_type, enum bpf_map_type
ROUNDS = 3  # an unlinked pin lets go of its link, that of its program, and that of its maps


def objects():
    """The numbers now. (bpftool takes a second to say them: it also looks for who has them.)"""
    def count(kind):
        following, ident, n = getattr(LIBBPF, f"bpf_{kind}_get_next_id"), ctypes.c_uint32(0), 0
        while following(ident, ctypes.byref(ident)) == 0:
            n += 1
        return n

    return {kind: count(kind) for kind in ("prog", "map", "link")}


def checked(fd):
    assert fd >= 0, os.strerror(ctypes.get_errno())
    return fd


def canary():
    """The id of a map that only a program had, of which nobody has a descriptor any more."""
    made = checked(LIBBPF.bpf_map_create(ARRAY, b"canary", 4, 4, 1, None))
    info = ctypes.create_string_buffer(8)
    checked(LIBBPF.bpf_obj_get_info_by_fd(made, info, ctypes.byref(ctypes.c_uint32(len(info)))))
    load_map, zero, leave = struct.pack("<BBhi8x", 0x18, 0x11, 0, made), b"\xb7".ljust(8, b"\0"), b"\x95".ljust(8, b"\0")
    code = load_map + zero + leave
    program = checked(LIBBPF.bpf_prog_load(XDP, b"canary", b"GPL", code, ctypes.c_size_t(len(code) // 8), None))
    os.close(made)
    os.close(program)
    return struct.unpack("<II", info.raw)[1]


def gone(ident):
    fd = LIBBPF.bpf_map_get_fd_by_id(ident)
    if fd >= 0:
        os.close(fd)
    return fd < 0


def objects_at_rest():
    """
    The numbers to compare with later, once nothing is on its way out. The kernel frees a program's maps after a grace
    period, in a worker, so what went just now may still be there; what goes after it in the same way says when that is over.
    """
    for _ in range(ROUNDS):
        ident = canary()
        wait_for(lambda ident=ident: gone(ident), "the kernel to free a map")
    return objects()


def wait_for_objects(expected, when):
    """Nothing is missing, and what is too much goes in the end."""
    wait_for(lambda: objects() == expected, lambda: f"as many objects as there should be {when}: {expected}, now {objects()}")

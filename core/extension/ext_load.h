/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Load a program of a libbpf object as an extension of a function whose BTF id is known.
 *
 * bpf_program__set_attach_target() looks that id up in the kernel, by the id of the target's BTF, and
 * look-ups by id need CAP_SYS_ADMIN. A caller that knows the id does not need the look-up.
 */
#ifndef EXTENSION_EXT_LOAD_H
#define EXTENSION_EXT_LOAD_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_object;
struct bpf_program;

/* Once before the first object is opened that is to be loaded so. For the whole process, hence not for a
 * library. */
void ext_load_register(void);

/*
 * Can this program be loaded so? Its object was opened after ext_load_register(), its type was not set, and
 * its section is not one that means another type of program to libbpf.
 */
bool ext_load_can(const struct bpf_program *program);

/* bpf_object__load(), in which `program` becomes an extension of function `btf_id` of the program
 * `target_fd`. */
int ext_load(struct bpf_object *object, struct bpf_program *program, int target_fd, uint32_t btf_id);

#endif

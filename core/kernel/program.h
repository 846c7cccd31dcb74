/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A loaded BPF program as others may refer to it: its identity and the functions that its BTF shows. */
#ifndef KERNEL_PROGRAM_H
#define KERNEL_PROGRAM_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

struct btf;

struct program {
	int fd; /* a reference of its own */
	uint32_t id;
	enum bpf_prog_type type;
	char name[BPF_OBJ_NAME_LEN]; /* as the kernel keeps it: cut to 15 characters */
	struct btf *btf;
	uint32_t *functions; /* BTF ids of the functions that are in the code, the entry first */
	size_t n_functions;
};

/*
 * Look at the program behind `fd` (duplicated). -EINVAL when it is no program, -ENODATA when it has no BTF,
 * -EPERM without CAP_SYS_ADMIN.
 */
int program_open(int fd, struct program **ret_program, struct xslot_diag *diag);
void program_close(struct program *program); /* accepts NULL */

/* The BTF id of a global function. -ENOENT: the second half of a sentence, why there is none and which exist.
 */
int program_find_function(
	const struct program *program, const char *function, uint32_t *ret_btf_id, struct xslot_diag *diag);

/* The struct that a program of this type gets as its context: "xdp_md"; NULL: not known. */
const char *program_context(enum bpf_prog_type type);

#endif

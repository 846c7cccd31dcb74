/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A loaded BPF program as others may refer to it: its identity and the functions in its BTF. */
#ifndef EXTENSION_PROGRAM_H
#define EXTENSION_PROGRAM_H

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
	struct btf *btf;	     /* NULL: opened bare */
	uint32_t *functions;	     /* BTF ids of the functions that are in the code, the entry first */
	size_t n_functions;
};

/*
 * Look at the program behind `fd` (duplicated). `types`: the BTF that it was loaded with (copied), by who has
 * it; NULL: ask the kernel, which takes CAP_SYS_ADMIN, else -EPERM. -EINVAL when it is no program, or these
 * are not its types; -ENODATA when it has no BTF.
 */
int program_open(int fd, const struct btf *types, struct program **ret_program, struct xslot_diag *diag);
/* Its identity only: no types, no functions. */
int program_open_bare(int fd, struct program **ret_program, struct xslot_diag *diag);
void program_close(struct program *program); /* accepts NULL */

/* The BTF behind a descriptor; anyone may read that. NULL and errno on failure. */
struct btf *program_read_types(int btf_fd);

/* The BTF id of a global function. -ENOENT: the second half of a sentence, why there is none and which exist.
 */
int program_find_function(
	const struct program *program, const char *function, uint32_t *ret_btf_id, struct xslot_diag *diag);

/* The struct that a program of this type gets as its context: "xdp_md"; NULL: not known. */
const char *program_context(enum bpf_prog_type type);

#endif

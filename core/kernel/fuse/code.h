/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The code of a fused chain: several programs' instructions in a row, as one program. Pure: no syscalls.
 *
 * The fused program does what the dispatcher does with the same programs in its slots: counts each packet as
 * one of its generation, and returns the action.
 */
#ifndef KERNEL_FUSE_CODE_H
#define KERNEL_FUSE_CODE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

struct btf;
struct counters;
struct fuse_constants;
struct xslot_generation;

/* What one slot runs. All of it is the caller's. */
struct fuse_part {
	const char *name; /* for messages: "slot edge.10" */
	/* As the kernel got them from libbpf: the main program's, then its subprograms'. Maps are fds. */
	const struct bpf_insn *insns;
	size_t n_insns;
	int program_fd; /* the program as it is loaded for its slot: for names, licence */
	/* The types that it was loaded with; NULL: what is behind btf_fd; -1: none, and its functions have no
	 * names then */
	const struct btf *types;
	int btf_fd;
	size_t n_maps;	    /* that it refers to and that are not constant, as far as is known */
	const char *object; /* path of the object file that it is from, for source lines; NULL: none */
};

/* A function of the fused program. The first is the main program, which is nobody's. */
struct fuse_function {
	uint32_t start; /* its first instruction */
	uint32_t from;	/* the same one's number in its part; 0: the part's main function, which is called */
	uint32_t part;
};

/* What stands where in the main program, each up to the next one's start. */
enum fuse_what { FUSE_ENTER, FUSE_BODY, FUSE_CALL, FUSE_TEST, FUSE_FINAL, FUSE_VERDICTS };

struct fuse_place {
	uint32_t start;
	uint32_t part;
	enum fuse_what what;
};

struct fuse_code {
	struct bpf_insn *insns;
	size_t n_insns;
	struct fuse_function *functions; /* in order of start */
	size_t n_functions;
	struct fuse_place *places; /* in order of start, from instruction 0 on without a gap */
	size_t n_places;
};

struct fuse_options {
	const struct fuse_part *parts; /* slot 0's first; all of the chain, each loaded for its slot */
	size_t n_parts;
	const struct xslot_generation *generation; /* that will run it; see fuse_code_build() */
	bool frags;				   /* the dispatcher's */
};

/*
 * Fuse the parts, at most XSLOT_MAX_SLOTS, for this generation: its proceed, final, on_gap and the parity of
 * its id become constants, and what the parts load from `constants` (NULL: none). -EOPNOTSUPP: cannot be
 * fused, and why.
 */
int fuse_code_build(const struct fuse_options *options, const struct counters *counters,
	const struct fuse_constants *constants, struct fuse_code *ret_code, struct xslot_diag *diag);
void fuse_code_deinit(struct fuse_code *code);

#endif

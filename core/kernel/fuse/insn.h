/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Questions about one instruction, for all files that read the code of programs to be fused. */
#ifndef KERNEL_FUSE_INSN_H
#define KERNEL_FUSE_INSN_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUSE_EXIT (BPF_JMP | BPF_EXIT)
#define FUSE_JUMP (BPF_JMP | BPF_JA)
#define FUSE_JUMP_FAR (BPF_JMP32 | BPF_JA)	 /* Linux 6.6: the distance is `imm` */
#define FUSE_LOAD_64 (BPF_LD | BPF_IMM | BPF_DW) /* two instructions long; the second has code 0 */

/* With or without a condition, also of kinds that came later. */
static inline bool fuse_is_jump(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	return (class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL && op != BPF_EXIT;
}

/* Of the jump at `at`, when it jumps. */
static inline size_t fuse_jump_target(const struct bpf_insn *insns, size_t at)
{
	const struct bpf_insn *insn = &insns[at];

	return (size_t)((long)at + 1 + (insn->code == FUSE_JUMP_FAR ? insn->imm : insn->off));
}

#endif

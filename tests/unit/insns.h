/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* BPF instructions, for tests that need no assembler. Distances count from the next instruction. */
#ifndef TESTS_INSNS_H
#define TESTS_INSNS_H

#include <linux/bpf.h>

#define MOV(dst, src)                                                                                        \
	{                                                                                                    \
		BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0                                                  \
	}
#define SET(dst, value)                                                                                      \
	{                                                                                                    \
		BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value                                                \
	}
#define ADD(dst, value)                                                                                      \
	{                                                                                                    \
		BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value                                                \
	}
#define ADD_REG(dst, src)                                                                                    \
	{                                                                                                    \
		BPF_ALU64 | BPF_ADD | BPF_X, dst, src, 0, 0                                                  \
	}
#define STORE(dst, src, offset)                                                                              \
	{                                                                                                    \
		BPF_STX | BPF_MEM | BPF_DW, dst, src, offset, 0                                              \
	}
#define LOAD(dst, src, offset)                                                                               \
	{                                                                                                    \
		BPF_LDX | BPF_MEM | BPF_DW, dst, src, offset, 0                                              \
	}
#define LOAD_SIZED(size, dst, src, offset)                                                                   \
	{                                                                                                    \
		BPF_LDX | BPF_MEM | (size), dst, src, offset, 0                                              \
	}
#define VALUE(dst, map, offset)                                                                              \
	{ BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_VALUE, 0, map },                                    \
	{                                                                                                    \
		0, 0, 0, 0, offset                                                                           \
	}
#define IF_ZERO(reg, over)                                                                                   \
	{                                                                                                    \
		BPF_JMP | BPF_JEQ | BPF_K, reg, 0, over, 0                                                   \
	}
#define JUMP(over)                                                                                           \
	{                                                                                                    \
		BPF_JMP | BPF_JA, 0, 0, over, 0                                                              \
	}
#define HELPER(id)                                                                                           \
	{                                                                                                    \
		BPF_JMP | BPF_CALL, 0, 0, 0, id                                                              \
	}
#define CALL(over)                                                                                           \
	{                                                                                                    \
		BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, over                                              \
	}
#define EXIT                                                                                                 \
	{                                                                                                    \
		BPF_JMP | BPF_EXIT, 0, 0, 0, 0                                                               \
	}
#define SET32(dst, value)                                                                                    \
	{                                                                                                    \
		BPF_ALU | BPF_MOV | BPF_K, dst, 0, 0, value                                                  \
	}
#define MOV_SIGNED(dst, src)                                                                                 \
	{                                                                                                    \
		BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 8, 0                                                  \
	}
#define ATOMIC(dst, src, op)                                                                                 \
	{                                                                                                    \
		BPF_STX | BPF_ATOMIC | BPF_W, dst, src, 0, op                                                \
	}
#define LOAD_64(dst, value)                                                                                  \
	{ BPF_LD | BPF_IMM | BPF_DW, dst, 0, 0, value },                                                     \
	{                                                                                                    \
		0                                                                                            \
	}
#define MAY_GO(over)                                                                                         \
	{                                                                                                    \
		BPF_JMP | 0xe0, 0, 0, over, 0                                                                \
	}
#define JUMP_FAR(over)                                                                                       \
	{                                                                                                    \
		BPF_JMP32 | BPF_JA, 0, 0, 0, over                                                            \
	}

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* See random-maps.h. */
#include "random-maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <xslot/slots.h>

#include "check.h"

static int make_map(unsigned which)
{
	switch (which) {
	case RANDOM_VALUE:
		return bpf_map_create(BPF_MAP_TYPE_ARRAY, "value", 4, 64, 1, NULL);
	case RANDOM_ARRAY:
		return bpf_map_create(BPF_MAP_TYPE_ARRAY, "array", 4, 8, 8, NULL);
	case RANDOM_HASH:
		return bpf_map_create(BPF_MAP_TYPE_HASH, "hash", 4, 8, 64, NULL);
	default:
		return bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "programs", 4, 4, RANDOM_TARGETS + 1, NULL);
	}
}

void random_maps_make(int ret_maps[RANDOM_MAPS])
{
	for (unsigned i = 0; i < RANDOM_MAPS; i++) {
		ret_maps[i] = make_map(i);
		assert_true(ret_maps[i] >= 0);
	}
}

void random_maps_close(const int maps[RANDOM_MAPS])
{
	for (unsigned i = 0; i < RANDOM_MAPS; i++)
		close(maps[i]);
}

void random_maps_use(const struct random_plugin *plugin, const int maps[RANDOM_MAPS],
	struct bpf_insn ret_insns[RANDOM_INSNS_MAX])
{
	memcpy(ret_insns, plugin->insns, plugin->n_insns * sizeof(*ret_insns));
	for (size_t i = 0; i < plugin->n_insns; i++) {
		struct bpf_insn *insn = &ret_insns[i];

		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE)
			insn->imm = maps[insn->imm];
		i++;
	}
}

static int load_target(const struct bpf_insn *insns, size_t n)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "target", "GPL", insns, n, NULL);

	assert_true(fd >= 0);
	return fd;
}

/* One lets packets go on; one changes the packet, which says the verdict; one makes it longer. */
void random_targets_load(int ret_targets[RANDOM_TARGETS])
{
	static const struct bpf_insn next[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XSLOT_NEXT },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const struct bpf_insn writes[] = {
		{ BPF_LDX | BPF_MEM | BPF_W, 2, 1, offsetof(struct xdp_md, data), 0 },
		{ BPF_LDX | BPF_MEM | BPF_W, 3, 1, offsetof(struct xdp_md, data_end), 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, 4, 2, 0, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, 14 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_DROP },
		{ BPF_JMP | BPF_JGT | BPF_X, 4, 3, 4, 0 },
		{ BPF_LDX | BPF_MEM | BPF_B, 0, 2, 5, 0 },
		{ BPF_ALU64 | BPF_XOR | BPF_K, 0, 0, 0, 0x55 },
		{ BPF_STX | BPF_MEM | BPF_B, 2, 0, 6, 0 },
		{ BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, 31 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const struct bpf_insn pushes[] = {
		{ BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, -8 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_xdp_adjust_head },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_TX },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	ret_targets[0] = load_target(next, sizeof(next) / sizeof(next[0]));
	ret_targets[1] = load_target(writes, sizeof(writes) / sizeof(writes[0]));
	ret_targets[2] = load_target(pushes, sizeof(pushes) / sizeof(pushes[0]));
}

int random_targets_put(const int targets[RANDOM_TARGETS], const int maps[RANDOM_MAPS])
{
	for (uint32_t i = 0; i < RANDOM_TARGETS; i++)
		if (bpf_map_update_elem(maps[RANDOM_PROGRAMS], &i, &targets[i], BPF_ANY) < 0)
			return -errno;
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A parameter is a `const volatile` variable, so each use of it loads from a frozen map: an address into a
 * register, then the content into the same register. The verifier knows the value and drops branches that it
 * decides, but keeps the loads. Here the value is put directly into the register; and a map without any
 * remaining loads is not one of the 64 that a program may have.
 *
 * Other ways to read such memory stay unchanged: they are rare, and correct. What they read is gathered in
 * one map for all parts, so that a chain of many plugins with a few such reads each stays below those 64.
 */
#include "kernel/fuse/constants.h"

#include "extension/permission.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuse_constants_deinit(struct fuse_constants *constants)
{
	for (size_t i = 0; i < constants->n_maps; i++)
		free(constants->maps[i].bytes);
	free(constants->maps);
	*constants = (struct fuse_constants){ 0 };
}

static struct fuse_constant_map *find_map(const struct fuse_constants *constants, int fd)
{
	for (size_t i = 0; constants && i < constants->n_maps; i++) {
		if (constants->maps[i].fd == fd)
			return &constants->maps[i];
	}
	return NULL;
}

/* ---- read ---- */

/* Only fdinfo tells. */
static bool is_frozen(int fd)
{
	CLEANUP(fclose) FILE *file = NULL;
	char path[64], line[128];
	int frozen = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && !frozen && fgets(line, sizeof(line), file))
		sscanf(line, "frozen: %d", &frozen);
	return frozen;
}

static bool is_constant(int fd, const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_ARRAY && info->max_entries == 1 &&
	       (info->map_flags & BPF_F_RDONLY_PROG) && is_frozen(fd);
}

/* One that is not constant has no bytes, and is not asked about again. */
static int add_map(struct fuse_constants *constants, int fd)
{
	const uint32_t key = 0;
	struct fuse_constant_map *maps = reallocarray(constants->maps, constants->n_maps + 1, sizeof(*maps));
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	void *bytes;

	if (!maps)
		return -ENOMEM;
	constants->maps = maps;
	maps += constants->n_maps++;
	*maps = (struct fuse_constant_map){ .fd = fd };
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0 || !is_constant(fd, &info))
		return 0;
	bytes = maps->bytes = malloc(info.value_size);
	if (!bytes)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &key, bytes) == 0)
		maps->size = info.value_size;
	return 0;
}

int fuse_constants_read(const struct fuse_part *parts, size_t n_parts, struct fuse_constants *ret_constants)
{
	struct fuse_constants constants = { 0 };
	int r = 0;

	for (size_t i = 0; i < n_parts; i++)
		for (size_t j = 0; r == 0 && j < parts[i].n_insns; j++) {
			const struct bpf_insn *insn = &parts[i].insns[j];

			if (insn->code == FUSE_LOAD_64 && insn->src_reg == BPF_PSEUDO_MAP_VALUE &&
				!find_map(&constants, insn->imm))
				r = add_map(&constants, insn->imm);
			j += insn->code == FUSE_LOAD_64;
		}
	if (r < 0)
		fuse_constants_deinit(&constants);
	else
		*ret_constants = constants;
	return r;
}

/* ---- apply ---- */

static size_t load_size(const struct bpf_insn *insn)
{
	switch (BPF_SIZE(insn->code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

static uint64_t value_at(const uint8_t *bytes, size_t size)
{
	uint16_t half;
	uint32_t word;
	uint64_t value;

	switch (size) {
	case 1:
		return *bytes;
	case 2:
		memcpy(&half, bytes, size);
		return half;
	case 4:
		memcpy(&word, bytes, size);
		return word;
	default:
		memcpy(&value, bytes, sizeof(value));
		return value;
	}
}

/* An address into a register, and at once what is there. */
static bool is_load(const struct bpf_insn *insns)
{
	return insns[0].code == FUSE_LOAD_64 && insns[0].src_reg == BPF_PSEUDO_MAP_VALUE &&
	       BPF_CLASS(insns[2].code) == BPF_LDX && BPF_MODE(insns[2].code) == BPF_MEM &&
	       insns[2].src_reg == insns[0].dst_reg && insns[2].dst_reg == insns[0].dst_reg;
}

void fuse_constants_apply(const struct fuse_constants *constants, const struct fuse_piece *piece,
	size_t first, struct bpf_insn *insns, size_t n)
{
	for (size_t i = 0; i + 2 < n; i++) {
		const struct fuse_constant_map *map;
		uint64_t value;
		long offset;

		if (!is_load(&insns[i]) || fuse_piece_is_target(piece, first + i + 2)) {
			i += insns[i].code == FUSE_LOAD_64;
			continue;
		}
		map = find_map(constants, insns[i].imm);
		offset = (long)insns[i + 1].imm + insns[i + 2].off;
		i++;
		if (!map || offset < 0 || offset + load_size(&insns[i + 1]) > map->size)
			continue;
		value = value_at((const uint8_t *)map->bytes + offset, load_size(&insns[i + 1]));
		insns[i - 1].src_reg = 0;
		insns[i - 1].imm = (int32_t)value;
		insns[i].imm = (int32_t)(value >> 32);
		insns[i + 1] = (struct bpf_insn){ .code = BPF_JMP | BPF_JA };
	}
}

/* ---- gather ---- */

#define ALIGNMENT 8 /* what the value of an array has: no part relies on more */

/* The constant map whose address the instruction loads, or NULL. */
static struct fuse_constant_map *loaded_map(
	const struct fuse_constants *constants, const struct bpf_insn *insn)
{
	struct fuse_constant_map *map = NULL;

	if (insn->code == FUSE_LOAD_64 && insn->src_reg == BPF_PSEUDO_MAP_VALUE)
		map = find_map(constants, insn->imm);
	return map && map->size ? map : NULL;
}

/* How many there are, and the bytes that they need together. */
static size_t place_maps(
	const struct fuse_constants *constants, const struct bpf_insn *insns, size_t n, size_t *ret_size)
{
	size_t n_maps = 0, size = 0;

	for (size_t i = 0; i < n; i++) {
		struct fuse_constant_map *map = loaded_map(constants, &insns[i]);

		i += insns[i].code == FUSE_LOAD_64;
		if (!map || map->gathered)
			continue;
		map->gathered = true;
		map->offset = size;
		size += (map->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
		n_maps++;
	}
	*ret_size = size;
	return n_maps;
}

static int create_map(const struct fuse_constants *constants, size_t size, int *ret_fd)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_RDONLY_PROG);
	CLEANUP(free) uint8_t *bytes = calloc(1, size);
	CLEANUP(close) int fd = -1;
	const uint32_t key = 0;

	if (!bytes)
		return -ENOMEM;
	for (size_t i = 0; i < constants->n_maps; i++) {
		const struct fuse_constant_map *map = &constants->maps[i];

		if (map->gathered)
			memcpy(bytes + map->offset, map->bytes, map->size);
	}
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "xslot_constants", sizeof(key), (uint32_t)size, 1, &options);
	if (fd < 0 || bpf_map_update_elem(fd, &key, bytes, BPF_ANY) < 0 || bpf_map_freeze(fd) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int fuse_constants_gather(struct fuse_constants *constants, struct bpf_insn *insns, size_t n, int *ret_fd,
	struct xslot_diag *diag)
{
	size_t size;
	int fd = -1, r;

	if (place_maps(constants, insns, n, &size) < 2)
		return 0;
	r = create_map(constants, size, &fd);
	if (r < 0)
		return fail(diag, r, "cannot gather the constants of all parts in one map: %s",
			permission_reason(r, (char[PERMISSION_TEXT]){ 0 }));
	for (size_t i = 0; i < n; i++) {
		const struct fuse_constant_map *map = loaded_map(constants, &insns[i]);

		if (map) {
			insns[i].imm = fd;
			insns[i + 1].imm += (int32_t)map->offset;
		}
		i += insns[i].code == FUSE_LOAD_64;
	}
	*ret_fd = fd;
	return 0;
}

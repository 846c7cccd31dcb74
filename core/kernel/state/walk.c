/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A hash is read in batches (Linux 5.6): bucket by bucket, so that it ends, however entries come and go. From
 * key to key it would start again whenever the key it stands at was removed. A trie has no batches on older
 * kernels; it continues behind a removed key, and is left after as many steps as it can have entries, twice.
 */
#include "kernel/state/walk.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/diag.h"

#define BATCH_BYTES (1u << 20)
#define BATCH_ENTRIES_MAX (1u << 20)
#define VALUE_BYTES_MAX (64u << 20)

bool walk_can(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LPM_TRIE:
		return true;
	}
	return false;
}

bool walk_is_per_cpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

size_t walk_value_size(const struct bpf_map_info *info)
{
	int n_cpus;

	if (!walk_is_per_cpu(info->type))
		return info->value_size;
	n_cpus = libbpf_num_possible_cpus();
	return n_cpus > 0 ? (((size_t)info->value_size + 7) & ~(size_t)7) * (size_t)n_cpus : 0;
}

struct walk {
	int fd;
	const struct bpf_map_info *info;
	uint64_t flags;
	walk_fn fn;
	void *data;
	size_t value_size;
};

static int failed(struct xslot_diag *diag)
{
	return fail(diag, -errno, "cannot read its entries: %s", strerror(errno));
}

static int walk_array(const struct walk *walk, struct xslot_diag *diag)
{
	CLEANUP(free) void *value = malloc(walk->value_size);
	int r = value ? 0 : fail(diag, -ENOMEM, "out of memory");

	for (uint32_t i = 0; r == 0 && i < walk->info->max_entries; i++) {
		if (bpf_map_lookup_elem_flags(walk->fd, &i, value, walk->flags) < 0)
			return failed(diag);
		r = walk->fn(walk->data, &i, value, diag);
	}
	return r;
}

static int walk_trie(const struct walk *walk, struct xslot_diag *diag)
{
	CLEANUP(free) char *value = malloc(walk->value_size);
	CLEANUP(free) char *key = malloc(walk->info->key_size);
	uint64_t left = 2 * (uint64_t)walk->info->max_entries;
	const void *last = NULL;
	int r = 0;

	if (!key || !value)
		return fail(diag, -ENOMEM, "out of memory");
	while (r == 0 && left-- && bpf_map_get_next_key(walk->fd, last, key) == 0) {
		last = key;
		if (bpf_map_lookup_elem(walk->fd, key, value) == 0)
			r = walk->fn(walk->data, key, value, diag);
		else if (errno != ENOENT)
			return failed(diag);
	}
	return r;
}

struct batch {
	uint32_t n; /* that there is room for */
	char *keys, *values;
	uint32_t at, next; /* where the kernel is */
	bool begun;
};

static void batch_deinit(struct batch *batch)
{
	free(batch->keys);
	free(batch->values);
}

static int batch_grow(struct batch *batch, const struct walk *walk, uint32_t n, struct xslot_diag *diag)
{
	batch_deinit(batch);
	batch->n = n;
	batch->keys = calloc(n, walk->info->key_size);
	batch->values = calloc(n, walk->value_size);
	return batch->keys && batch->values ? 0 : fail(diag, -ENOMEM, "out of memory");
}

/* Positive: more follows. */
static int next_batch(struct batch *batch, const struct walk *walk, struct xslot_diag *diag)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = walk->flags);
	uint32_t n;
	int r = 0, last;

	for (;;) {
		n = batch->n;
		last = bpf_map_lookup_batch(walk->fd, batch->begun ? &batch->at : NULL, &batch->next,
			batch->keys, batch->values, &n, &opts);
		if (last == 0 || errno != ENOSPC || batch->n >= BATCH_ENTRIES_MAX)
			break;
		r = batch_grow(batch, walk, 2 * batch->n, diag); /* a bucket has more */
		if (r < 0)
			return r;
	}
	if (last < 0 && errno != ENOENT)
		return failed(diag);
	for (uint32_t i = 0; r == 0 && i < n; i++)
		r = walk->fn(walk->data, batch->keys + (size_t)i * walk->info->key_size,
			batch->values + i * walk->value_size, diag);
	batch->at = batch->next;
	batch->begun = true;
	return r < 0 ? r : last == 0;
}

static int walk_hash(const struct walk *walk, struct xslot_diag *diag)
{
	const size_t entry = walk->info->key_size + walk->value_size;
	struct batch batch = {};
	int r = batch_grow(
		&batch, walk, entry < BATCH_BYTES / 64 ? (uint32_t)(BATCH_BYTES / entry) : 64, diag);

	if (r == 0)
		do
			r = next_batch(&batch, walk, diag);
		while (r > 0);
	batch_deinit(&batch);
	return r;
}

int walk(
	int fd, const struct bpf_map_info *info, bool locked, walk_fn fn, void *data, struct xslot_diag *diag)
{
	const struct walk walk = {
		.fd = fd,
		.info = info,
		.flags = locked ? BPF_F_LOCK : 0,
		.fn = fn,
		.data = data,
		.value_size = walk_value_size(info),
	};

	if (!walk_can(info->type) || !walk.value_size || walk.value_size > VALUE_BYTES_MAX)
		return fail(diag, -EINVAL, "its entries cannot be read one by one");
	if (info->type == BPF_MAP_TYPE_LPM_TRIE)
		return walk_trie(&walk, diag);
	if (info->type == BPF_MAP_TYPE_ARRAY || info->type == BPF_MAP_TYPE_PERCPU_ARRAY)
		return walk_array(&walk, diag);
	return walk_hash(&walk, diag);
}

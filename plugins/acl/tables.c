/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * How rules get into the kernel and counters out of it. The entries are one mapped value: 100,000 of them are
 * a memcpy. Prefixes need one system call each: older kernels have no batches for LPM tries, and 100,000 take
 * a fraction of a second. Counters are read in batches (Linux 5.6).
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xslot/counter.h>

#include "tables.h"

#define BATCH 4096

static int fill_entries(struct xslot_context *context, const struct flat *flat)
{
	size_t size = sizeof(struct acl_entries);
	int fd = xslot_map_fd(context, "entries");
	void *map;

	if (fd < 0)
		return fd;
	if (flat->n_entries > ACL_MAX_ENTRIES)
		return -E2BIG;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	memcpy(map, flat->entries, flat->n_entries * sizeof(struct acl_entry));
	munmap(map, size);
	return 0;
}

static int fill_prefixes(struct xslot_context *context, const struct flat_family *family, bool ipv6)
{
	int fd = xslot_map_fd(context, ipv6 ? "prefixes6" : "prefixes4"), r;
	struct acl_prefix6 key; /* and struct acl_prefix4, which is its beginning */

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < family->n_prefixes; i++) {
		key.length = family->prefixes[i].length;
		memcpy(key.address, family->prefixes[i].address, sizeof(key.address));
		r = bpf_map_update_elem(fd, &key, &family->prefixes[i].first, BPF_ANY);
		if (r)
			return r;
	}
	return 0;
}

int tables_fill(struct xslot_context *context, const struct flat *flat)
{
	int r = fill_entries(context, flat);

	for (int i = 0; !r && i < 2; i++)
		r = fill_prefixes(context, &flat->family[i], i);
	return r;
}

/* One batch of counters, as the kernel copies them: a value is one number a CPU. */
struct batch {
	uint64_t keys[BATCH];
	uint64_t values[];
};

static int append_hits(const struct batch *batch, size_t n, int n_cpus, struct hit **hits, size_t *n_hits)
{
	struct hit *grown = realloc(*hits, (*n_hits + n + 1) * sizeof(**hits));

	if (!grown)
		return -ENOMEM;
	*hits = grown;
	for (size_t i = 0; i < n; i++) {
		struct hit *hit = &grown[(*n_hits)++];

		*hit = (struct hit){ .key = batch->keys[i] };
		for (int cpu = 0; cpu < n_cpus; cpu++)
			hit->packets += batch->values[i * (size_t)n_cpus + (size_t)cpu];
	}
	return 0;
}

int hits_read(struct xslot_context *context, struct hit **ret_hits, size_t *ret_n)
{
	int fd = xslot_map_fd(context, "hits"), n_cpus = libbpf_num_possible_cpus(), r = 0, last = 0;
	uint32_t in = 0, out = 0, count;
	struct hit *hits = NULL;
	struct batch *batch;
	size_t n = 0;

	if (fd < 0 || n_cpus < 0)
		return fd < 0 ? fd : n_cpus;
	batch = malloc(sizeof(*batch) + BATCH * (size_t)n_cpus * sizeof(uint64_t));
	if (!batch)
		return -ENOMEM;
	for (bool first = true; !r && !last; first = false) {
		count = BATCH;
		last = bpf_map_lookup_batch(
			fd, first ? NULL : &in, &out, batch->keys, batch->values, &count, NULL);
		if (last && last != -ENOENT)
			r = last;
		else
			r = append_hits(batch, count, n_cpus, &hits, &n);
		in = out;
	}
	free(batch);
	if (r) {
		free(hits);
		return r;
	}
	*ret_hits = hits;
	*ret_n = n;
	return 0;
}

/* The counter of removed rules, all of it as the first CPU's. */
static int write_retired(int fd, uint64_t packets)
{
	const uint64_t key = ACL_RETIRED;
	int n_cpus = libbpf_num_possible_cpus(), r;
	uint64_t *cpus;

	if (n_cpus < 0)
		return n_cpus;
	cpus = calloc((size_t)n_cpus, sizeof(*cpus));
	if (!cpus)
		return -ENOMEM;
	cpus[0] = packets;
	r = bpf_map_update_elem(fd, &key, cpus, BPF_ANY);
	free(cpus);
	return r;
}

/* Adds before it removes: a host that dies in between leaves a sum that is too high, not one that fell. */
static int retire(int fd, const struct hit *hit, uint64_t *retired)
{
	int r = hit->packets ? write_retired(fd, *retired + hit->packets) : 0;

	if (r && r != -E2BIG)
		return r;
	bpf_map_delete_elem(fd, &hit->key);
	if (r) /* the table was full; now there is room */
		r = write_retired(fd, *retired + hit->packets);
	if (!r)
		*retired += hit->packets;
	return r;
}

int hits_prune(struct xslot_context *context, const struct rules *rules)
{
	int fd = xslot_map_fd(context, "hits"), r;
	uint64_t retired = 0;
	struct hit *hits;
	size_t n;

	r = hits_read(context, &hits, &n);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++)
		if (hits[i].key == ACL_RETIRED)
			retired = hits[i].packets;
	for (size_t i = 0; !r && i < n; i++)
		if (hits[i].key != ACL_RETIRED && !rules_find(rules, hits[i].key))
			r = retire(fd, &hits[i], &retired);
	free(hits);
	return r;
}

int totals_read(struct xslot_context *context, uint64_t totals[ACL_TOTALS])
{
	int r = 0;

	for (uint32_t row = 0; r == 0 && row < ACL_TOTALS; row++)
		r = xslot_counter(context, "totals", row, &totals[row]);
	return r;
}

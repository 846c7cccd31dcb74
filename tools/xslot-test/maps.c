/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "maps.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/state/walk.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "value.h"

struct map {
	int fd;
	struct bpf_map_info info;
	struct btf *btf; /* NULL: it has none */
	uint8_t *value;	 /* of all CPUs */
	size_t this_cpu; /* where its value is */
	FILE *out;
	size_t n_printed;
};

static int no_map(const struct rig_slot *slot, const char *name, struct xslot_diag *diag)
{
	const struct instance_map *maps;
	size_t n = instance_maps(slot->occupant->instance, &maps);
	char known[512] = "";

	for (size_t i = 0; i < n; i++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s", i ? ", " : "",
			maps[i].name);
	return fail(diag, -ENOENT, "slot %u has no map %s; its maps: %s", slot->number, name,
		*known ? known : "none");
}

static bool is_array(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	while (size && !*bytes) {
		bytes++;
		size--;
	}
	return !size;
}

static int map_open(struct map *map, struct xslot_diag *diag)
{
	uint32_t size = sizeof(map->info);
	size_t stride, n_cpus = 1;
	int cpu = 0;

	if (bpf_obj_get_info_by_fd(map->fd, &map->info, &size) < 0)
		return fail(diag, -errno, "cannot look at the map: %s", strerror(errno));
	if (walk_is_per_cpu(map->info.type)) {
		n_cpus = (size_t)libbpf_num_possible_cpus();
		cpu = sched_getcpu();
	}
	stride = (map->info.value_size + 7) / 8 * 8;
	map->value = calloc(n_cpus, stride);
	map->this_cpu = (size_t)cpu * stride;
	if (map->info.btf_id)
		map->btf = btf__load_from_kernel_by_id(map->info.btf_id);
	return map->value ? 0 : fail(diag, -ENOMEM, "out of memory");
}

static void print_entry(struct map *map, const void *key)
{
	const uint8_t *value = map->value + map->this_cpu;

	if (bpf_map_lookup_elem(map->fd, key, map->value) < 0 ||
		(is_array(map->info.type) && is_zero(value, map->info.value_size)))
		return;
	value_print(map->btf, map->info.btf_key_type_id, key, map->info.key_size, map->out);
	fputs(": ", map->out);
	value_print(map->btf, map->info.btf_value_type_id, value, map->info.value_size, map->out);
	fputc('\n', map->out);
	map->n_printed++;
}

static int compare_keys(const void *a, const void *b, void *size)
{
	return memcmp(a, b, *(const uint32_t *)size);
}

/* All keys, in order of their bytes; sorted, since a hash table's own order is another one each time. */
static int print_entries(struct map *map, struct xslot_diag *diag)
{
	CLEANUP(free) uint8_t *keys = NULL;
	uint32_t size = map->info.key_size;
	const void *last = NULL;
	size_t n = 0;

	for (;;) {
		uint8_t *more = realloc(keys, (n + 1) * size);

		if (!more)
			return fail(diag, -ENOMEM, "out of memory");
		keys = more;
		last = n ? keys + (n - 1) * size : NULL;
		if (bpf_map_get_next_key(map->fd, last, keys + n * size) < 0)
			break;
		n++;
	}
	if (errno != ENOENT)
		return fail(diag, -errno, "cannot list the entries of the map: %s", strerror(errno));
	if (!is_array(map->info.type) && n)
		qsort_r(keys, n, size, compare_keys, &size);
	for (size_t i = 0; i < n; i++)
		print_entry(map, keys + i * size);
	return 0;
}

int maps_print(const struct rig_slot *slot, const char *name, FILE *out, struct xslot_diag *diag)
{
	struct map map = { .fd = instance_map_fd(slot->occupant->instance, name, NULL), .out = out };
	int r;

	if (map.fd < 0)
		return no_map(slot, name, diag);
	r = map_open(&map, diag);
	if (r == 0)
		r = print_entries(&map, diag);
	if (r == 0 && !map.n_printed)
		fputs("empty\n", out);
	free(map.value);
	btf__free(map.btf);
	return r < 0 ? fail_within(diag, r, "map %s of slot %u", name, slot->number) : 0;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* See tiers.h. */
#include "tiers.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

#define KEY_MAX 64
#define VALUE_MAX 65536

#define CELLS (XSLOT_DECIDERS * XSLOT_OUTCOMES)

static void count_all(const struct dispatcher *dispatcher, uint64_t counted[CELLS])
{
	uint64_t cells[XSLOT_DECIDERS][XSLOT_OUTCOMES], flat[CELLS];

	memset(counted, 0, CELLS * sizeof(*counted));
	for (unsigned parity = 0; parity < XSLOT_PARITIES; parity++) {
		dispatcher_count(dispatcher, parity, cells);
		memcpy(flat, cells, sizeof(flat));
		for (size_t i = 0; i < CELLS; i++)
			counted[i] += flat[i];
	}
}

static void send(const struct dispatcher *dispatcher, const struct tiers_packet *in, struct tiers_packet *out)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = in->bytes, .data_size_in = in->size,
		.data_out = out->bytes, .data_size_out = sizeof(out->bytes), .repeat = 1);

	memset(out, 0, sizeof(*out));
	assert_int_equal(bpf_prog_test_run_opts(dispatcher_fd(dispatcher), &options), 0);
	out->size = options.data_size_out;
	out->verdict = options.retval;
}

void tiers_run(struct dispatcher *dispatcher, const struct xslot_generation *generation,
	const struct tiers_packet *packets, size_t n, struct tiers_result *ret_result)
{
	struct xslot_generation next = *generation;
	uint64_t before[CELLS];

	assert_true(n <= TIERS_PACKETS_MAX);
	next.id = dispatcher_running(dispatcher)->id + 1;
	dispatcher_prepare(dispatcher, &next);
	dispatcher_swap(dispatcher);
	count_all(dispatcher, before);
	for (size_t i = 0; i < n; i++)
		send(dispatcher, &packets[i], &ret_result->packets[i]);
	count_all(dispatcher, ret_result->counted);
	for (size_t i = 0; i < CELLS; i++)
		ret_result->counted[i] -= before[i];
}

static int packets_differ(const struct tiers_packet *slots, const struct tiers_packet *fused, size_t index,
	char *ret_text, size_t size)
{
	if (slots->verdict != fused->verdict) {
		snprintf(ret_text, size, "packet %zu: slots say %u, fused says %u", index, slots->verdict,
			fused->verdict);
		return 1;
	}
	if (slots->size == fused->size && !memcmp(slots->bytes, fused->bytes, sizeof(slots->bytes)))
		return 0;
	snprintf(ret_text, size, "packet %zu: %u bytes from the slots, %u from the fused program", index,
		slots->size, fused->size);
	for (size_t i = 0; i < slots->size && i < sizeof(slots->bytes); i++) {
		if (slots->bytes[i] == fused->bytes[i])
			continue;
		snprintf(ret_text, size, "packet %zu, byte %zu: slots make it 0x%02x, fused 0x%02x", index, i,
			slots->bytes[i], fused->bytes[i]);
		break;
	}
	return 1;
}

int tiers_differ(const struct tiers_result *slots, const struct tiers_result *fused, size_t n, char *ret_text,
	size_t size)
{
	for (size_t i = 0; i < n; i++)
		if (packets_differ(&slots->packets[i], &fused->packets[i], i, ret_text, size))
			return 1;
	for (unsigned i = 0; i < CELLS; i++) {
		if (slots->counted[i] == fused->counted[i])
			continue;
		snprintf(ret_text, size,
			"decided by slot %u with outcome %u: %lu packets as slots, %lu fused",
			i / XSLOT_OUTCOMES, i % XSLOT_OUTCOMES, (unsigned long)slots->counted[i],
			(unsigned long)fused->counted[i]);
		return 1;
	}
	return 0;
}

/* A per-CPU map's value is one for each CPU. */
static size_t value_size(const struct bpf_map_info *info)
{
	bool per_cpu = info->type == BPF_MAP_TYPE_PERCPU_ARRAY || info->type == BPF_MAP_TYPE_PERCPU_HASH;
	size_t size = per_cpu ? (info->value_size + 7) / 8 * 8 * (size_t)libbpf_num_possible_cpus()
			      : info->value_size;

	assert_true(size <= VALUE_MAX && info->key_size <= KEY_MAX);
	return size;
}

static size_t count_keys(int map)
{
	uint8_t key[KEY_MAX], *last = NULL;
	size_t n = 0;

	for (; bpf_map_get_next_key(map, last, key) == 0; n++)
		last = key;
	return n;
}

int tiers_maps_differ(int slots_map, int fused_map, char *ret_text, size_t size)
{
	static uint8_t a[VALUE_MAX], b[VALUE_MAX];
	struct bpf_map_info info = { 0 };
	uint32_t info_size = sizeof(info);
	uint8_t key[KEY_MAX], *last = NULL;

	assert_int_equal(bpf_obj_get_info_by_fd(slots_map, &info, &info_size), 0);
	if (info.type == BPF_MAP_TYPE_PROG_ARRAY)
		return 0;
	if (count_keys(slots_map) != count_keys(fused_map)) {
		snprintf(ret_text, size, "map %s: %zu entries as slots, %zu fused", info.name,
			count_keys(slots_map), count_keys(fused_map));
		return 1;
	}
	for (; bpf_map_get_next_key(slots_map, last, key) == 0; last = key) {
		assert_int_equal(bpf_map_lookup_elem(slots_map, key, a), 0);
		if (bpf_map_lookup_elem(fused_map, key, b) == 0 && !memcmp(a, b, value_size(&info)))
			continue;
		snprintf(ret_text, size, "map %s: the values of key 0x%02x… differ", info.name, key[0]);
		return 1;
	}
	return 0;
}

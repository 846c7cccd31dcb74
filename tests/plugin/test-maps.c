/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Maps whose number of entries is a parameter's or a callback's, and what becomes of their content when it
 * changes: under packets of the old program, of both, and of the new one.
 */
#include "check.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xslot/map.h>

#include "kernel/instance/instance.h"
#include "kernel/instance/instance_private.h"
#include "maps.bpf.h"
#include "maps_bad_number.bpf.h"
#include "maps_bad_rows.bpf.h"
#include "maps_few_rows.bpf.h"
#include "maps_not_state.bpf.h"
#include "maps_unknown.bpf.h"
#include "maps_v2.bpf.h"

static const char *const sums[] = { "sum_array", "sum_hash", "sum_lru", "sum_trie", "sum_cpu_array",
	"sum_cpu_hash", "sum_cpu_lru" };
static const char *const seen[] = { "seen_array", "seen_hash", "seen_locked", "seen_cpu_hash", "seen_trie" };
#define N(array) (sizeof(array) / sizeof((array)[0]))

static const uint8_t list[] = "one\ntwo\nthree, which has no newline";

struct want {
	uint64_t entries;
	uint32_t called; /* by check */
	const struct instance *previous;
	const void *object;
	size_t size;
	const struct xslot_value *list;
};

static int try(
	const struct want *want, struct instance **ret, const char **ret_param, struct xslot_diag *diag)
{
	const struct xslot_value entries = { .type = want->entries ? XSLOT_UINT : XSLOT_NONE,
		.number = want->entries };
	const struct xslot_value file = { .type = XSLOT_FILE, .data = list, .size = sizeof(list) - 1 };
	const struct xslot_value none = { .type = XSLOT_UINT, .number = 5 };
	const struct instance_param params[] = { { "entries", &entries, false },
		{ "list", want->list ? want->list : &file, true }, { "absent", &none, true } };
	const struct instance_size size = { "called", want->called };
	const struct instance_options options = {
		.name = "plugin maps",
		.object = want->object ? want->object : maps_bpf,
		.object_size = want->object ? want->size : sizeof(maps_bpf),
		.function = "maps",
		.same_state_version = true,
		.previous = want->previous,
		.params = params,
		.n_params = N(params),
		.sizes = &size,
		.n_sizes = want->called ? 1 : 0,
	};
	int r = instance_open(&options, ret, ret_param, diag);

	return r < 0 ? r : instance_verify_as_xdp(*ret, diag);
}

static struct instance *load(uint64_t entries, const struct instance *previous)
{
	struct instance *instance = NULL;
	struct xslot_diag diag = {};

	if (try(&(struct want){ .entries = entries, .called = 3, .previous = previous }, &instance, NULL,
		    &diag) < 0)
		fail_msg("%s\n%s", diag.message, diag.log ? diag.log : "");
	return instance;
}

static uint32_t entries_of(const struct instance *instance, const char *name)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(instance_map_fd(instance, name, NULL), &info, &size), 0);
	return info.max_entries;
}

static enum map_carried carried(const struct instance *instance, const char *name)
{
	const struct instance_map *maps;
	size_t n = instance_maps(instance, &maps);

	for (size_t i = 0; i < n; i++)
		if (strcmp(maps[i].name, name) == 0)
			return maps[i].carried;
	fail_msg("no map %s", name);
	return MAP_FRESH;
}

static void run(const struct instance *instance, uint32_t key, unsigned times)
{
	uint32_t packet[16] = { key };
	LIBBPF_OPTS(
		bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet), .repeat = times);
	int fd = bpf_prog_get_fd_by_id(instance_program_id(instance));

	assert_true(fd >= 0);
	assert_int_equal(bpf_prog_test_run_opts(fd, &opts), 0);
	assert_int_equal(opts.retval, XSLOT_NEXT);
	close(fd);
}

/* An entry of all CPUs' values; false: there is none. */
static bool look(const struct instance *instance, const char *name, uint32_t key, uint64_t values[2048])
{
	const uint32_t prefix[2] = { 32, key };
	const void *at = strstr(name, "trie") ? (const void *)prefix : &key;

	memset(values, 0, 2048 * sizeof(*values));
	return bpf_map_lookup_elem(instance_map_fd(instance, name, NULL), at, values) == 0;
}

/* Packets of a key; bytes must go with them. */
static uint64_t packets(const struct instance *instance, const char *name, uint32_t key)
{
	uint64_t values[2048], sum[2] = {};

	if (!look(instance, name, key, values))
		return 0;
	for (size_t i = 0; i < N(values); i++)
		sum[i % 2] += values[i];
	assert_int_equal(sum[1], 64 * sum[0]);
	return sum[0];
}

static struct told {
	uint64_t copied, left_out;
} told;

static void tell(void *data, const char *map, uint64_t copied, uint64_t left_out)
{
	if (data && strcmp(data, map) != 0)
		return;
	told.copied += copied;
	told.left_out += left_out;
}

static void copy(struct instance *to, const struct instance *from, bool rest, const char *of)
{
	const struct instance_listener listener = { tell, (void *)of };
	struct xslot_diag diag = {};

	told = (struct told){};
	if ((rest ? instance_copy_rest : instance_copy)(to, from, &listener, &diag) < 0)
		fail_msg("%s", diag.message);
}

static void test_sizes(void **state)
{
	struct instance *instance = load(1000, NULL);
	struct xslot_map_info info = { .size = sizeof(info) };

	assert_int_equal(entries_of(instance, "sum_hash"), 1000);
	assert_int_equal(entries_of(instance, "lines"), 3);
	assert_int_equal(entries_of(instance, "records"), (sizeof(list) - 1 + 15) / 16);
	assert_int_equal(entries_of(instance, "called"), 3);
	assert_int_equal(entries_of(instance, "defaulted"), 5);
	assert_int_equal(instance_map_info(instance, "sum_hash", &info), 0);
	assert_int_equal(info.max_entries, 1000);
	assert_int_equal(info.type, BPF_MAP_TYPE_HASH);
	assert_int_equal(info.value_size, 16);
	assert_int_equal(instance_map_info(instance, "versioned", &info), 0);
	assert_int_equal(info.state_version, 1);
	assert_int_equal(instance_map_info(instance, "none", &info), -ENOENT);
	info = (struct xslot_map_info){ .size = 8 };
	assert_int_equal(instance_map_info(instance, "sum_hash", &info), 0);
	assert_int_equal(info.size, 8);
	assert_int_equal(info.key_size, 0);
	instance_free(instance);
	instance = load(0, NULL); /* the parameter has no value */
	assert_int_equal(entries_of(instance, "sum_hash"), 8);
	instance_free(instance);
}

static void check_refused(struct want want, const char *param, const char *words)
{
	struct instance *instance = NULL;
	struct xslot_diag diag = {};
	const char *about = NULL;

	assert_true(try(&want, &instance, &about, &diag) < 0);
	if (!strstr(diag.message, words))
		fail_msg("\"%s\" does not say \"%s\"", diag.message, words);
	if (param)
		assert_string_equal(about, param);
	else
		assert_null(about);
	instance_free(instance);
	xslot_diag_clear(&diag);
}

#define OBJECT(name) .object = name##_bpf, .size = sizeof(name##_bpf)

static void test_refusals(void **state)
{
	const struct xslot_value zero = { .type = XSLOT_UINT }, text = { .type = XSLOT_STRING, .text = "" };
	const struct xslot_value number = { .type = XSLOT_UINT, .number = 1 };

	check_refused((struct want){ .entries = 1ULL << 32, .called = 1 }, "entries",
		"map sum_array cannot have 4294967296 entries: at most 4294967295");
	check_refused((struct want){ .called = 1, .list = &zero }, "list", "map lines cannot have 0 entries");
	check_refused((struct want){ .called = 1, .list = &text }, "list",
		"parameter list, which is not a number or FILE");
	check_refused((struct want){ .called = 1, .list = &number }, "list",
		"map records takes its number of entries from parameter list, which is not a FILE");
	check_refused(
		(struct want){}, NULL, "map called has no size: give it max_entries or XSLOT_ENTRIES()");
	check_refused((struct want){ .called = 1, OBJECT(maps_unknown) }, NULL,
		"map bad has the mark \"xslot:tomorrow\", which this host does not know");
	check_refused((struct want){ .called = 1, OBJECT(maps_bad_number) }, NULL,
		"map bad has the mark \"xslot:version:x\", which cannot be read");
	check_refused((struct want){ .called = 1, OBJECT(maps_bad_rows) }, NULL,
		"map bad has the mark \"xslot:rows:a,B\", which cannot be read");
	check_refused((struct want){ .called = 1, OBJECT(maps_few_rows) }, NULL,
		"map bad has 0 rows, and names for 1");
	check_refused(
		(struct want){ .called = 1, OBJECT(maps_not_state) }, NULL, "map bad is not marked as state");
}

static void test_a_version_is_one_maps(void **state)
{
	struct instance *old = load(8, NULL), *new = NULL;
	struct xslot_map_info info = { .size = sizeof(info) };
	struct btf *btf;

	assert_int_equal(try(&(struct want){ .entries = 8, .called = 3, .previous = old, OBJECT(maps_v2) },
				 &new, NULL, NULL),
		0);
	assert_int_equal(carried(new, "versioned"), MAP_FRESH);
	assert_int_equal(carried(new, "same"), MAP_KEPT);
	assert_int_equal(carried(new, "sum_hash"), MAP_KEPT);
	assert_true(instance_needs_migration(new));
	/* What migrate sees of the old one, its types too. */
	assert_int_equal(instance_map_info(old, "versioned", &info), 0);
	assert_int_equal(info.state_version, 1);
	assert_int_equal(info.max_entries, 4);
	btf = btf__new(info.btf, info.btf_size);
	assert_non_null(btf);
	assert_int_equal(btf__resolve_size(btf, info.value_type), 8);
	btf__free(btf);
	assert_int_equal(instance_map_info(new, "versioned", &info), 0);
	assert_int_equal(info.state_version, 2);
	instance_free(new);
	instance_free(old);
}

static void test_grown(void **state)
{
	struct instance *old = load(1000, NULL), *new;
	uint64_t values[2048];

	for (uint32_t key = 0; key < 8; key++)
		run(old, key, 10 + key);
	new = load(3000, old);
	assert_int_equal(carried(new, "fresh"), MAP_FRESH);
	copy(new, old, false, NULL);
	/* Seven that are added up have eight each; those of the array that are zero are not copied. */
	assert_int_equal(told.copied, 7 * 8 + 7 + 4 * 8);
	assert_int_equal(told.left_out, 0);
	run(old, 3, 5); /* packets that the old program still has */
	run(new, 3, 7); /* and those of the new one */
	run(new, 50, 1);
	copy(new, old, true, NULL);
	for (size_t i = 0; i < N(sums); i++) {
		assert_int_equal(carried(new, sums[i]), MAP_COPIED);
		assert_int_equal(entries_of(new, sums[i]), 3000);
		for (uint32_t key = 0; key < 8; key++)
			if (packets(new, sums[i], key) != 10 + key + (key == 3 ? 12 : 0))
				fail_msg("%s: key %u has %zu", sums[i], key,
					(size_t)packets(new, sums[i], key));
		assert_int_equal(packets(new, sums[i], 50), 1);
	}
	for (size_t i = 0; i < N(seen); i++) {
		assert_int_equal(carried(new, seen[i]), MAP_COPIED);
		for (uint32_t key = 0; key < 8; key++)
			assert_true(look(new, seen[i], key, values));
	}
	instance_free(old);
	instance_free(new);
}

/* What the old program adds after the first step comes with the second; what the new one removed stays so. */
static void test_late_entries(void **state)
{
	struct instance *old = load(1000, NULL), *new;
	uint64_t values[2048];
	const uint32_t one = 1;

	run(old, 1, 1);
	new = load(3000, old);
	copy(new, old, false, NULL);
	run(old, 2, 3);
	run(old, 4, 3);
	run(new, 4, 2);
	assert_int_equal(bpf_map_delete_elem(instance_map_fd(new, "seen_hash", NULL), &one), 0);
	copy(new, old, true, NULL);
	for (size_t i = 0; i < N(sums); i++) {
		assert_int_equal(packets(new, sums[i], 2), 3);
		assert_int_equal(packets(new, sums[i], 4), 5);
	}
	for (size_t i = 1; i < N(seen);
		i++) /* not of the array, whose entries are all there from the start */
		assert_true(look(new, seen[i], 2, values));
	assert_false(look(new, "seen_hash", 1, values));
	instance_free(old);
	instance_free(new);
}

static void test_smaller(void **state)
{
	struct instance *old = load(64, NULL), *new;

	for (uint32_t key = 0; key < 40; key++)
		run(old, key, 1);
	new = load(10, old);
	copy(new, old, false, "sum_hash");
	assert_int_equal(told.copied, 10);
	assert_int_equal(told.left_out, 30);
	run(old, 41, 1);
	copy(new, old, true, "sum_hash");
	assert_int_equal(told.left_out, 1);
	instance_free(new);
	new = load(10, old);
	copy(new, old, false, "sum_cpu_array");
	assert_int_equal(told.copied, 10);
	assert_int_equal(told.left_out, 31);
	assert_int_equal(packets(new, "sum_cpu_array", 9), 1);
	instance_free(new);
	new = load(10, old);
	copy(new, old, false, "sum_lru");
	assert_int_equal(told.copied + told.left_out, 41);
	assert_in_range(told.copied, 1, 10);
	instance_free(new);
	instance_free(old);
}

struct hammer {
	const struct instance *instance;
	uint64_t packets;
	bool stop;
};

static void *hammer(void *data)
{
	struct hammer *hammer = data;

	for (uint32_t key = 0; !__atomic_load_n(&hammer->stop, __ATOMIC_RELAXED); key++) {
		run(hammer->instance, key % 8, 100);
		hammer->packets += 100;
	}
	return NULL;
}

/* Two CPUs count, by the old program, by both, by the new one: each packet is in the sum once. */
static void test_every_packet_under_load(void **state)
{
	for (int turn = 0; turn < 2; turn++) {
		struct instance *old = load(300, NULL), *new = load(400, old);
		struct hammer first = { old }, second = { new };
		pthread_t threads[2];
		const uint64_t *before = &second.packets;

		assert_int_equal(pthread_create(&threads[0], NULL, hammer, &first), 0);
		while (__atomic_load_n(&first.packets, __ATOMIC_RELAXED) < 10000)
			sched_yield();
		copy(new, old, false, NULL);
		assert_int_equal(pthread_create(&threads[1], NULL, hammer, &second), 0);
		while (__atomic_load_n(before, __ATOMIC_RELAXED) < 3000)
			sched_yield();
		__atomic_store_n(&first.stop, true, __ATOMIC_RELAXED);
		pthread_join(threads[0], NULL);
		copy(new, old, true, NULL);
		__atomic_store_n(&second.stop, true, __ATOMIC_RELAXED);
		pthread_join(threads[1], NULL);
		for (size_t i = 0; i < N(sums); i++) {
			uint64_t sum = 0;

			for (uint32_t key = 0; key < 8; key++)
				sum += packets(new, sums[i], key);
			if (sum != first.packets + second.packets)
				fail_msg("%s has %zu of %zu packets", sums[i], (size_t)sum,
					(size_t)(first.packets + second.packets));
		}
		instance_free(new);
		instance_free(old);
	}
}

/* Many times on both CPUs, beside packets: what is added is there, and what packets count, too. */
static void test_adding_beside_packets(void **state)
{
	struct instance *instance = load(8, NULL);
	struct hammer hammers[2] = { { instance }, { instance } };
	uint64_t numbers[2048], added = 0;
	const uint32_t key = 3;
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, &hammers[i]), 0);
	for (size_t i = 0; i < N(numbers); i++)
		numbers[i] = i % 2 ? 64 : 1;
	for (int turn = 0; turn < 200; turn++) {
		assert_int_equal(instance_map_add(instance, "sum_cpu_array", &key, numbers, NULL), 0);
		added += (uint64_t)libbpf_num_possible_cpus();
	}
	instance_map_add_end(instance);
	for (size_t i = 0; i < 2; i++) {
		__atomic_store_n(&hammers[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(threads[i], NULL);
		added += hammers[i].packets;
	}
	for (uint32_t other = 0; other < 8; other++)
		added -= packets(instance, "sum_cpu_array", other);
	assert_int_equal(added, 0);
	assert_int_equal(instance_map_add(instance, "seen_hash", &key, numbers, NULL), -EINVAL);
	assert_int_equal(instance_map_add(instance, "none", &key, numbers, NULL), -ENOENT);
	assert_int_equal(instance_map_add(instance, "sum_array", &(uint32_t){ 99 }, numbers, NULL), -E2BIG);
	instance_free(instance);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_a_version_is_one_maps),
		cmocka_unit_test(test_grown),
		cmocka_unit_test(test_late_entries),
		cmocka_unit_test(test_smaller),
		cmocka_unit_test(test_every_packet_under_load),
		cmocka_unit_test(test_adding_beside_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

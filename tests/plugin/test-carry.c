/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which maps go on from one instance to the next, and that they then are the same ones. */
#include "check.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include "carry.bpf.h"
#include "carry_changed.bpf.h"
#include "carry_initialised.bpf.h"
#include "carry_mixed.bpf.h"
#include "kernel/instance/instance.h"
#include "kernel/instance/instance_private.h"

#define OPTIONS(name_, ...)                                                                                  \
	(struct instance_options)                                                                            \
	{                                                                                                    \
		.name = "plugin carry", .object = name_##_bpf, .object_size = sizeof(name_##_bpf),           \
		.function = "carry", .same_state_version = true, __VA_ARGS__                                 \
	}

static struct instance *load(struct instance_options options)
{
	struct instance *instance = NULL;
	struct xslot_diag diag = {};

	if (instance_open(&options, &instance, NULL, &diag) < 0 ||
		instance_verify_as_xdp(instance, &diag) < 0)
		fail_msg("%s\n%s", diag.message, diag.log ? diag.log : "");
	return instance;
}

static void run(const struct instance *instance, unsigned times)
{
	unsigned char packet[64] = {};
	LIBBPF_OPTS(
		bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet), .repeat = times);
	int fd = bpf_prog_get_fd_by_id(instance_program_id(instance));

	assert_true(fd >= 0);
	assert_int_equal(bpf_prog_test_run_opts(fd, &opts), 0);
	assert_int_equal(opts.retval, XSLOT_NEXT);
	close(fd);
}

static const struct instance_map *map(const struct instance *instance, const char *name)
{
	const struct instance_map *maps;
	size_t n = instance_maps(instance, &maps);

	for (size_t i = 0; i < n; i++)
		if (strcmp(maps[i].name, name) == 0)
			return &maps[i];
	fail_msg("no map %s", name);
	return NULL;
}

static uint64_t counted(const struct instance *instance)
{
	uint64_t value[2] = {};

	assert_int_equal(
		bpf_map_lookup_elem(instance_map_fd(instance, "same", NULL), &(uint32_t){ 1 }, value), 0);
	return value[0];
}

static uint64_t counted_in_bss(const struct instance *instance)
{
	uint64_t value[2] = {};

	assert_int_equal(
		bpf_map_lookup_elem(instance_map_fd(instance, ".bss", NULL), &(uint32_t){ 0 }, value), 0);
	return value[0];
}

static uint64_t counted_by_cpus(const struct instance *instance)
{
	uint64_t values[1024] = {}, sum = 0;

	assert_in_range(libbpf_num_possible_cpus(), 1, 1024);
	assert_int_equal(
		bpf_map_lookup_elem(instance_map_fd(instance, "same_percpu", NULL), &(uint32_t){ 1 }, values),
		0);
	for (size_t i = 0; i < 1024; i++)
		sum += values[i];
	return sum;
}

static void check_map(const struct instance *instance, const char *name, enum map_class class,
	enum map_carried carried, const struct instance *old)
{
	const struct instance_map *is = map(instance, name), *was = map(old, name);

	if (is->class != class || is->carried != carried)
		fail_msg("%s: class %d, carried %d", name, is->class, is->carried);
	assert_true(is->id != 0);
	if ((is->id == was->id) != (carried == MAP_KEPT))
		fail_msg("%s: %s map", name, is->id == was->id ? "the same" : "another");
}

static void test_classes(void **state)
{
	struct instance *instance = load(OPTIONS(carry));

	assert_int_equal(map(instance, "same")->class, MAP_STATE);
	assert_int_equal(map(instance, "never_programs")->class, MAP_STATE);
	assert_int_equal(map(instance, "pinned")->class, MAP_STATE);
	assert_int_equal(map(instance, "config")->class, MAP_CONFIG);
	assert_int_equal(map(instance, ".bss")->class, MAP_STATE);
	assert_int_equal(map(instance, "same")->carried, MAP_FRESH);
	assert_false(instance_needs_migration(instance));
	assert_int_equal(instance_map_fd(instance, "none", NULL), -ENOENT);
	assert_int_equal(access("/sys/fs/bpf/pinned", F_OK), -1);
	instance_free(instance);
}

static void test_the_same_build_goes_on_with_all_state(void **state)
{
	struct instance *first = load(OPTIONS(carry)), *second, *third;
	uint32_t id = map(first, "same")->id;

	run(first, 10);
	second = load(OPTIONS(carry, .previous = first));
	check_map(second, "same", MAP_STATE, MAP_KEPT, first);
	check_map(second, "same_percpu", MAP_STATE, MAP_KEPT, first);
	check_map(second, "same_lpm", MAP_STATE, MAP_KEPT, first);
	check_map(second, "same_locked", MAP_STATE, MAP_KEPT, first);
	check_map(second, "differs_type", MAP_STATE, MAP_KEPT, first);
	check_map(second, "pinned", MAP_STATE, MAP_KEPT, first);
	check_map(second, ".bss", MAP_STATE, MAP_KEPT, first);
	check_map(second, "config", MAP_CONFIG, MAP_FRESH, first);
	check_map(second, "never_timer", MAP_STATE, MAP_FRESH, first);
	check_map(second, "never_programs", MAP_STATE, MAP_FRESH, first);
	run(second, 5);
	run(first, 1);
	instance_free(first);
	/* A third in a row: names and types are still those of the object, not those of the carried map. */
	third = load(OPTIONS(carry, .previous = second));
	instance_free(second);
	assert_int_equal(map(third, "same")->id, id);
	assert_int_equal(map(third, ".bss")->carried, MAP_KEPT);
	run(third, 100);
	assert_int_equal(counted(third), 116);
	assert_int_equal(counted_in_bss(third), 116);
	assert_int_equal(counted_by_cpus(third), 116);
	instance_free(third);
}

static void test_a_changed_build_keeps_what_means_the_same(void **state)
{
	static const char *const kept[] = { "same", "same_percpu", "same_lpm", "same_locked", "same_opaque",
		"pinned" };
	static const char *const fresh[] = { "differs_type", "differs_entries", "differs_flags",
		"differs_key", "differs_size", "differs_name", "differs_order", "differs_bits",
		"differs_place", "differs_shape", "differs_bool", "differs_opaque_key",
		"differs_opaque_value", "never_timer", "never_programs", ".bss" };
	struct instance *old = load(OPTIONS(carry)), *new, *third;

	run(old, 7);
	new = load(OPTIONS(carry_changed, .previous = old));
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		check_map(new, kept[i], MAP_STATE, MAP_KEPT, old);
	for (size_t i = 0; i < sizeof(fresh) / sizeof(*fresh); i++)
		check_map(new, fresh[i], MAP_STATE, MAP_FRESH, old);
	assert_int_equal(map(new, "after_only")->carried, MAP_FRESH);
	assert_true(instance_needs_migration(new));
	instance_set_migrated(new);
	check_map(new, "differs_order", MAP_STATE, MAP_MIGRATED, old);
	check_map(new, "same", MAP_STATE, MAP_KEPT, old);
	check_map(new, "config", MAP_CONFIG, MAP_FRESH, old);
	assert_int_equal(map(new, "after_only")->carried, MAP_FRESH);
	run(new, 3);
	assert_int_equal(counted(new), 10);
	assert_int_equal(counted_in_bss(new), 3);
	assert_int_equal(counted_in_bss(old), 7);
	/* Compared with the object that was loaded last, not with the one that made the map. */
	third = load(OPTIONS(carry, .previous = new));
	check_map(third, "same", MAP_STATE, MAP_KEPT, old);
	check_map(third, "differs_name", MAP_STATE, MAP_FRESH, new);
	instance_free(old);
	instance_free(new);
	instance_free(third);
}

static void test_another_state_version_keeps_nothing(void **state)
{
	struct instance *old = load(OPTIONS(carry)), *new;
	struct instance_options options = OPTIONS(carry, .previous = old);

	options.same_state_version = false;
	new = load(options);
	check_map(new, "same", MAP_STATE, MAP_FRESH, old);
	check_map(new, ".bss", MAP_STATE, MAP_FRESH, old);
	assert_true(instance_needs_migration(new));
	instance_free(old);
	instance_free(new);
}

static void test_an_abandoned_instance_leaves_the_running_one_alone(void **state)
{
	struct instance *running = load(OPTIONS(carry)), *opened = NULL, *loaded;
	struct instance_options options = OPTIONS(carry_changed, .previous = running);

	run(running, 4);
	assert_int_equal(instance_open(&options, &opened, NULL, NULL), 0);
	instance_free(opened);
	loaded = load(options);
	instance_free(loaded);
	run(running, 4);
	assert_int_equal(counted(running), 8);
	assert_int_equal(counted_in_bss(running), 8);
	instance_free(running);
}

static void test_plain_maps_of_a_foreign_object_are_state(void **state)
{
	struct instance *old = load(OPTIONS(carry, .foreign = true)), *new;

	new = load(OPTIONS(carry, .foreign = true, .previous = old));
	check_map(new, "config", MAP_STATE, MAP_KEPT, old);
	check_map(new, "pinned", MAP_STATE, MAP_KEPT, old);
	instance_free(old);
	instance_free(new);
}

static void check_refused(struct instance_options options, const char *words)
{
	struct instance *instance = NULL;
	struct xslot_diag diag = {};

	assert_int_equal(instance_open(&options, &instance, NULL, &diag), -EINVAL);
	assert_null(instance);
	if (!strstr(diag.message, words))
		fail_msg("\"%s\" does not say \"%s\"", diag.message, words);
}

static void test_marks_that_cannot_hold_are_refused(void **state)
{
	check_refused(OPTIONS(carry_mixed),
		"and not_marked is not, but both lie in .bss, which is one map: mark all or none");
	check_refused(OPTIONS(carry_initialised), "variable begins_at_one is marked as state but lies in "
						  ".data, which each instance has for itself");
}

/* What the kernel made of a map is taken over by a later host; anything else is not. */
static void test_only_what_was_declared_is_adopted(void **state)
{
	struct instance *instance = load((struct instance_options)OPTIONS(carry));
	size_t n = instance->maps.n_maps;

	assert_true(n > 3);
	for (size_t i = 0; i < n; i++) {
		const struct carry_map *map = &instance->maps.maps[i];
		int fd = bpf_map__fd(map->map);
		struct carry_map other = *map;
		struct xslot_diag diag = {};

		if (carry_check_map(map, fd, NULL, &diag) < 0)
			fail_msg("%s", diag.message);
		other.key_size += 4;
		assert_int_equal(carry_check_map(&other, fd, NULL, &diag), -EINVAL);
		other = *map;
		other.value_size += 8;
		assert_int_equal(carry_check_map(&other, fd, NULL, &diag), -EINVAL);
		other = *map;
		other.type++;
		assert_int_equal(carry_check_map(&other, fd, NULL, &diag), -EINVAL);
		other = *map;
		other.flags ^= BPF_F_NO_PREALLOC;
		assert_int_equal(carry_check_map(&other, fd, NULL, &diag), -EINVAL);
		other = *map;
		other.max_entries = map->max_entries * 2 + 1;
		assert_int_equal(carry_check_map(&other, fd, NULL, &diag), -EINVAL);
		if (!strstr(diag.message, map->name))
			fail_msg("%s", diag.message);
		xslot_diag_clear(&diag);
	}
	instance_free(instance);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_the_same_build_goes_on_with_all_state),
		cmocka_unit_test(test_a_changed_build_keeps_what_means_the_same),
		cmocka_unit_test(test_another_state_version_keeps_nothing),
		cmocka_unit_test(test_an_abandoned_instance_leaves_the_running_one_alone),
		cmocka_unit_test(test_plain_maps_of_a_foreign_object_are_state),
		cmocka_unit_test(test_marks_that_cannot_hold_are_refused),
		cmocka_unit_test(test_only_what_was_declared_is_adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

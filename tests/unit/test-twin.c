/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Index 1 is lo in every network namespace, so its proper name is known without making an interface. */
#include <string.h>

#include "check.h"
#include "host/review/twin.h"

#define CHAINS_MAX 3
#define INTERFACES_MAX 4

struct scene {
	struct plan_chain running[CHAINS_MAX], wanted[CHAINS_MAX];
	struct plan_interface interfaces[2 * CHAINS_MAX][INTERFACES_MAX];
	size_t n_arrays;
	struct view view;
};

/* Up to one without a name. */
static void add(struct scene *scene, bool wanted, const char *name, const struct plan_interface *interfaces)
{
	struct plan_chain *chain =
		wanted ? &scene->wanted[scene->view.n_wanted++] : &scene->running[scene->view.n_running++];
	struct plan_interface *copy = scene->interfaces[scene->n_arrays++];

	*chain = (struct plan_chain){ .name = name, .interfaces = copy };
	for (; interfaces->name; interfaces++)
		copy[chain->n_interfaces++] = *interfaces;
	scene->view.running = scene->running;
	scene->view.wanted = scene->wanted;
}

#define CHAIN(...)                                                                                           \
	(const struct plan_interface[])                                                                      \
	{                                                                                                    \
		__VA_ARGS__,                                                                                 \
		{                                                                                            \
		}                                                                                            \
	}

static const char *twin_of(const struct scene *scene, size_t chain, size_t interface)
{
	const char *twin = scene->wanted[chain].interfaces[interface].twin;

	return twin ? twin : "";
}

static void test_different_interfaces_are_no_twins(void **state)
{
	struct scene scene = {};

	add(&scene, true, "edge", CHAIN({ "lo", 1 }, { "gone", 0 }, { "later", 0 }, { "eth0", 2 }));
	add(&scene, true, "lab", CHAIN({ "eth1", 3 }));
	assert_int_equal(twin_mark(&scene.view), 0);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(twin_of(&scene, 0, i), "");
	assert_string_equal(twin_of(&scene, 1, 0), "");
}

static void test_the_proper_name_has_it(void **state)
{
	struct scene scene = {};

	add(&scene, true, "edge", CHAIN({ "uplink", 1 }, { "eth0", 2 }));
	add(&scene, true, "lab", CHAIN({ "wan", 1 }, { "lo", 1 }));
	assert_int_equal(twin_mark(&scene.view), 0);
	assert_string_equal(twin_of(&scene, 0, 0), "lo");
	assert_string_equal(twin_of(&scene, 0, 1), "");
	assert_string_equal(twin_of(&scene, 1, 0), "lo");
	assert_string_equal(twin_of(&scene, 1, 1), "");
}

/* A name that comes up later does not move the interface to another chain, nor rename it within its own. */
static void test_what_runs_has_it(void **state)
{
	struct scene scene = {};

	add(&scene, false, "edge", CHAIN({ "lo", 0 }));
	add(&scene, false, "lab", CHAIN({ "uplink", 1 }));
	add(&scene, true, "edge", CHAIN({ "lo", 1 }));
	add(&scene, true, "lab", CHAIN({ "wan", 1 }, { "uplink", 1 }));
	assert_int_equal(twin_mark(&scene.view), 0);
	assert_string_equal(twin_of(&scene, 0, 0), "uplink");
	assert_string_equal(twin_of(&scene, 1, 0), "uplink");
	assert_string_equal(twin_of(&scene, 1, 1), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_different_interfaces_are_no_twins),
		cmocka_unit_test(test_the_proper_name_has_it),
		cmocka_unit_test(test_what_runs_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

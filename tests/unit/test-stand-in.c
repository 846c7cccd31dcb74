/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a host wants that runs chains without their files: all that runs, as it is, and interfaces. So a plan
 * has work for interfaces only, whatever the chains are like. Index 1 is lo in every network namespace.
 */
#include <linux/bpf.h>
#include <string.h>

#include "check.h"
#include "host/adopt/stand_in.h"
#include "host/chain/occupant.h"
#include "host/review/view.h"
#include "util/memory.h"

#define N 3 /* chains */

struct scene {
	struct chain chain[N];
	struct chain *chains[N];
	struct occupant occupant[N][2];
	struct dataplane dataplane;
};

/* Of another version than ours: a host that was upgraded stands in, too. */
uint32_t __wrap_dispatcher_version(const struct dispatcher *dispatcher);
uint32_t __wrap_dispatcher_version(const struct dispatcher *dispatcher)
{
	return XSLOT_DISPATCHER_VERSION - 1;
}

static const struct descriptor plugin = { .name = "wreck" };

/* Three chains of two slots, the last two of one name, as adoption leaves them. The plugins are not known. */
static void make(struct scene *scene)
{
	static const char *const names[N] = { "edge", "@dge", "@dge" };

	*scene = (struct scene){ .dataplane = { .chains = scene->chains, .n_chains = N } };
	for (size_t i = 0; i < N; i++) {
		struct chain *chain = scene->chains[i] = &scene->chain[i];

		strcpy(chain->name, names[i]);
		chain->generic = i == 1;
		chain->frags = true;
		chain->only_alarm = i == 0;
		chain->final = XDP_DROP;
		chain->on_gap = XDP_TX;
		chain->n_slots = 2;
		for (size_t j = 0; j < 2; j++) {
			scene->occupant[i][j] = (struct occupant){ .plugin = &plugin, .name = "slot" };
			chain->slots[j].number = 20 - 10 * j; /* by position; not the order of numbers */
			chain->slots[j].occupant = &scene->occupant[i][j];
			chain->slots[j].proceed = j ? CHAIN_PROCEED_DEFAULT : 1u << XDP_TX;
		}
	}
}

static void add(struct scene *scene, size_t chain, const char *name)
{
	struct config_interface interface = { .name = (char *)name };
	struct config_chain config = { .interfaces = &interface, .n_interfaces = 1 };
	struct setup_chain wanted = { .config = &config };
	const struct setup setup = { .chains = &wanted, .n_chains = 1 };

	strcpy(config.name, scene->chain[chain].name);
	stand_in_expect(&scene->dataplane, &setup);
}

static void clear(struct scene *scene)
{
	for (size_t i = 0; i < N; i++)
		chain_interfaces_free(scene->chain[i].interfaces, scene->chain[i].n_interfaces);
}

struct result {
	struct setup *setup;
	struct view *view;
	struct plan *plan;
};

static struct result plan(struct scene *scene)
{
	const struct view_seen seen = { scene->chains, N, 1 };
	struct result result = { .setup = stand_in_setup(&scene->dataplane) };
	struct xslot_diag diag = {};

	assert_int_equal(view_look(&seen, VIEW_UNASKED, &diag), 0);
	assert_int_equal(view_new(&seen, result.setup, true, &result.view, &diag), 0);
	assert_int_equal(
		plan_new(result.view->running, N, result.view->wanted, N, view_same, &result.plan), 0);
	return result;
}

static void result_clear(struct result *result)
{
	plan_free(result->plan);
	view_free(result->view);
	setup_unref(result->setup);
}

/* Each goes on as it is, namesakes too. */
static void assert_only_interfaces(const struct plan *plan)
{
	for (size_t i = 0; i < N; i++) {
		const struct plan_chain_step *step = &plan->chains[i];

		assert_false(plan->removed[i]);
		assert_int_equal(step->from, i);
		assert_int_equal(step->previous, i);
		assert_false(step->generation_changed || step->renamed || step->on_detach_changed);
		for (size_t j = 0; j < 2; j++) {
			assert_int_equal(step->slots[j].action, PLAN_SLOT_KEEP);
			assert_int_equal(step->slots[j].from, j);
			assert_false(step->slots[j].renumbered);
		}
	}
	assert_int_equal(plan->n_bared, 0);
}

static enum plan_interface_action action_of(const struct plan *plan, size_t chain, size_t interface)
{
	assert_true(interface < plan->chains[chain].n_interfaces);
	return plan->chains[chain].interfaces[interface].action;
}

static void test_nothing_to_do(void **state)
{
	struct scene scene;
	struct result result;

	make(&scene);
	result = plan(&scene);
	assert_only_interfaces(result.plan);
	assert_true(result.plan->unchanged);
	result_clear(&result);
}

/* One that is there, one that is not. */
static void test_interfaces(void **state)
{
	struct scene scene;
	struct result result;

	make(&scene);
	add(&scene, 0, "never");
	add(&scene, 0, "lo");
	result = plan(&scene);
	assert_only_interfaces(result.plan);
	assert_int_equal(action_of(result.plan, 0, 0), PLAN_INTERFACE_WAIT);
	assert_int_equal(action_of(result.plan, 0, 1), PLAN_INTERFACE_ATTACH);
	assert_false(result.setup->chains[0].config->replace);
	assert_false(result.plan->unchanged);
	result_clear(&result);
	clear(&scene);
}

/* The chain that runs it has it, whatever the files say. */
static void test_another_chain_has_it(void **state)
{
	struct scene scene;

	make(&scene);
	add(&scene, 0, "lo");
	scene.chain[1].name[0] = 'b';
	add(&scene, 1, "lo");
	add(&scene, 1, "never");
	assert_int_equal(scene.chain[0].n_interfaces, 1);
	assert_int_equal(scene.chain[1].n_interfaces, 1);
	assert_string_equal(scene.chain[1].interfaces[0].name, "never");
	clear(&scene);
}

/* It refused: left alone until it looks otherwise, or until a shortage may be over; forgotten when it is
 * gone. */
static void test_refused(void **state)
{
	struct chain_interface *lo, *never;
	struct scene scene;
	struct result result;

	make(&scene);
	add(&scene, 0, "lo");
	add(&scene, 0, "never");
	lo = &scene.chain[0].interfaces[0];
	never = &scene.chain[0].interfaces[1];
	lo->refused = memory_copy("another's program is there");
	never->refused = memory_copy("another's program was there");
	assert_int_equal(netdev_look("lo", &lo->look), 0);
	result = plan(&scene);
	assert_int_equal(action_of(result.plan, 0, 0), PLAN_INTERFACE_LEAVE);
	assert_int_equal(result.plan->chains[0].interfaces[0].from, 0);
	assert_int_equal(action_of(result.plan, 0, 1), PLAN_INTERFACE_WAIT);
	assert_false(result.plan->unchanged); /* that it is gone is news */
	result_clear(&result);
	lo->again = true;
	result = plan(&scene);
	assert_int_equal(action_of(result.plan, 0, 0), PLAN_INTERFACE_ATTACH);
	result_clear(&result);
	lo->again = false;
	lo->look.native_id++;
	result = plan(&scene);
	assert_int_equal(action_of(result.plan, 0, 0), PLAN_INTERFACE_ATTACH);
	assert_only_interfaces(result.plan);
	result_clear(&result);
	clear(&scene);
}

/* What `xslotctl clean` takes off stays off. */
static void test_off(void **state)
{
	struct scene scene;
	struct setup *setup;

	make(&scene);
	setup = stand_in_setup(&scene.dataplane);
	setup_leave_out(setup, "edge");
	assert_int_equal(setup->n_chains, N - 1);
	assert_string_equal(setup->chains[0].config->name, "@dge");
	setup_unref(setup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_another_chain_has_it),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_off),
	};

	thread_is_alone();
	return cmocka_run_group_tests_name("stand-in", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Slots are told apart by a letter for the plugin and a digit for its content: "a1" and "a2" are two builds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "host/plan/plan.h"

struct side {
	struct plan_chain chain[4];
	struct plan_slot slots[4][8];
	struct plan_interface interfaces[4][4];
	size_t n;
};

/*
 * "10:a1 20:b1" and "eth0 eth1"; an interface in parentheses is not there (wanted) or not attached (running).
 * An interface has its number as its index; "eth0=5" has another one.
 */
static void add_chain(struct side *side, const char *name, const char *slots, const char *interfaces)
{
	static char arena[256][16];
	static size_t used;
	struct plan_chain *chain = &side->chain[side->n];
	char *copy = strdup(slots), *save = NULL, *word;
	size_t n = 0;

	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save), n++) {
		char *token = arena[used++ % 256], *plugin = arena[used++ % 256];
		unsigned number;

		assert_int_equal(sscanf(word, "%u:%15s", &number, token), 2);
		plugin[0] = token[0];
		plugin[1] = 0;
		side->slots[side->n][n] = (struct plan_slot){ number, plugin, 0, token };
	}
	free(copy);
	*chain = (struct plan_chain){ .name = name, .slots = side->slots[side->n], .n_slots = n, .final = 2 };
	copy = strdup(interfaces);
	for (n = 0, word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save), n++) {
		bool there = word[0] != '(';
		char *interface = arena[used++ % 256];
		const char *index = strchr(word, '=') ?: word + strcspn(word, "0123456789") - 1;

		snprintf(interface, 16, "%.*s", (int)strcspn(word + !there, "=)"), word + !there);
		side->interfaces[side->n][n] =
			(struct plan_interface){ interface, .ifindex = there ? 100 + atoi(index + 1) : 0 };
	}
	free(copy);
	chain->interfaces = side->interfaces[side->n];
	chain->n_interfaces = n;
	side->n++;
}

static bool same(const void *running, const void *wanted)
{
	return strcmp(running, wanted) == 0;
}

static struct plan *make(const struct side *running, const struct side *wanted)
{
	struct plan *plan = NULL;

	assert_int_equal(plan_new(running->chain, running->n, wanted->chain, wanted->n, same, &plan), 0);
	return plan;
}

/* "keep0 move2 replace1 add": what becomes of each wanted slot of chain 0, and from where. */
static void check_slots(const struct plan *plan, size_t chain, size_t n, const char *expected)
{
	static const char *const names[] = { "keep", "move", "replace", "add" };
	char text[256] = "";

	for (size_t i = 0; i < n; i++) {
		const struct plan_slot_step *step = &plan->chains[chain].slots[i];
		size_t length = strlen(text);

		snprintf(text + length, sizeof(text) - length, "%s%s", i ? " " : "", names[step->action]);
		length = strlen(text);
		if (step->from != PLAN_NONE)
			snprintf(text + length, sizeof(text) - length, "%zu", step->from);
	}
	assert_string_equal(text, expected);
}

static void check_change(const char *running_slots, const char *wanted_slots, const char *expected)
{
	struct side running = {}, wanted = {};
	struct plan *plan;

	add_chain(&running, "edge", running_slots, "eth0");
	add_chain(&wanted, "edge", wanted_slots, "eth0");
	plan = make(&running, &wanted);
	check_slots(plan, 0, wanted.chain[0].n_slots, expected);
	assert_false(plan->chains[0].unchanged);
	assert_true(plan->chains[0].generation_changed);
	plan_free(plan);
}

static void test_same_is_nothing(void **state)
{
	struct side running = {}, wanted = {};
	struct plan *plan;

	add_chain(&running, "edge", "10:a1 20:b1", "eth0 (eth1)");
	add_chain(&wanted, "edge", "10:a1 20:b1", "eth0 (eth1)");
	plan = make(&running, &wanted);
	assert_true(plan->unchanged);
	assert_true(plan->chains[0].unchanged);
	assert_false(plan->chains[0].generation_changed);
	check_slots(plan, 0, 2, "keep0 keep1");
	plan_free(plan);
}

static void test_slots(void **state)
{
	check_change("10:a1 20:b1 30:c1", "10:a1 20:b2 30:c1", "keep0 replace1 keep2");
	check_change("10:a1 20:b1", "5:c1 10:a1 20:b1", "add move0 move1");
	check_change("10:a1 20:b1 30:c1", "10:a1 30:c1", "keep0 move2");
	check_change("10:a1 20:b1", "10:b1 20:a1", "move1 move0");
	check_change("10:a1", "10:b1", "add");
	check_change("10:a1", "20:a2", "add");
	check_change("", "10:a1", "add");
	check_change("10:a1", "", "");
	/* The same plugin twice: each keeps its own. */
	check_change("10:a1 20:a1", "10:a1 20:a2", "keep0 replace1");
	check_change("10:a1 20:a2", "10:a2 20:a1", "move1 move0");
}

static void test_renumbered_alone_needs_no_swap(void **state)
{
	struct side running = {}, wanted = {};
	struct plan *plan;

	add_chain(&running, "edge", "10:a1 20:b1", "eth0");
	add_chain(&wanted, "edge", "10:a1 25:b1", "eth0");
	plan = make(&running, &wanted);
	check_slots(plan, 0, 2, "keep0 keep1");
	assert_true(plan->chains[0].slots[1].renumbered);
	assert_false(plan->chains[0].generation_changed);
	assert_false(plan->chains[0].unchanged);
	plan_free(plan);
}

static void test_only_verdicts_and_proceed(void **state)
{
	struct side running = {}, wanted = {};
	struct plan *plan;

	add_chain(&running, "edge", "10:a1", "eth0");
	add_chain(&wanted, "edge", "10:a1", "eth0");
	wanted.chain[0].final = 1;
	plan = make(&running, &wanted);
	assert_true(plan->chains[0].verdicts_changed);
	assert_true(plan->chains[0].generation_changed);
	check_slots(plan, 0, 1, "keep0");
	plan_free(plan);

	wanted.chain[0].final = 2;
	wanted.slots[0][0].proceed = 1 << 2;
	plan = make(&running, &wanted);
	assert_true(plan->chains[0].slots[0].proceed_changed);
	assert_true(plan->chains[0].generation_changed);
	check_slots(plan, 0, 1, "keep0");
	plan_free(plan);
}

static void test_chains_come_and_go(void **state)
{
	struct side running = {}, wanted = {};
	struct plan *plan;

	add_chain(&running, "edge", "10:a1", "eth0");
	add_chain(&running, "lab", "10:b1", "eth1");
	add_chain(&wanted, "core", "10:c1", "eth2 (eth3)");
	add_chain(&wanted, "edge", "10:a1", "eth0");
	plan = make(&running, &wanted);
	assert_int_equal(plan->chains[0].from, PLAN_NONE);
	assert_int_equal(plan->chains[0].interfaces[0].action, PLAN_INTERFACE_ATTACH);
	assert_int_equal(plan->chains[0].interfaces[1].action, PLAN_INTERFACE_WAIT);
	assert_true(plan->chains[1].unchanged);
	assert_false(plan->removed[0]);
	assert_true(plan->removed[1]);
	assert_false(plan->unchanged);
	plan_free(plan);
}

static void test_rename_keeps_dispatcher(void **state)
{
	struct side running = {}, wanted = {};
	struct plan *plan;

	add_chain(&running, "edge", "10:a1", "eth0");
	add_chain(&wanted, "border", "10:a1", "eth0");
	plan = make(&running, &wanted);
	assert_int_equal(plan->chains[0].from, 0);
	assert_true(plan->chains[0].renamed);
	assert_false(plan->chains[0].generation_changed);
	assert_false(plan->removed[0]);
	assert_int_equal(plan->chains[0].interfaces[0].action, PLAN_INTERFACE_KEEP);
	plan_free(plan);
}

static void test_interface_moves_between_chains(void **state)
{
	struct side running = {}, wanted = {};
	struct plan *plan;

	add_chain(&running, "edge", "10:a1", "eth0 eth1");
	add_chain(&running, "lab", "10:b1", "eth2");
	add_chain(&wanted, "edge", "10:a1", "eth0");
	add_chain(&wanted, "lab", "10:b1", "eth2 eth1");
	plan = make(&running, &wanted);
	assert_int_equal(plan->chains[1].interfaces[1].action, PLAN_INTERFACE_UPDATE);
	assert_int_equal(plan->chains[1].interfaces[1].from_chain, 0);
	assert_int_equal(plan->chains[1].interfaces[1].from, 1);
	assert_false(plan->chains[0].unchanged);
	assert_false(plan->chains[0].generation_changed);
	plan_free(plan);
}

static void test_frags_rebuilds_and_mode_is_said(void **state)
{
	struct side running = {}, wanted = {};
	struct plan *plan;

	add_chain(&running, "edge", "10:a1 20:b1", "eth0");
	add_chain(&wanted, "edge", "10:a1 20:b1", "eth0");
	wanted.chain[0].frags = true;
	plan = make(&running, &wanted);
	assert_int_equal(plan->chains[0].from, PLAN_NONE);
	assert_int_equal(plan->chains[0].previous, 0);
	assert_true(plan->removed[0]);
	check_slots(plan, 0, 2, "replace0 replace1");
	assert_int_equal(plan->chains[0].interfaces[0].action, PLAN_INTERFACE_UPDATE);
	plan_free(plan);

	wanted.chain[0].frags = false;
	wanted.chain[0].generic = true;
	plan = make(&running, &wanted);
	assert_int_equal(plan->chains[0].interfaces[0].action, PLAN_INTERFACE_REMODE);
	assert_false(plan->unchanged);
	plan_free(plan);
}

/* Whatever number a slot has now, its counts and its state go on; only no instance does. */
static void test_another_version_rebuilds(void **state)
{
	struct side running = {}, wanted = {};
	struct plan *plan;

	add_chain(&running, "edge", "10:a1 20:b1 30:c1", "eth0");
	add_chain(&wanted, "edge", "10:a1 21:b1 30:c2 40:d1", "eth0");
	running.chain[0].version = 1;
	wanted.chain[0].version = 2;
	plan = make(&running, &wanted);
	assert_int_equal(plan->chains[0].from, PLAN_NONE);
	assert_int_equal(plan->chains[0].previous, 0);
	assert_true(plan->removed[0]);
	check_slots(plan, 0, 4, "replace0 replace1 replace2 add");
	assert_int_equal(plan->chains[0].interfaces[0].action, PLAN_INTERFACE_UPDATE);
	plan_free(plan);

	running.chain[0].version = 2;
	plan = make(&running, &wanted);
	assert_int_equal(plan->chains[0].from, 0);
	plan_free(plan);
}

static void test_a_waiting_interface_that_came(void **state)
{
	struct side running = {}, wanted = {};
	struct plan *plan;

	add_chain(&running, "edge", "10:a1", "eth0 (eth1)");
	add_chain(&wanted, "edge", "10:a1", "eth0 eth1");
	plan = make(&running, &wanted);
	assert_int_equal(plan->chains[0].interfaces[1].action, PLAN_INTERFACE_ATTACH);
	assert_false(plan->unchanged);
	plan_free(plan);
}

/* "keep00 update10 attach wait": what becomes of each wanted interface, and from which chain and place. */
static void check_interfaces(const struct side *running, const struct side *wanted, const char *expected)
{
	static const char *const names[] = { "keep", "wait", "leave", "attach", "update", "remode", "twin" };
	struct plan *plan = make(running, wanted);
	char text[256] = "";

	for (size_t c = 0; c < wanted->n; c++) {
		for (size_t i = 0; i < wanted->chain[c].n_interfaces; i++) {
			const struct plan_interface_step *step = &plan->chains[c].interfaces[i];
			size_t length = strlen(text);

			snprintf(text + length, sizeof(text) - length, "%s%s", length ? " " : "",
				names[step->action]);
			length = strlen(text);
			if (step->from != PLAN_NONE)
				snprintf(text + length, sizeof(text) - length, "%zu%zu", step->from_chain,
					step->from);
		}
	}
	assert_string_equal(text, expected);
	/* Nothing about the slots, so one may only say that nothing is to do when nothing is. */
	for (size_t c = 0; c < wanted->n; c++)
		assert_false(plan->chains[c].generation_changed);
	plan_free(plan);
}

static bool is_unchanged(const struct side *running, const struct side *wanted)
{
	struct plan *plan = make(running, wanted);
	bool unchanged = plan->unchanged;

	plan_free(plan);
	return unchanged;
}

/* What one chain with `interfaces` has to do when they are `now`. */
static void check_event(const char *before, const char *now, const char *expected, bool unchanged)
{
	struct side running = {}, wanted = {};

	add_chain(&running, "edge", "10:a1", before);
	add_chain(&wanted, "edge", "10:a1", now);
	check_interfaces(&running, &wanted, expected);
	assert_int_equal(is_unchanged(&running, &wanted), unchanged);
}

static void test_what_becomes_of_interfaces(void **state)
{
	check_event("eth0 (eth1)", "eth0 (eth1)", "keep00 wait", true);
	check_event("eth0 (eth1)", "eth0 eth1", "keep00 attach", false);
	check_event("eth0 eth1", "(eth0) eth1", "wait keep01", false);
	/* Deleted and made anew. */
	check_event("eth0", "eth0=7", "attach", false);
	/* eth0 became eth1, which was waited for. */
	check_event("eth0 (eth1)", "(eth0) eth1=0", "wait keep00", false);
	/* Two have changed names; and three, in a ring. */
	check_event("eth0 eth1", "eth0=1 eth1=0", "keep01 keep00", false);
	check_event("eth0 eth1 eth2", "eth0=1 eth1=2 eth2=0", "keep01 keep02 keep00", false);
	/* The name went to one that is not ours, and ours to a name that nobody wants. */
	check_event("eth0", "eth0=9", "attach", false);
	/* Another order in the file is no change. */
	check_event("eth0 eth1", "eth1 eth0", "keep01 keep00", true);
}

static void test_names_change_between_chains(void **state)
{
	struct side running = {}, wanted = {};

	add_chain(&running, "edge", "10:a1", "eth0 eth1");
	add_chain(&running, "lab", "10:b1", "eth2");
	add_chain(&wanted, "edge", "10:a1", "eth0=2 eth1");
	add_chain(&wanted, "lab", "10:b1", "eth2=0");
	check_interfaces(&running, &wanted, "update10 keep01 update00");
	assert_false(is_unchanged(&running, &wanted));
}

/* Two names of one interface: it has room for one program. */
static void test_an_interface_is_given_away_once(void **state)
{
	struct side running = {}, wanted = {};

	add_chain(&running, "edge", "10:a1", "eth0");
	add_chain(&running, "lab", "10:b1", "(eth9)");
	add_chain(&wanted, "edge", "10:a1", "eth0");
	add_chain(&wanted, "lab", "10:b1", "eth9=0");
	check_interfaces(&running, &wanted, "keep00 attach");
}

static void test_what_is_stale_is_work(void **state)
{
	struct side running = {}, wanted = {};

	add_chain(&running, "edge", "10:a1", "eth0 (eth1)");
	add_chain(&wanted, "edge", "10:a1", "eth0 (eth1)");
	assert_true(is_unchanged(&running, &wanted));
	running.interfaces[0][1].stale = true;
	check_interfaces(&running, &wanted, "keep00 wait");
	assert_false(is_unchanged(&running, &wanted));
}

static void test_another_program_in_our_link(void **state)
{
	struct side running = {}, wanted = {};

	add_chain(&running, "edge", "10:a1", "eth0 eth1");
	add_chain(&wanted, "edge", "10:a1", "eth0 eth1");
	running.interfaces[0][1].displaced = true;
	check_interfaces(&running, &wanted, "keep00 update01");
	assert_false(is_unchanged(&running, &wanted));
	/* It made way already: nothing is left to do, and there is something to tell. */
	running.interfaces[0][1].displaced = false;
	running.interfaces[0][1].put_back = true;
	check_interfaces(&running, &wanted, "keep00 keep01");
	assert_false(is_unchanged(&running, &wanted));
}

static void test_a_refusal_stands(void **state)
{
	struct side running = {}, wanted = {};

	add_chain(&running, "edge", "10:a1", "eth0 (eth1)");
	add_chain(&wanted, "edge", "10:a1", "eth0 eth1");
	wanted.interfaces[0][1].leave = true;
	check_interfaces(&running, &wanted, "keep00 leave01");
	assert_true(is_unchanged(&running, &wanted));
	/* Work on another interface does not lose it. */
	wanted.interfaces[0][0].ifindex = 0;
	check_interfaces(&running, &wanted, "wait leave01");
	assert_false(is_unchanged(&running, &wanted));
}

/* "0.1 2.0>1": chain and place of each running interface that is bared, and the wanted chain that has no
 * slots. */
static void check_bared(const struct side *running, const struct side *wanted, const char *expected)
{
	struct plan *plan = make(running, wanted);
	char text[256] = "";

	for (size_t i = 0; i < plan->n_bared; i++) {
		const struct plan_bared *bared = &plan->bared[i];
		size_t length = strlen(text);

		snprintf(text + length, sizeof(text) - length, "%s%zu.%zu", length ? " " : "", bared->chain,
			bared->interface);
		length = strlen(text);
		if (bared->to != PLAN_NONE)
			snprintf(text + length, sizeof(text) - length, ">%zu", bared->to);
	}
	assert_string_equal(text, expected);
	if (*expected)
		assert_false(plan->unchanged);
	plan_free(plan);
}

/* Chain edge, "SLOTS | INTERFACES" before and after; `after` NULL: no chain at all. */
static void check_edge(const char *before_slots, const char *before, const char *slots,
	const char *interfaces, const char *expected)
{
	struct side running = {}, wanted = {};

	add_chain(&running, "edge", before_slots, before);
	if (slots)
		add_chain(&wanted, "edge", slots, interfaces);
	check_bared(&running, &wanted, expected);
}

static void test_bares(void **state)
{
	/* A file that is gone or empty. */
	check_edge("10:a1", "eth0 eth1", NULL, NULL, "0.0 0.1");
	/* Cut off behind the chain's section; all slots disabled; only some. */
	check_edge("10:a1 20:b1", "eth0 eth1", "", "eth0 eth1", "0.0>0 0.1>0");
	check_edge("10:a1 20:b1", "eth0 eth1", "20:b1", "eth0 eth1", "");
	/* Cut off in the list of interfaces, which may have another order; all of them others. */
	check_edge("10:a1", "eth0 eth1 eth2", "10:a1", "eth2 eth0", "0.1");
	check_edge("10:a1", "eth0 eth1", "10:a1", "eth2 (eth3)", "0.0 0.1");
	/* Both at once: who is left out, and who stays without slots. */
	check_edge("10:a1", "eth0 eth1", "", "eth0", "0.0>0 0.1");
	/* It had no slots before: what it says of packets is still gone. */
	check_edge("", "eth0", NULL, NULL, "0.0");
	check_edge("", "eth0", "", "eth0", "");
	check_edge("", "eth0", "10:a1", "eth0", "");
	/* Who is not there, or is attached nowhere, is not bared. */
	check_edge("10:a1", "(eth0) (eth1)", NULL, NULL, "");
	check_edge("10:a1", "eth0 (eth1)", "", "eth0 (eth1)", "0.0>0");
	/* Deleted and made anew: the new one is not bared, it is bare, and gets the chain. */
	check_edge("10:a1", "(eth0)", "10:a1", "eth0=7", "");
}

static void test_bares_of_several_chains(void **state)
{
	struct side running = {}, wanted = {}, moved = {}, typo = {}, emptied = {}, split = {};

	add_chain(&running, "edge", "10:a1", "eth0 eth1");
	add_chain(&running, "lab", "10:b1", "eth2");
	add_chain(&wanted, "lab", "10:b1", "eth2");
	check_bared(&running, &wanted, "0.0 0.1");
	/* Moved; one of two. */
	add_chain(&moved, "lab", "10:b1", "eth2 eth1 eth0");
	check_bared(&running, &moved, "");
	moved.chain[0].n_interfaces = 2;
	check_bared(&running, &moved, "0.0");
	/* The section renamed, with all its slots, or with a typo, its slots being elsewhere. */
	add_chain(&typo, "egde", "10:a1", "eth0 eth1");
	add_chain(&typo, "lab", "10:b1", "eth2");
	check_bared(&running, &typo, "");
	typo.chain[0].n_slots = 0;
	check_bared(&running, &typo, "0.0>0 0.1>0");
	/* To a chain that has no slots is to where no slot runs. */
	add_chain(&emptied, "lab", "", "eth0 eth1 eth2");
	check_bared(&running, &emptied, "0.0>0 0.1>0 1.0>0");
	/* Split in two; the second without slots yet. */
	add_chain(&split, "edge", "10:a1", "eth0");
	add_chain(&split, "more", "10:a1", "eth1");
	add_chain(&split, "lab", "10:b1", "eth2");
	check_bared(&running, &split, "");
	split.chain[1].n_slots = 0;
	check_bared(&running, &split, "0.1>1");
}

static void test_bares_through_a_rebuild_or_another_mode(void **state)
{
	struct side running = {}, wanted = {};

	add_chain(&running, "edge", "10:a1", "eth0 eth1");
	add_chain(&wanted, "edge", "10:a1", "eth0");
	wanted.chain[0].frags = true;
	check_bared(&running, &wanted, "0.1");
	wanted.chain[0].frags = false;
	wanted.chain[0].generic = true;
	check_bared(&running, &wanted, "0.1");
	running.interfaces[0][0].displaced = true;
	wanted.chain[0].generic = false;
	check_bared(&running, &wanted, "0.1");
}

static void test_the_kernel_bares(void **state)
{
	struct side running = {}, wanted = {};

	/* eth0 is called otherwise now, and its name is somebody else's or nobody's. */
	add_chain(&running, "edge", "10:a1", "eth0 eth1");
	running.interfaces[0][0].renamed = true;
	add_chain(&wanted, "edge", "10:a1", "eth0=9 eth1");
	check_bared(&running, &wanted, "");
	wanted.interfaces[0][0].ifindex = 0;
	check_bared(&running, &wanted, "");
	/* Nobody could say so: it counts as there. */
	running.interfaces[0][0].renamed = false;
	check_bared(&running, &wanted, "0.0");
	/* It got a name that is wanted: it has a chain, and that one has slots or not. */
	running.interfaces[0][0].renamed = true;
	wanted.interfaces[0][0].ifindex = 100;
	wanted.chain[0].n_slots = 0;
	check_bared(&running, &wanted, "0.0>0 0.1>0");
}

static void test_may_bare(void **state)
{
	struct side running = {}, wanted = {};

	add_chain(&running, "edge", "10:a1", "eth0 eth1");
	running.interfaces[0][1].may_bare = true;
	check_bared(&running, &wanted, "0.0");
	running.interfaces[0][0].may_bare = true;
	check_bared(&running, &wanted, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_is_nothing),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_renumbered_alone_needs_no_swap),
		cmocka_unit_test(test_only_verdicts_and_proceed),
		cmocka_unit_test(test_chains_come_and_go),
		cmocka_unit_test(test_rename_keeps_dispatcher),
		cmocka_unit_test(test_interface_moves_between_chains),
		cmocka_unit_test(test_frags_rebuilds_and_mode_is_said),
		cmocka_unit_test(test_another_version_rebuilds),
		cmocka_unit_test(test_a_waiting_interface_that_came),
		cmocka_unit_test(test_what_becomes_of_interfaces),
		cmocka_unit_test(test_names_change_between_chains),
		cmocka_unit_test(test_an_interface_is_given_away_once),
		cmocka_unit_test(test_what_is_stale_is_work),
		cmocka_unit_test(test_another_program_in_our_link),
		cmocka_unit_test(test_a_refusal_stands),
		cmocka_unit_test(test_bares),
		cmocka_unit_test(test_bares_of_several_chains),
		cmocka_unit_test(test_bares_through_a_rebuild_or_another_mode),
		cmocka_unit_test(test_the_kernel_bares),
		cmocka_unit_test(test_may_bare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Commands of plugins from call to reply: what is refused before the plugin's code runs, and what it answers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xslot/number.h>

#include "calls.h"
#include "check.h"
#include "host/command/command.h"
#include "host/plugin/quarantine.h"

static unsigned n_run, n_other;
static pid_t thread;
static struct dataplane dataplane;
static struct queue queue;
static sd_event *event;
static struct command command = { .dataplane = &dataplane, .queue = &queue };

static bool silenced;
static enum quarantine_way entered;

bool __wrap_quarantine_silences(const struct digest *content, enum quarantine_way way);
void __wrap_quarantine_enter(const struct digest *content, const char *plugin, enum quarantine_way way);

bool __wrap_quarantine_silences(const struct digest *content, enum quarantine_way way)
{
	return silenced && way == QUARANTINE_COMMAND;
}

void __wrap_quarantine_enter(const struct digest *content, const char *plugin, enum quarantine_way way)
{
	entered = way;
}

static int unblock(struct xslot_context *context, const struct xslot_value *arguments, size_t n)
{
	n_run++;
	thread = gettid();
	assert_int_equal(n, 2);
	assert_int_equal(arguments[0].type, XSLOT_PREFIX);
	assert_int_equal(arguments[0].value_size, sizeof(struct xslot_value));
	assert_int_equal(arguments[0].prefix.length, 24);
	if (arguments[1].number == 1)
		return -ENOENT;
	if (arguments[1].number == 2)
		return xslot_error(context, "", 0, "the prefix is \033[2Jnot known");
	if (arguments[1].number == 3)
		xslot_error(context, "", 0, "said, and then forgotten");
	xslot_status(context, "removed", "%llu of it", (unsigned long long)arguments[1].number);
	return 0;
}

static int list(struct xslot_context *context, const struct xslot_value *arguments, size_t n)
{
	n_run++;
	assert_int_equal(n, 0);
	return 0;
}

static const struct descriptor descriptor = { .abi = 2,
	.name = "sample",
	.commands = { { "unblock", "PREFIX UINT", .types = { XSLOT_PREFIX, XSLOT_UINT } },
		{ "list", "", .reading = 1 } },
	.run = { unblock, list } };

static void other(void *owner, struct task *task)
{
	n_other++;
}

static const struct task_kind other_kind = { .name = "reload", .begin = other };

static void call(
	struct server_call *call, const char *slot, const char *name, const char *first, const char *second)
{
	const char *words[] = { first, second, "third", "fourth", "fifth" };
	const struct server_command asked = { .slot = slot,
		.name = name,
		.arguments = words,
		.n = !first			   ? 0
		     : !second			   ? 1
		     : strcmp(second, "five") == 0 ? 5
						   : 2 };

	call->told[0] = 0;
	command_add(&command, call, &asked);
}

static void wait_until_idle(void)
{
	while (queue.running)
		assert_true(sd_event_run(event, 10000000) > 0);
}

static void test_refusals_and_answers(void **state)
{
	static const struct {
		const char *slot, *name, *first, *second;
		uid_t uid;
		unsigned run;
		const char *told;
	} cases[] = {
		{ "edge.10", "unblock", "192.0.2.0/24", "7", 0, 1, "answer: 7 of it" },
		{ "edge.10", "unblock", "192.0.2.0/24", "7", 65534, 0,
			"PermissionDenied: slot edge.10: unblock of plugin sample is for root only" },
		{ "edge.10", "list", NULL, NULL, 65534, 1, "answer: none" },
		{ "edge.10", "unblock", "192.0.2.0/24", "1", 0, 1,
			"Failed: slot edge.10: unblock: plugin sample: command failed: No such file or directory" },
		{ "edge.10", "unblock", "192.0.2.0/24", "2", 0, 1,
			"Failed: slot edge.10: unblock: the prefix is \\x1b[2Jnot known" },
		{ "edge.10", "unblock", "192.0.2.0/24", "3", 0, 1,
			"Failed: slot edge.10: unblock: said, and then forgotten" },
		{ "edge.10", "unblock", "192.0.2.1/24", "7", 0, 0,
			"Failed: slot edge.10: unblock: argument 1, \"192.0.2.1/24\": " },
		{ "edge.10", "unblock", "192.0.2.0/24", "-7", 0, 0,
			"Failed: slot edge.10: unblock: argument 2, \"-7\": " },
		{ "edge.10", "unblock", "192.0.2.0/24", NULL, 0, 0,
			"Failed: slot edge.10: unblock takes 2 arguments (PREFIX UINT), and was given 1" },
		{ "edge.10", "unblock", "192.0.2.0/24", "five", 0, 0,
			"Failed: a command takes at most 4 arguments" },
		{ "edge.10", "list", "x", NULL, 0, 0,
			"Failed: slot edge.10: list takes no arguments, and was given 1" },
		{ "edge.10", "lst", NULL, NULL, 0, 0,
			"Failed: slot edge.10: plugin sample has no command \"lst\"; did you mean list?" },
		{ "edge.20", "list", NULL, NULL, 0, 0,
			"Failed: there is no slot edge.20 now; \"xslotctl status\" shows the slots" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server_call caller = { .uid = cases[i].uid };

		n_run = 0;
		call(&caller, cases[i].slot, cases[i].name, cases[i].first, cases[i].second);
		wait_until_idle();
		if (strncmp(caller.told, cases[i].told, strlen(cases[i].told)) != 0)
			fail_msg("case %zu: \"%s\", not \"%s\"", i, caller.told, cases[i].told);
		assert_int_equal(n_run, cases[i].run);
	}
	assert_int_not_equal(thread, gettid());
}

static void test_crashes_have_a_count_of_their_own(void **state)
{
	struct server_call caller = {};

	call(&caller, "edge.10", "list", NULL, NULL);
	wait_until_idle();
	assert_int_equal(entered, QUARANTINE_COMMAND);
	assert_string_equal(caller.told, "answer: none");
	silenced = true;
	n_run = 0;
	call(&caller, "edge.10", "list", NULL, NULL);
	wait_until_idle();
	silenced = false;
	assert_int_equal(n_run, 0);
	assert_non_null(strstr(caller.told,
		"Failed: slot edge.10: the commands of plugin sample have crashed the host 3 times"));
}

/* They wait for a reload that runs; too many are refused at once, and root has places of its own. */
static void test_commands_wait_their_turn(void **state)
{
	struct server_call callers[COMMAND_WAITING_MAX + 1] = {};
	const size_t n = sizeof(callers) / sizeof(callers[0]);

	n_run = 0;
	queue_add(&queue, task_new(&other_kind, NULL, NULL));
	assert_int_equal(n_other, 1);
	for (size_t i = 0; i < n; i++) {
		callers[i].uid = i <= COMMAND_WAITING_USER_MAX ? 65534 : 0;
		call(&callers[i], "edge.10", "list", NULL, NULL);
	}
	assert_int_equal(n_run, 0);
	assert_string_equal(callers[COMMAND_WAITING_USER_MAX].told,
		"Failed: 8 commands wait already, and no more may: \"reload\" runs; try again later");
	assert_string_equal(callers[n - 1].told, "");
	call(&callers[0], "edge.10", "list", NULL, NULL);
	assert_string_equal(callers[0].told,
		"Failed: 16 commands wait already, and no more may: \"reload\" runs; try again later");
	queue_next(&queue);
	/* The first of those that waited runs now, and is named. */
	callers[0].told[0] = 0;
	call(&callers[COMMAND_WAITING_USER_MAX], "edge.10", "list", NULL, NULL);
	assert_non_null(strstr(callers[COMMAND_WAITING_USER_MAX].told,
		"\"call edge.10 list\" runs, asked for by uid 65534"));
	wait_until_idle();
	assert_int_equal(n_run, COMMAND_WAITING_MAX);
	assert_string_equal(callers[n - 1].told, "answer: none");
}

static void on_stopped(void *data)
{
}

static struct occupant occupant;

static int setup(void **state)
{
	const struct xslot_param schema[] = { {} };
	const struct config_slot slot = {};
	struct chain *chain = chain_alloc("edge"), **chains = calloc(1, sizeof(*chains));
	struct params *params;
	struct report report = {};

	assert_int_equal(params_parse(&slot, schema, NULL, &params, &report), 0);
	context_init(&occupant.context, "edge.10", &descriptor, NULL, params);
	chain->slots[0].occupant = &occupant;
	chain->n_slots = 1;
	chains[0] = chain;
	dataplane.chains = chains;
	dataplane.n_chains = 1;
	queue.stopped = on_stopped;
	assert_return_code(sd_event_new(&event), 0);
	return worker_new(event, &command.worker);
}

static int teardown(void **state)
{
	worker_free(command.worker);
	sd_event_unref(event);
	free(dataplane.chains[0]);
	free(dataplane.chains);
	params_free((struct params *)occupant.context.params);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals_and_answers),
		cmocka_unit_test(test_crashes_have_a_count_of_their_own),
		cmocka_unit_test(test_commands_wait_their_turn),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

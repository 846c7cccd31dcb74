/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* `xslotctl health`: the numbers are Nagios' (0, 1, 2, 3), the line is one, and nothing that is wrong is left
 * out. */
#include <stdio.h>

#include "run-xslotctl.h"

static void set(char **text, const char *to)
{
	free(*text);
	*text = strdup(to);
}

/* Nothing is wrong: one interface runs the chain, the others do not exist. */
static void well(struct status *status)
{
	struct status_chain *chain = status->chains;

	for (size_t i = 1; i < chain->n_interfaces; i++)
		chain->interfaces[i].state = "waiting";
	status_reload_clear(&status->last_reload);
	status->configuration.held = NULL;
	status->configuration.confirm_seconds = 0;
	free(status->configuration.problem);
	status->configuration.problem = NULL;
}

static void refused_interface(struct status *status)
{
	well(status);
	status->chains->interfaces[2].state = "refused";
}

static void detached(struct status *status)
{
	well(status);
	status->chains->interfaces[0].state = "detached";
	set(&status->chains->interfaces[0].reason, "somebody\ndetached | it");
}

static void displaced(struct status *status)
{
	well(status);
	status->chains->interfaces[0].state = "displaced";
}

static void unheard_of(struct status *status)
{
	well(status);
	status->chains->interfaces[0].state = "enchanted";
}

static void bypassed(struct status *status)
{
	well(status);
	status->chains->bypass = true;
}

static void off(struct status *status)
{
	well(status);
	status->off = realloc(status->off, sizeof(*status->off));
	status->off[status->n_off++] = strdup("lab");
}

static void refused(struct status *status)
{
	well(status);
	status->last_reload.result = "refused";
}

static void held(struct status *status)
{
	well(status);
	status->configuration.held = "rollback";
}

static void unkept(struct status *status)
{
	well(status);
	status->configuration.problem = strdup("cannot write /var/lib/xslot/record: No space left");
}

static void awaited(struct status *status)
{
	well(status);
	status->configuration.confirm_seconds = 7;
}

static void quarantined(struct status *status)
{
	well(status);
	status->quarantined = realloc(status->quarantined, sizeof(*status->quarantined));
	status->quarantined[status->n_quarantined++] = strdup("wreck");
}

static void silenced(struct status *status)
{
	well(status);
	status->silenced = realloc(status->silenced, sizeof(*status->silenced));
	status->silenced[status->n_silenced++] = (struct status_silence){ strdup("wreck"), "watch" };
}

static void gap(struct status *status)
{
	well(status);
	status->chains->gap_packets = 3;
}

static void bad_verdicts(struct status *status)
{
	well(status);
	status->chains->bad_verdicts = 3;
}

static void several(struct status *status)
{
	refused(status);
	status->chains->bypass = true;
}

static void ask(struct fake_host *host, int code, const char *line)
{
	struct run it = { { "health" } }, as_json = { { "health", "--json" } };
	json_t *json;

	run(host, &it);
	if (strcmp(it.out, line))
		fail_msg("\"%s\" is not \"%s\"", it.out, line);
	assert_int_equal(it.code, code);
	assert_string_equal(it.err, "");
	run(host, &as_json);
	assert_int_equal(as_json.code, code);
	json = parse(as_json.out);
	assert_int_equal(json_integer_value(json_object_get(json, "code")), code);
	assert_int_equal(json_array_size(json_object_get(json, "reasons")) > 0, code > 0);
	json_decref(json);
}

static void test_what_it_says(void **state)
{
	static const struct {
		void (*adjust)(struct status *status);
		int code;
		const char *line;
	} cases[] = {
		{ well, 0, "XSLOT OK: chains: 1, slots: 1, interfaces: 3, missing: 2\n" },
		{ refused_interface, 2,
			"XSLOT CRITICAL: edge: eth2 is refused: cannot attach to eth2: the MTU\n" },
		{ detached, 2, "XSLOT CRITICAL: edge: eth0 is detached: somebody\\x0adetached / it\n" },
		{ displaced, 2, "XSLOT CRITICAL: edge: eth0 is displaced\n" },
		{ unheard_of, 2, "XSLOT CRITICAL: edge: eth0 is enchanted\n" },
		{ bypassed, 2, "XSLOT CRITICAL: edge is bypassed, every packet gets \"pass\"\n" },
		{ off, 2, "XSLOT CRITICAL: lab is off, \"xslotctl clean\" took it off\n" },
		{ refused, 1, "XSLOT WARNING: the last reload was refused with 0 errors\n" },
		{ held, 1, "XSLOT WARNING: held, the files are not applied\n" },
		{ unkept, 1, "XSLOT WARNING: the state folder has a problem\n" },
		{ awaited, 1, "XSLOT WARNING: to be confirmed within 7 s\n" },
		{ quarantined, 1, "XSLOT WARNING: plugin wreck is quarantined\n" },
		{ silenced, 1, "XSLOT WARNING: watch of plugin wreck is silenced\n" },
		{ gap, 1, "XSLOT WARNING: edge: 3 packets met an empty slot\n" },
		{ bad_verdicts, 1,
			"XSLOT WARNING: edge: 3 packets got \"aborted\" for an invalid verdict\n" },
		{ several, 2,
			"XSLOT CRITICAL: edge is bypassed, every packet gets \"pass\"; "
			"the last reload was refused with 0 errors\n" },
	};
	struct fake_host *host = *state;

	host->healthy = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		host->adjust = cases[i].adjust;
		ask(host, cases[i].code, cases[i].line);
	}
}

static void test_no_host(void **state)
{
	struct fake_host *host = *state;

	snprintf(host->path, sizeof(host->path), "%s/nobody", host->directory);
	char line[256];

	snprintf(line, sizeof(line),
		"XSLOT CRITICAL: cannot reach the host at %s: No such file or directory; is xslotd "
		"running?\n",
		host->path);
	ask(host, 2, line);
}

/* `status` then shows what runs in the kernel, where that can be seen; it is a failure all the same. */
static void test_status_of_no_host(void **state)
{
	struct run it = { { "status" } }, as_json = { { "status", "--json" } };
	struct fake_host *host = *state;
	json_t *json;

	snprintf(host->path, sizeof(host->path), "%s/nobody", host->directory);
	run(host, &it);
	run(host, &as_json);
	assert_int_equal(it.code, 69);
	assert_int_equal(as_json.code, 69);
	assert_non_null(strstr(it.err, "No such file or directory; is xslotd running?"));
	assert_string_equal(as_json.err, "");
	json = parse(as_json.out);
	assert_int_equal(json_array_size(json_object_get(json, "errors")), 1);
	/* Not for this user, or on this machine: then only the error. */
	if (json_object_get(json, "chains")) {
		assert_int_equal(strncmp(it.out, "NO HOST: this runs in the kernel, pinned in ", 44), 0);
		assert_true(json_is_null(json_object_get(json, "host")));
	} else {
		assert_string_equal(it.out, "");
	}
	json_decref(json);
}

static void test_dry_run(void **state)
{
	static const struct {
		const char *result, *says;
		int code;
	} cases[] = {
		{ "unchanged", "nothing to change (", 0 },
		{ "would-change", "nothing was done: a reload would make these changes\n", 3 },
		{ "refused", "", 78 },
	};
	struct fake_host *host = *state;

	host->healthy = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct run it = { { "reload", "--dry-run" } },
			   as_json = { { "reload", "--dry-run", "--json" } };

		host->dry_result = cases[i].result;
		run(host, &it);
		assert_true(host->dry_run);
		assert_int_equal(it.code, cases[i].code);
		assert_int_equal(strncmp(it.out, cases[i].says, strlen(cases[i].says)), 0);
		run(host, &as_json);
		assert_int_equal(as_json.code, cases[i].code);
	}
	assert_int_equal(host->n_reload, 6);
}

static void test_who_may_not_ask(void **state)
{
	struct run it = { { "health" }, NOBODY };
	struct fake_host *host = *state;

	if (geteuid())
		skip();
	assert_return_code(chmod(host->directory, 0755), errno);
	run(host, &it);
	assert_int_equal(it.code, 3);
	assert_int_equal(strncmp(it.out, "XSLOT UNKNOWN: cannot reach the host", 36), 0);
}

/* A listener that nobody serves, with a full queue, and one whose queue has room. */
static void test_a_host_that_hangs(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct fake_host *host = *state;
	struct run it = { { "health" } };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/stuck", host->directory);
	strcpy(host->path, address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 0), 0);
	peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(peer, (struct sockaddr *)&address, sizeof(address)), 0);
	run(host, &it);
	assert_int_equal(it.code, 2);
	assert_non_null(strstr(it.out, "accepted no connection within"));
	unlink(address.sun_path);
	close(peer);
	close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_host_setup, fake_host_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_what_it_says),
		TEST(test_no_host),
		TEST(test_status_of_no_host),
		TEST(test_dry_run),
		TEST(test_who_may_not_ask),
		TEST(test_a_host_that_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What changes the dataplane, over the control socket: each parameter as it came, and none that is wrong. */
#include <stdio.h>

#include "fake-host.h"

#define CLEAN "{\"method\":\"io.xslot.Clean\",\"parameters\":{\"all\":true}}"
#define BYPASS "{\"method\":\"io.xslot.Bypass\",\"parameters\":{\"chain\":\"edge\",\"on\":true}}"

static void test_changes_are_handed_on(void **state)
{
	static const struct {
		const char *call, *says, *chain;
	} cases[] = {
		{ BYPASS, "bypassed now", "edge" },
		{ "{\"method\":\"io.xslot.Bypass\",\"parameters\":{\"on\":false,\"chain\":\"edge\"}}",
			"not bypassed", "edge" },
		{ CLEAN, "taken off", "(all)" },
		{ "{\"method\":\"io.xslot.Clean\",\"parameters\":{\"chain\":\"edge\"}}", "taken off",
			"edge" },
	};
	struct fake_host *host = *state;
	int fd = raw_open(host->path);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		raw_send(fd, cases[i].call);
		raw_expect_text(host, fd, NULL, "message", cases[i].says);
		assert_string_equal(host->chain, cases[i].chain);
	}
	assert_false(host->bypass);
	close(fd);
}

/* A name that was forgotten, or empty of meaning, takes nothing off. */
static void test_clean_needs_a_chain_or_all(void **state)
{
	static const struct {
		const char *parameters, *bad;
	} cases[] = {
		{ "null", "chain" },
		{ "{}", "chain" },
		{ "{\"chain\":null}", "chain" },
		{ "{\"all\":false}", "chain" },
		{ "{\"all\":null}", "chain" },
		{ "{\"all\":true,\"chain\":\"edge\"}", "all" },
		{ "{\"all\":1}", "all" },
	};
	struct fake_host *host = *state;
	int fd = raw_open(host->path);
	char call[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(call, sizeof(call), "{\"method\":\"io.xslot.Clean\",\"parameters\":%s}",
			cases[i].parameters);
		raw_send(fd, call);
		raw_expect_text(host, fd, "org.varlink.service.InvalidParameter", "parameter", cases[i].bad);
	}
	assert_int_equal(host->n_clean, 0);
	close(fd);
}

static void test_flags_are_handed_on(void **state)
{
	static const char *const methods[] = { "Reload", "Rollback" }, *const flags[] = { "detach", "bare" },
				 *const values[] = { "true", "false", "null", NULL };
	struct fake_host *host = *state;
	int fd = raw_open(host->path);
	char call[128], flag[32];

	for (size_t i = 0; i < 2 * 2 * 4; i++) {
		bool bare = i & 1, on = i / 4 == 0;
		const char *method = methods[i / 2 & 1], *value = values[i / 4];

		snprintf(flag, sizeof(flag), "allow_%s", flags[bare]);
		snprintf(call, sizeof(call), "{\"method\":\"io.xslot.%s\",\"parameters\":{\"%s\":%s}}",
			method, flag, value);
		if (!value)
			snprintf(call, sizeof(call), "{\"method\":\"io.xslot.%s\"}", method);
		raw_send(fd, call);
		raw_expect_text(host, fd, NULL, "result", "refused");
		assert_int_equal(host->allow_detach, on && !bare);
		assert_int_equal(host->allow_bare, on && bare);
		snprintf(call, sizeof(call), "{\"method\":\"io.xslot.%s\",\"parameters\":{\"%s\":\"yes\"}}",
			method, flag);
		raw_send(fd, call);
		raw_expect_text(host, fd, "org.varlink.service.InvalidParameter", "parameter", flag);
	}
	close(fd);
}

static void test_confirm_is_handed_on(void **state)
{
	static const char *const bad[] = { "0", "-1", "86401", "1.5", "\"30s\"", "true", "4294967297" };
	struct fake_host *host = *state;
	int fd = raw_open(host->path);
	char call[128];

	raw_send(fd, "{\"method\":\"io.xslot.Reload\",\"parameters\":{\"confirm\":86400}}");
	raw_expect_text(host, fd, NULL, "result", "refused");
	assert_int_equal(host->confirm, 86400);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(call, sizeof(call),
			"{\"method\":\"io.xslot.Reload\",\"parameters\":{\"confirm\":%s}}", bad[i]);
		raw_send(fd, call);
		raw_expect_text(host, fd, "org.varlink.service.InvalidParameter", "parameter", "confirm");
	}
	assert_int_equal(host->n_reload, 1);
	raw_send(fd,
		"{\"method\":\"io.xslot.Rollback\",\"parameters\":{\"allow_detach\":true,\"confirm\":1}}");
	raw_expect_text(host, fd, NULL, "result", "refused");
	assert_true(host->allow_detach);
	assert_int_equal(host->confirm, 1);
	assert_int_equal(host->n_rollback, 1);
	raw_send(fd, "{\"method\":\"io.xslot.Confirm\"}");
	raw_expect_text(host, fd, "io.xslot.Failed", "message", "there is nothing to confirm");
	host->healthy = true;
	raw_send(fd, "{\"method\":\"io.xslot.Confirm\"}");
	raw_expect_text(host, fd, NULL, "message", "confirmed");
	close(fd);
}

static void test_events_are_handed_on(void **state)
{
	static const char *const bad[] = { "0", "-1", "4294967296", "true", "\"1\"", "1.5" };
	struct fake_host *host = *state;
	int fd = raw_open(host->path);
	json_t *reply;
	char call[128];

	raw_send(fd, "{\"method\":\"io.xslot.Events\"}");
	reply = raw_expect(host, fd, NULL);
	assert_int_equal(host->after, 0);
	assert_int_equal(json_integer_value(json_object_get(reply, "last")), 1);
	json_decref(reply);
	/* It is held until something happens, and nothing else is read meanwhile. */
	host->hold = true;
	raw_send(fd, "{\"method\":\"io.xslot.Events\",\"parameters\":{\"after\":4294967295,\"wait\":true}}");
	assert_true(raw_is_silent(host, fd));
	assert_true(host->after == UINT32_MAX);
	server_reply_events(host->held[0], NULL, 0, 7);
	reply = raw_expect(host, fd, NULL);
	assert_int_equal(json_integer_value(json_object_get(reply, "last")), 7);
	assert_int_equal(json_array_size(json_object_get(reply, "events")), 0);
	json_decref(reply);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(call, sizeof(call), "{\"method\":\"io.xslot.Events\",\"parameters\":{\"after\":%s}}",
			bad[i]);
		raw_send(fd, call);
		raw_expect_text(host, fd, "org.varlink.service.InvalidParameter", "parameter", "after");
	}
	assert_int_equal(host->n_events, 2);
	close(fd);
}

static void test_commands_are_handed_on(void **state)
{
	static const char *const bad[] = { "\"x\"", "[1]", "[\"a\",null]", "{}", "true" };
	struct fake_host *host = *state;
	int fd = raw_open(host->path);
	json_t *reply;
	char call[256];

	raw_send(fd,
		"{\"method\":\"io.xslot.Call\",\"parameters\":{\"slot\":\"edge.10\",\"command\":\"unblock\","
		"\"arguments\":[\"192.0.2.1\",\"5\"]}}");
	reply = raw_expect(host, fd, NULL);
	assert_string_equal(host->chain, "edge.10");
	assert_string_equal(host->command, "unblock|192.0.2.1|5");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(reply, "status"), "removed")), "1 prefix");
	assert_int_equal(json_array_size(json_object_get(reply, "numbers")), 1);
	json_decref(reply);
	raw_send(fd,
		"{\"method\":\"io.xslot.Call\",\"parameters\":{\"slot\":\"edge.10\",\"command\":\"unblock\"}}");
	json_decref(raw_expect(host, fd, NULL));
	assert_string_equal(host->command, "unblock");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(call, sizeof(call),
			"{\"method\":\"io.xslot.Call\",\"parameters\":{\"slot\":\"edge.10\",\"command\":\"x\",\"arguments\":%s}}",
			bad[i]);
		raw_send(fd, call);
		raw_expect_text(host, fd, "org.varlink.service.InvalidParameter", "parameter", "arguments");
	}
	raw_send(fd, "{\"method\":\"io.xslot.Call\",\"parameters\":{\"slot\":\"edge.10\"}}");
	raw_expect_text(host, fd, "org.varlink.service.InvalidParameter", "parameter", "command");
	raw_send(fd, "{\"method\":\"io.xslot.Call\",\"parameters\":{\"command\":\"x\"}}");
	raw_expect_text(host, fd, "org.varlink.service.InvalidParameter", "parameter", "slot");
	assert_int_equal(host->n_command, 2);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_host_setup, fake_host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_changes_are_handed_on),
		TEST(test_clean_needs_a_chain_or_all),
		TEST(test_flags_are_handed_on),
		TEST(test_confirm_is_handed_on),
		TEST(test_events_are_handed_on),
		TEST(test_commands_are_handed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

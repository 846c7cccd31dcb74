/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Commands of plugins as operators see them: call, plugin info, and what bash offers. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "run-xslotctl.h"

static void test_answers(void **state)
{
	struct run it = { { "call", "edge.10", "unblock", "192.0.2.0/24", "--", "-5" } },
		   as_json = { { "call", "edge.10", "unblock", "--json" } };
	struct fake_host *host = *state;
	json_t *json, *number;

	run(host, &it);
	assert_string_equal(it.err, "");
	assert_int_equal(it.code, 0);
	assert_string_equal(it.out, "removed: 1 prefix\nleft: 7 prefixes\n");
	assert_string_equal(host->chain, "edge.10");
	assert_string_equal(host->command, "unblock|192.0.2.0/24|-5");
	run(host, &as_json);
	assert_int_equal(as_json.code, 0);
	assert_string_equal(host->command, "unblock");
	json = parse(as_json.out);
	number = json_array_get(json_object_get(json, "numbers"), 0);
	assert_int_equal(json_integer_value(json_object_get(number, "value")), 7);
	json_decref(json);
}

static void test_refusals(void **state)
{
	static const struct {
		struct run run;
		const char *says;
	} cases[] = {
		{ { { "call", "edge.10", "list" }, .code = 1 },
			"xslotctl: slot edge.10: plugin fake has no such command\n" },
		{ { { "call", "edge.10", "unblock" }, .uid = NOBODY, .code = 77 },
			"xslotctl: unblock of plugin fake is for root only\n" },
		{ { { "call", "edge.10", "unblock", "\xff" }, .code = 2 }, "must be UTF-8 text" },
		{ { { "call", "edge.10" }, .code = 2 }, "call needs CHAIN.SLOT COMMAND [ARGUMENT" },
		{ { { "call", "edge.10", "a", "1", "2", "3", "4", "5" }, .code = 2 }, "call takes no \"5\"" },
	};
	struct fake_host *host = *state;

	assert_return_code(chmod(host->directory, 0755), 0);
	assert_return_code(chmod(host->path, 0666), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run it = cases[i].run;

		if (it.uid && geteuid())
			continue;
		it.code = -1;
		run(host, &it);
		assert_int_equal(it.code, cases[i].run.code);
		if (!strstr(it.err, cases[i].says))
			fail_msg("\"%s\" does not say \"%s\"", it.err, cases[i].says);
		if (cases[i].run.arguments[5] == NULL)
			check_json_error(host, &it);
	}
}

static void test_answers_cannot_speak_to_the_terminal(void **state)
{
	struct run it = { { "call", "edge.10", "unblock" } };
	struct fake_host *host = *state;

	host->name = "\033[2J\n\x7f";
	run(host, &it);
	assert_string_equal(it.out, "removed: \\x1b[2J\\x0a\\x7f\nleft: 7 prefixes\n");
}

/* A plugin with a command, and a configuration that leads to it; both are to be removed. */
static void make_plugin(const struct fake_host *host, char *ret_plugin, char *ret_config, size_t size)
{
	static char bytes[1 << 20];
	int in = open(MODULES_DIR "/good.so", O_RDONLY | O_CLOEXEC), out;
	ssize_t n = read(in, bytes, sizeof(bytes));
	FILE *config;

	assert_in_range(n, 1, sizeof(bytes) - 1);
	close(in);
	snprintf(ret_plugin, size, "%s/sample.so", host->directory);
	out = open(ret_plugin, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_int_equal(write(out, bytes, (size_t)n), n);
	close(out);
	snprintf(ret_config, size, "%s/xslot.ini", host->directory);
	config = fopen(ret_config, "we");
	assert_non_null(config);
	fprintf(config, "[host]\nplugin_path = %s\n", host->directory);
	fclose(config);
}

static void test_plugin_info(void **state)
{
	char plugin[64], config[64];
	struct run info = { { "plugin", "info", plugin } },
		   as_json = { { "plugin", "info", plugin, "--json" } };
	struct fake_host *host = *state;
	json_t *json, *command;

	make_plugin(host, plugin, config, sizeof(plugin));
	run(host, &info);
	assert_int_equal(info.code, 0);
	assert_non_null(strstr(info.out, "\n\n  COMMAND  ARGUMENTS    FOR   MEANING\n"
					 "  unblock  PREFIX UINT  root  let pass again\n"));
	run(host, &as_json);
	json = parse(as_json.out);
	command = json_array_get(json_object_get(json_object_get(json, "plugin"), "commands"), 0);
	assert_string_equal(json_string_value(json_object_get(command, "name")), "unblock");
	assert_string_equal(json_string_value(json_object_get(command, "help")), "let pass again");
	assert_true(json_is_false(json_object_get(command, "reading")));
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(command, "arguments"), 1)), "uint");
	json_decref(json);
	unlink(plugin);
	unlink(config);
}

static void test_completion(void **state)
{
	static const char *const cases[][2] = {
		{ "call ''", "edge.10\n" },
		{ "call edge.10 ''", "unblock\n" },
		{ "call edge.10 unb", "unblock\n" },
		{ "call edge.11 ''", "\n" },
		{ "call edge.10 unblock ''", "\n" },
	};
	char plugin[64], config[64], script[1024];
	struct fake_host *host = *state;

	if (access("/bin/bash", X_OK))
		skip();
	make_plugin(host, plugin, config, sizeof(plugin));
	host->name = "sample"; /* of the plugin in edge.10, among others */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run it = { { "-c", script }, .program = "/bin/bash" };

		snprintf(script, sizeof(script),
			"set -u; compopt() { :; }; . %s; COMP_WORDS=(%s -c %s %s); "
			"COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _xslotctl; echo \"${COMPREPLY[*]-}\"",
			COMPLETION, XSLOTCTL, config, cases[i][0]);
		run(host, &it);
		assert_string_equal(it.err, "");
		assert_string_equal(it.out, cases[i][1]);
	}
	unlink(plugin);
	unlink(config);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_host_setup, fake_host_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_answers),
		TEST(test_refusals),
		TEST(test_answers_cannot_speak_to_the_terminal),
		TEST(test_plugin_info),
		TEST(test_completion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

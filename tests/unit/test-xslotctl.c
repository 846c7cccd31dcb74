/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The program xslotctl as people and scripts meet it: words on two streams, an exit code, and its man page.
 */
#include <fcntl.h>
#include <stdio.h>

#include "run-xslotctl.h"

static const struct {
	const char *arguments[ARGUMENTS_MAX];
	int code;
	const char *says;
} errors[] = {
	{ { NULL }, 2, "no verb given" },
	{ { "frobnicate" }, 2, "\"frobnicate\" is not a verb" },
	{ { "plugin" }, 2,
		"did you mean \"plugin list\" or \"plugin info\" or \"plugin new\" or "
		"\"plugin release\"?" },
	{ { "plugin", "remove" }, 2, "\"plugin remove\" is not a verb" },
	{ { "help", "plugni" }, 2, "\"plugni\" is not a verb" },
	{ { "help", "me" }, 2, "\"me\" is not a verb; `xslotctl help`" },
	{ { "rolback", "now" }, 2, "\"rolback\" is not a verb; did you mean \"rollback\"?" },
	{ { "plugni", "list" }, 2, "did you mean \"plugin list\"?" },
	{ { "plugin", "info" }, 2, "plugin info needs NAME|FILE" },
	{ { "status", "edge", "core" }, 2, "status takes no \"core\"" },
	{ { "--frobnicate", "status" }, 2, "--frobnicate is not an option" },
	{ { "--confirm", "3s", "status" }, 2, "status takes no --confirm; it is for reload, rollback" },
	{ { "clean", "--make" }, 2, "clean takes no --make; it is for plugin new" },
	{ { "clean" }, 2, "clean needs CHAIN, or --all" },
	{ { "clean", "--bpffs=/nowhere" }, 2, "clean needs CHAIN, or --all" },
	{ { "clean", "edge", "--all" }, 2, "clean takes \"edge\" or --all, not both" },
	{ { "status", "--all" }, 2, "status takes no --all; it is for clean" },
	{ { "status", "--socket" }, 2, "--socket needs a value" },
	{ { "reload", "--problems" }, 2, "reload takes no --problems; it is for status" },
	{ { "status", "--problems=edge" }, 2, "--problems=edge is not an option, or takes no value" },
	{ { "status", "--watch", "--problems" }, 2,
		"--watch shows a running host to eyes, without --problems" },
	{ { "status", "--watch", "--bpffs=/nowhere" }, 2, "without --bpffs" },
	{ { "status", "-f" }, 2, "status takes no --follow; it is for events" },
	{ { "call", "edge.10" }, 2, "call needs CHAIN.SLOT COMMAND" },
	{ { "events", "edge" }, 2, "events takes no \"edge\"" },
	{ { "events", "-f", "--socket=/nonexistent/control" }, 69, "is xslotd running?" },
	{ { "status", "--watch", "core" }, 1, "there is no chain of that name" },
	{ { "status", "--watch", "--socket=/nonexistent/control" }, 69, "is xslotd running?" },
	{ { "status", "core" }, 1, "there is no chain of that name" },
	{ { "confirm", "--socket", "/nonexistent/control" }, 69,
		"xslotctl: cannot reach the host at /nonexistent/control: No such file or directory; "
		"is xslotd running?\n" },
	{ { "reload", "--socket=/nonexistent/control" }, 69, "is xslotd running?" },
	{ { "reload", "--confirm", "30" }, 2, "--confirm=30: has no unit" },
	{ { "reload", "--confirm=25h" }, 2, "--confirm=25h: is out of range; it must be from 1s to 24h" },
	{ { "reload", "--confirm=999ms" }, 2, "--confirm=999ms: is out of range" },
	{ { "rollback", "now" }, 2, "rollback takes no \"now\"" },
	{ { "confirm" }, 1, "xslotctl: there is nothing to confirm\n" },
	{ { "bypass", "edge" }, 2, "bypass needs CHAIN on|off" },
	{ { "bypass", "edge", "maybe" }, 2, "bypass takes \"on\" or \"off\", not \"maybe\"" },
	{ { "bypass", "core", "on" }, 1, "there is no chain of that name" },
	{ { "check", "/nonexistent/xslot.ini" }, 78,
		"/nonexistent/xslot.ini: cannot read the configuration" },
	{ { "plugin", "info", "/etc/passwd" }, 1, "/etc/passwd is not an ELF file" },
	{ { "plugin", "info", "nothing", "--plugin-path", "/nonexistent" }, 1, "there is no plugin nothing" },
};

static void test_errors_and_exit_codes(void **state)
{
	struct fake_host *host = *state;

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		struct run it = {};

		memcpy(it.arguments, errors[i].arguments, sizeof(it.arguments));
		run(host, &it);
		if (it.code != errors[i].code || !strstr(it.err, errors[i].says))
			fail_msg("case %zu: exit code %d, said: %s", i, it.code, it.err);
		assert_string_equal(it.out, "");
		/* The option would take --json for its value; --watch has no JSON. */
		if (strcmp(errors[i].says, "--socket needs a value") &&
			(!it.arguments[1] || strcmp(it.arguments[1], "--watch")))
			check_json_error(host, &it);
	}
	assert_int_equal(host->n_reload, 0);
}

static void test_options_before_and_after_the_verb(void **state)
{
	struct run before = { { "--json", "status", "edge" } }, after = { { "status", "edge", "--json" } },
		   between = { { "status", "-j", "edge" } };
	struct fake_host *host = *state;
	json_t *json;

	host->healthy = true;
	run(host, &before);
	run(host, &after);
	run(host, &between);
	assert_int_equal(before.code + after.code + between.code, 0);
	assert_string_equal(host->chain, "edge");
	json = parse(between.out);
	assert_int_equal(json_array_size(json_object_get(json, "chains")), 1);
	json_decref(json);
	/* The first member is format; reloads, which counts calls here, tells the three apart. */
	assert_int_equal(strncmp(before.out, "{\n  \"format\": 1,", 16), 0);
	assert_int_equal(strcspn(before.out, "}"), strcspn(after.out, "}"));
}

static void test_status_says_what_is_wrong(void **state)
{
	struct run bad = { { "status" } }, good = { { "status" } };
	struct fake_host *host = *state;

	run(host, &bad);
	assert_int_equal(bad.code, 0);
	assert_non_null(strstr(bad.out, "GAP: 9 packets met an empty slot"));
	assert_non_null(strstr(bad.out, "BYPASS"));
	assert_non_null(strstr(bad.out, "BAD VERDICTS: 10 packets"));
	assert_non_null(strstr(bad.out, "OFF: chain lab was taken off by \"xslotctl clean\""));
	assert_non_null(strstr(bad.out, "QUARANTINED: plugin wreck"));
	assert_non_null(
		strstr(bad.out, "HELD on the configuration kept in /var/lib/xslot/3, after a rollback: "));
	assert_non_null(strstr(bad.out, "\n  /etc/xslot/acl.rules differs from what was loaded\n"));
	assert_non_null(strstr(bad.out, "STATE FOLDER: cannot write /var/lib/xslot/record: No space"));
	assert_non_null(strstr(bad.out, "/etc/xslot/xslot.ini:12: slot edge.20: the verifier refused it\n"));
	host->healthy = true;
	run(host, &good);
	assert_null(strstr(good.out, "GAP"));
	assert_null(strstr(good.out, "BYPASS"));
	assert_null(strstr(good.out, "OFF"));
	assert_null(strstr(good.out, "QUARANTINED"));
	assert_null(strstr(good.out, "BAD"));
	assert_non_null(strstr(good.out, "chain edge: 11 packets, generation 8"));
	assert_non_null(strstr(good.out, "  eth0: native, attached (link, index 2)\n"));
	assert_non_null(strstr(good.out, "  eth2: native, refused: cannot attach to eth2: the MTU\n"));
	assert_non_null(strstr(good.out, "12,345,678,901,234"));
	assert_null(strstr(good.out, "\033"));
	assert_null(strstr(good.out, "map hits")); /* details are for `status CHAIN` */
}

static void test_status_of_one_chain_has_details(void **state)
{
	struct run it = { { "status", "edge" } };
	struct fake_host *host = *state;

	run(host, &it);
	assert_non_null(strstr(it.out, "map hits: state, kept\n"));
	assert_non_null(strstr(it.out, "jump stages.3: /l/g.o:guest, program 77\n"));
	assert_non_null(strstr(it.out, " 7\n    hits{rule=\"a \"b\"\"}: 17 packets\n    (these are of 3 s"));
}

static void test_reload_refused(void **state)
{
	struct run plain = { { "reload" } }, as_json = { { "reload", "--json" } };
	struct fake_host *host = *state;
	json_t *json, *error;

	run(host, &plain);
	assert_int_equal(plain.code, 78);
	assert_string_equal(plain.out, "");
	assert_string_equal(plain.err,
		"/etc/xslot/xslot.ini:12: slot edge.20: the verifier refused it\n"
		"    0: (b7) r0 = 0\n"
		"    1: (95) exit\n"
		"xslotctl: no place\n"
		"xslotctl: the reload was refused with 2 errors after 41.2 ms; nothing has changed\n");
	run(host, &as_json);
	assert_int_equal(as_json.code, 78);
	assert_string_equal(as_json.err, "");
	json = parse(as_json.out);
	error = json_array_get(json_object_get(json, "errors"), 0);
	assert_int_equal(json_integer_value(json_object_get(error, "line")), 12);
	assert_non_null(json_object_get(error, "log"));
	json_decref(json);
	assert_int_equal(host->n_reload, 2);
	assert_false(host->allow_detach || host->allow_bare || host->settle);
}

static void test_reload_done(void **state)
{
	struct run it = { { "reload", "--allow-detach", "--allow-bare", "--settle" } };
	struct fake_host *host = *state;

	host->healthy = true;
	run(host, &it);
	assert_int_equal(it.code, 0);
	assert_non_null(strstr(it.out, "reloaded in "));
	assert_string_equal(it.err, "");
	assert_true(host->allow_detach && host->allow_bare && host->settle);
}

static void test_rollback_and_confirm(void **state)
{
	struct run trial = { { "reload", "--confirm", "5m" } }, confirm = { { "confirm" } },
		   back = { { "rollback", "--allow-bare", "--confirm=1h" } }, refused = { { "rollback" } };
	struct fake_host *host = *state;

	host->healthy = true;
	run(host, &trial);
	assert_int_equal(trial.code, 0);
	assert_int_equal(host->confirm, 300);
	assert_non_null(strstr(trial.out, "\nto be confirmed within 300 s: \"xslotctl confirm\" keeps it"));
	run(host, &confirm);
	assert_int_equal(confirm.code, 0);
	assert_string_equal(confirm.out, "confirmed\n");
	run(host, &back);
	assert_int_equal(back.code, 0);
	assert_int_equal(host->confirm, 3600);
	assert_int_equal(strncmp(back.out, "rolled back in ", 15), 0);
	assert_non_null(strstr(back.out, "to be confirmed within 3600 s"));
	assert_true(host->allow_bare && !host->allow_detach);
	host->healthy = false;
	run(host, &refused);
	assert_int_equal(refused.code, 78);
	assert_non_null(strstr(refused.err, "xslotctl: the rollback was refused with 2 errors"));
	assert_int_equal(host->n_rollback, 2);
}

static void test_bypass(void **state)
{
	struct run on = { { "bypass", "edge", "on" } }, off = { { "--json", "bypass", "edge", "off" } };
	struct fake_host *host = *state;
	json_t *json;

	run(host, &on);
	assert_int_equal(on.code, 0);
	assert_string_equal(on.out, "bypassed now\n");
	assert_true(host->bypass);
	run(host, &off);
	assert_int_equal(off.code, 0);
	assert_false(host->bypass);
	json = parse(off.out);
	assert_true(json_is_false(json_object_get(json, "changed")));
	json_decref(json);
}

static void test_clean(void **state)
{
	struct run all = { { "clean", "--all" } }, one = { { "--json", "clean", "edge" } },
		   no = { { "clean", "core" } };
	struct fake_host *host = *state;
	json_t *json;

	run(host, &all);
	assert_int_equal(all.code, 0);
	assert_string_equal(all.out, "taken off\n");
	assert_string_equal(host->chain, "(all)");
	run(host, &one);
	assert_string_equal(host->chain, "edge");
	json = parse(one.out);
	assert_int_equal(json_integer_value(json_object_get(json, "removed")), 3);
	json_decref(json);
	run(host, &no);
	assert_int_equal(no.code, 1);
	assert_int_equal(host->n_clean, 3);
}

static void test_users_without_rights(void **state)
{
	struct run closed = { { "status" }, NOBODY }, changing = { { "reload" }, NOBODY },
		   reading = { { "status" }, NOBODY };
	struct fake_host *host = *state;

	if (geteuid())
		skip();
	assert_return_code(chmod(host->directory, 0755), errno);
	run(host, &closed);
	assert_int_equal(closed.code, 77);
	assert_non_null(strstr(closed.err, "Permission denied; it is open to root and to the group xslot"));
	assert_return_code(chmod(host->path, 0666), errno);
	run(host, &changing);
	assert_int_equal(changing.code, 77);
	assert_string_equal(
		changing.err, "xslotctl: Reload is for root only; user 65534 may read the status\n");
	run(host, &reading);
	assert_int_equal(reading.code, 0);
}

/* A configuration without plugins, in the host's directory. The caller removes it. */
static const char *write_configuration(const struct fake_host *host)
{
	static char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/xslot.ini", host->directory);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs("[host]\nlog_level = info\n", file);
	fclose(file);
	return path;
}

static void test_checks_without_rights(void **state)
{
	struct run good = { { "check" }, NOBODY }, features = { { "features" }, NOBODY };
	struct fake_host *host = *state;

	if (geteuid())
		skip();
	assert_return_code(chmod(host->directory, 0755), errno);
	good.arguments[1] = write_configuration(host);
	run(host, &good);
	assert_int_equal(good.code, 77);
	assert_non_null(strstr(
		good.err, "is well-formed, but its plugins cannot be verified, since this process lacks"));
	check_json_error(host, &good);
	unlink(good.arguments[1]);
	run(host, &features);
	assert_int_equal(features.code, 77);
	check_json_error(host, &features);
}

static void test_check_warns_of_no_chain(void **state)
{
	struct run it = { { "--json", "check" } };
	struct fake_host *host = *state;
	json_t *json;

	it.arguments[2] = write_configuration(host);
	run(host, &it);
	unlink(it.arguments[2]);
	if (it.code == 77)
		skip();
	assert_int_equal(it.code, 0);
	json = parse(it.out);
	assert_int_equal(json_array_size(json_object_get(json, "warnings")), 1);
	json_decref(json);
	assert_non_null(strstr(it.out, "there is no chain in the files"));
}

static void test_help_and_version(void **state)
{
	static const char *const verbs[] = { "status [CHAIN]", "reload", "check [FILE]", "plugin list",
		"plugin info NAME|FILE", "bypass CHAIN on|off", "features", "extend FILE[:PROGRAM]",
		"clean CHAIN", "help [VERB]", "--json", "XSLOT_SOCKET" };
	struct run help = { { "help" } }, option = { { "--help" } }, one = { { "help", "plugin", "info" } },
		   version = { { "--version" } };
	struct fake_host *host = *state;

	run(host, &help);
	run(host, &option);
	run(host, &one);
	run(host, &version);
	assert_int_equal(help.code + option.code + one.code + version.code, 0);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		assert_non_null(strstr(help.out, verbs[i]));
	assert_string_equal(help.out, option.out);
	assert_non_null(strstr(one.out, "NAME|FILE"));
	assert_null(strstr(one.out, "reload"));
	assert_int_equal(strncmp(version.out, "xslotctl ", 9), 0);
}

static void test_a_full_disk(void **state)
{
	static const char *const commands[] = { XSLOTCTL " status >/dev/full",
		XSLOTCTL " status --json >/dev/full" };
	struct fake_host *host = *state;

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		struct run it = { { "-c", commands[i] }, .program = "/bin/sh" };

		run(host, &it);
		assert_int_equal(it.code, 1);
		assert_string_equal(it.err, "xslotctl: cannot write all of the output\n");
	}
}

static void test_plugins(void **state)
{
	struct run list = { { "plugin", "list", "--json", "--plugin-path", PLUGINS } },
		   info = { { "plugin", "info", "ratelimit", "--plugin-path", PLUGINS } },
		   json_info = { { "plugin", "info", PLUGINS "/ratelimit.so", "--json" } };
	struct fake_host *host = *state;
	json_t *json, *rate;

	run(host, &list);
	assert_int_equal(list.code, 0);
	json = parse(list.out);
	assert_in_range(json_array_size(json_object_get(json, "plugins")), 4, 100);
	json_decref(json);
	run(host, &info);
	assert_int_equal(info.code, 0);
	assert_non_null(strstr(info.out, "uint 0 to 128"));
	assert_non_null(strstr(info.out, "packets|bytes"));
	assert_non_null(strstr(info.out, "(required)"));
	run(host, &json_info);
	json = parse(json_info.out);
	rate = json_array_get(json_object_get(json_object_get(json, "plugin"), "parameters"), 0);
	assert_string_equal(json_string_value(json_object_get(rate, "name")), "rate");
	assert_string_equal(json_string_value(json_object_get(rate, "type")), "uint");
	assert_true(json_is_true(json_object_get(rate, "required")));
	json_decref(json);
}

static void test_help_of_a_family(void **state)
{
	struct run family = { { "help", "plugin" } }, one = { { "help", "reload" } };
	struct fake_host *host = *state;

	run(host, &family);
	assert_int_equal(family.code, 0);
	for (const char *const *verb = (const char *const[]){ "list", "info", "new", "release", NULL }; *verb;
		verb++)
		assert_non_null(strstr(family.out, *verb));
	assert_null(strstr(family.out, "reload"));
	run(host, &one);
	assert_int_equal(one.code, 0);
	assert_non_null(strstr(one.out, "\n      --settle\n"));
}

static void test_release_of_what_is_not_held(void **state)
{
	struct fake_host *host = *state;
	char ini[64];
	struct run it = { { "-c", ini, "plugin", "release", "wreck" } };
	FILE *file;

	if (geteuid())
		skip();
	snprintf(ini, sizeof(ini), "%s/x.ini", host->directory);
	file = fopen(ini, "w");
	assert_non_null(file);
	fprintf(file, "[host]\nstate = %s/none\n", host->directory);
	assert_int_equal(fclose(file), 0);
	run(host, &it);
	unlink(ini);
	assert_string_equal(it.err, "");
	assert_string_equal(it.out, "plugin wreck was neither quarantined nor silenced\n");
	assert_int_equal(it.code, 0);
}

static bool is_documented(const char *page, const char *key)
{
	static const char *const forms[] = { ".It Cm %s\n", ".It Cm %s[]\n", "Cm %s\n", "Cm %s ", " %s ",
		" %s\n", "Cm %s[]" };
	char wanted[128];

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		char *at;

		snprintf(wanted, sizeof(wanted), forms[i], key);
		for (at = strstr(page, wanted); at; at = strstr(at + 1, wanted)) {
			const char *line = at;

			while (line > page && line[-1] != '\n')
				line--;
			if (!strncmp(line, ".It Cm ", 7) || !strncmp(line, ".Cm ", 4))
				return true;
		}
	}
	return false;
}

static void check_documented(const char *page, const json_t *json)
{
	const json_t *value;
	const char *key;
	size_t i;

	json_array_foreach(json, i, value) check_documented(page, value);
	json_object_foreach((json_t *)json, key, value)
	{
		if (!is_documented(page, key))
			fail_msg("xslotctl(8) does not document the key %s", key);
		if (strcmp(key, "status") && strcmp(key, "labels")) /* the plugin's own keys */
			check_documented(page, value);
	}
}

static void test_the_man_page_has_every_key(void **state)
{
	static const char *const calls[][ARGUMENTS_MAX] = { { "status", "--json" }, { "reload", "--json" },
		{ "bypass", "edge", "on", "--json" }, { "clean", "--all", "--json" },
		{ "status", "--problems", "--json" }, { "events", "--json" },
		{ "call", "edge.10", "unblock", "--json" },
		{ "plugin", "list", "--json", "--plugin-path", PLUGINS },
		{ "plugin", "info", PLUGINS "/acl.so", "--json" }, { "features", "--json" },
		{ "check", "--json", "--config" } };
	struct fake_host *host = *state;
	const char *configuration = write_configuration(host);
	static char page[65536];
	int fd = open(MAN_PAGE, O_RDONLY | O_CLOEXEC);
	json_t *json;

	assert_true(fd >= 0);
	read_all(fd, page, sizeof(page));
	assert_false(is_documented(page, "no_such_key"));
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		struct run it = {};

		memcpy(it.arguments, calls[i], sizeof(it.arguments));
		if (!strcmp(it.arguments[0], "check"))
			it.arguments[3] = configuration;
		run(host, &it);
		json = parse(it.out);
		check_documented(page, json);
		json_decref(json);
	}
	unlink(configuration);
}

/* What bash offers for the words; the last is the one under the cursor. */
static void complete(struct fake_host *host, const char *words, struct run *ret_run)
{
	char script[1024];

	snprintf(script, sizeof(script),
		"set -u; compopt() { :; }; . %s; COMP_WORDS=(%s %s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
		"_xslotctl; "
		"echo \"${COMPREPLY[*]-}\"",
		COMPLETION, XSLOTCTL, words);
	*ret_run = (struct run){ { "-c", script }, .program = "/bin/bash" };
	run(host, ret_run);
	assert_string_equal(ret_run->err, "");
	assert_int_equal(ret_run->code, 0);
}

static void test_completion(void **state)
{
	static const struct {
		const char *words, *offers;
	} cases[] = {
		{ "''", "status health events reload rollback confirm bypass call check plugin features extend clean "
			"help\n" },
		{ "re", "reload\n" },
		{ "--json st", "status\n" },
		{ "plugin i", "info\n" },
		{ "status ''", "edge\n" },
		{ "bypass ''", "edge\n" },
		{ "bypass edge o", "on off\n" },
		{ "bypass edge on ''", "\n" },
		{ "reload --allow-b", "--allow-bare\n" },
		{ "reload --dr", "--dry-run\n" },
		{ "--al", "--all --allow-bare --allow-detach\n" },
		{ "clean --", "--json --socket --config --help --version --all --bpffs\n" },
		{ "status --", "--json --socket --config --help --version --bpffs --problems --watch\n" },
		{ "events --f", "--follow\n" },
		{ "plugin new x --m", "--make\n" },
		{ "plugin list --m", "\n" },
		{ "reload --confirm 30s --set", "--settle\n" },
		{ "-s $XSLOT_SOCKET st", "status\n" },
		{ "-s $XSLOT_SOCKET status ''", "edge\n" },
		{ "--socket = $XSLOT_SOCKET status ''", "edge\n" },
		{ "-s /nonexistent/control status ''", "\n" },
		{ "status -s $XSLOT_SOCKET --j", "--json\n" },
		{ "reload ''", "\n" },
	};
	struct fake_host *host = *state;
	struct run it;

	if (access("/bin/bash", X_OK))
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		complete(host, cases[i].words, &it);
		assert_string_equal(it.out, cases[i].offers);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_host_setup, fake_host_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_errors_and_exit_codes),
		TEST(test_options_before_and_after_the_verb),
		TEST(test_status_says_what_is_wrong),
		TEST(test_status_of_one_chain_has_details),
		TEST(test_reload_refused),
		TEST(test_reload_done),
		TEST(test_rollback_and_confirm),
		TEST(test_bypass),
		TEST(test_clean),
		TEST(test_users_without_rights),
		TEST(test_checks_without_rights),
		TEST(test_check_warns_of_no_chain),
		TEST(test_help_and_version),
		TEST(test_completion),
		TEST(test_a_full_disk),
		TEST(test_plugins),
		TEST(test_help_of_a_family),
		TEST(test_release_of_what_is_not_held),
		TEST(test_the_man_page_has_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What xslotctl prints of what comes from outside: fit for a terminal, and not without end. */
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <sys/wait.h>

#include "run-xslotctl.h"

/* Of what the host tells nothing reaches the terminal as a command, whichever field it is in. */
static void test_names_cannot_speak_to_the_terminal(void **state)
{
	static const char *const calls[][3] = { { "status" }, { "status", "edge" }, { "status", "--json" },
		{ "reload" }, { "reload", "--json" }, { "events" }, { "events", "--json" } };
	struct fake_host *host = *state;

	host->name = "\033[2J\n\r\x7f\xc2\x9b"
		     "1m\xff";
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		struct run it = { { calls[i][0], calls[i][1] } };
		bool json = calls[i][1] && !strcmp(calls[i][1], "--json");

		run(host, &it);
		for (const char *text = it.out; text; text = text == it.out ? it.err : NULL) {
			for (const char *c = text; *c; c++)
				assert_true(*c == '\n' || ((unsigned char)*c >= ' ' && *c != 0x7f));
			assert_null(strstr(text, "\xc2\x9b"));
			assert_null(strstr(text, "[2J\n"));
		}
		if (json)
			assert_non_null(strstr(it.out, "\\u001B[2J"));
		else
			assert_true(strstr(it.out, "\\x1b[2J") || strstr(it.err, "\\x1b[2J"));
	}
}

/* What `status` writes on a terminal of that kind. */
static void on_terminal(struct fake_host *host, const char *term, char *out, size_t size)
{
	size_t n = 0;
	int fd, status;
	pid_t pid = forkpty(&fd, NULL, NULL, NULL);

	assert_true(pid >= 0);
	if (!pid) {
		setenv("TERM", term, 1);
		unsetenv("NO_COLOR");
		execl(XSLOTCTL, "xslotctl", "-s", host->path, "status", NULL);
		_exit(98);
	}
	assert_return_code(fcntl(fd, F_SETFL, O_NONBLOCK), errno);
	for (;;) {
		ssize_t got = read(fd, out + n, size - 1 - n);

		if (got > 0)
			n += (size_t)got;
		else if (got == 0 || errno != EAGAIN)
			break; /* EIO: it is gone */
		sd_event_run(host->event, 1000);
	}
	out[n] = 0;
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_dumb_terminals_get_no_escapes(void **state)
{
	static char out[65536];

	on_terminal(*state, "xterm", out, sizeof(out));
	assert_non_null(strchr(out, '\033'));
	on_terminal(*state, "dumb", out, sizeof(out));
	assert_non_null(strstr(out, "chain edge"));
	assert_null(strchr(out, '\033'));
}

static void test_more_errors_are_told(void **state)
{
	struct run status = { { "status" } }, reload = { { "reload" } }, as_json = { { "reload", "--json" } };
	struct fake_host *host = *state;
	json_t *json;

	host->more = 499998;
	run(host, &status);
	assert_non_null(strstr(status.out, "\n  … and 499998 more errors, not kept\n"));
	run(host, &reload);
	assert_non_null(strstr(reload.err, "\nxslotctl: … and 499998 more errors, not kept\n"));
	assert_non_null(strstr(reload.err, "was refused with 500000 errors"));
	run(host, &as_json);
	json = parse(as_json.out);
	assert_int_equal(json_integer_value(json_object_get(json, "more_errors")), 499998);
	json_decref(json);
}

static void test_a_plugin_cannot_speak_to_the_terminal(void **state)
{
	struct fake_host *host = *state;
	static char module[1 << 20];
	char path[64], *summary;
	int in = open(PLUGINS "/count.so", O_RDONLY | O_CLOEXEC), out;
	ssize_t size = read(in, module, sizeof(module));
	struct run it = { { "plugin", "info", path } };

	assert_in_range(size, 1, sizeof(module) - 1);
	summary = memmem(module, (size_t)size, "count packets", 13);
	assert_non_null(summary);
	memcpy(summary, "\033[2J", 4);
	snprintf(path, sizeof(path), "%s/count.so", host->directory);
	out = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_int_equal(write(out, module, (size_t)size), size);
	close(in);
	close(out);
	run(host, &it);
	unlink(path);
	assert_int_equal(it.code, 0);
	assert_non_null(strstr(it.out, ": \\x1b[2Jt packets"));
}

#define EVENT                                                                                                \
	"2025-11-22T20:55:31Z  reload, 2 changes, by uid 0, pid 7 with SIGHUP\n"                             \
	"    edge: final pass -> drop\n"                                                                     \
	"    edge.10: acl, rules +1 -0 lines\n"

static void test_events(void **state)
{
	struct run it = { { "events" } }, as_json = { { "events", "--json" } },
		   following = { { "-c", XSLOTCTL " events -f | head -n 9" }, .program = "/bin/sh" },
		   lines = { { "-c", XSLOTCTL " events -f --json | head -n 3" }, .program = "/bin/sh" };
	struct fake_host *host = *state;
	char *line, *rest = lines.out;
	json_int_t id = 0;
	json_t *json;

	run(host, &it);
	assert_int_equal(it.code, 0);
	assert_string_equal(it.out, EVENT);
	run(host, &as_json);
	json = parse(as_json.out);
	assert_string_equal(json_string_value(json_object_get(json, "by")), "uid 0, pid 7 with SIGHUP");
	json_decref(json);
	/* Each call asks for what came after the one before. */
	run(host, &following);
	assert_string_equal(following.out, EVENT EVENT EVENT);
	assert_in_range(host->after, 2, 1000000);
	run(host, &lines);
	while ((line = strsep(&rest, "\n")) && *line) {
		json = parse(line);
		assert_int_equal(json_integer_value(json_object_get(json, "id")), ++id);
		json_decref(json);
	}
	assert_int_equal(id, 3);
}

/* As a host does with too many callers that wait: it replies at once, with nothing. */
static void test_events_without_a_wait(void **state)
{
	struct run it = { { "3", XSLOTCTL, "events", "-f" }, .program = "/usr/bin/timeout" };
	struct fake_host *host = *state;

	host->quiet = true;
	run(host, &it);
	assert_string_equal(it.out, EVENT);
	assert_in_range(host->n_events, 2, 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_host_setup, fake_host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names_cannot_speak_to_the_terminal),
		TEST(test_dumb_terminals_get_no_escapes),
		TEST(test_more_errors_are_told),
		TEST(test_a_plugin_cannot_speak_to_the_terminal),
		TEST(test_events),
		TEST(test_events_without_a_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

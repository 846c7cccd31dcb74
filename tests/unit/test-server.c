/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The control socket as any peer may use it: well, slowly, in pieces, wrongly, and not to the end. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "fake-host.h"

#define STATUS "{\"method\":\"io.xslot.Status\"}"
#define RELOAD "{\"method\":\"io.xslot.Reload\"}"
#define RELOAD_ONEWAY "{\"method\":\"io.xslot.Reload\",\"oneway\":true}"
#define BYPASS "{\"method\":\"io.xslot.Bypass\",\"parameters\":{\"chain\":\"edge\",\"on\":true}}"
#define EVENTS "{\"method\":\"io.xslot.Events\"}"
#define CALL "{\"method\":\"io.xslot.Call\",\"parameters\":{\"slot\":\"edge.10\",\"command\":\"unblock\"}}"
#define CLEAN "{\"method\":\"io.xslot.Clean\",\"parameters\":{\"all\":true}}"
#define GET_INFO "{\"method\":\"org.varlink.service.GetInfo\"}"

/* The reload counter tells the replies of the fake host apart. */
static void expect_nth_status(struct fake_host *host, int fd, unsigned n)
{
	json_t *parameters = raw_expect(host, fd, NULL);

	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(parameters, "host"), "reloads")), n);
	json_decref(parameters);
}

static void test_introspection(void **state)
{
	struct fake_host *host = *state;
	int fd = raw_open(host->path);
	json_t *info;

	raw_send(fd, GET_INFO);
	info = raw_expect(host, fd, NULL);
	assert_string_equal(json_string_value(json_object_get(info, "product")), "xslotd");
	assert_int_equal(json_array_size(json_object_get(info, "interfaces")), 2);
	json_decref(info);
	raw_send(fd, "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":"
		     "{\"interface\":\"io.xslot\"}}");
	raw_expect_text(host, fd, NULL, "description", interface_description("io.xslot"));
	raw_send(fd, "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":"
		     "{\"interface\":\"io.slot\"}}");
	raw_expect_text(host, fd, "org.varlink.service.InterfaceNotFound", "interface", "io.slot");
	close(fd);
}

static void collect_keys(const json_t *json, json_t *keys)
{
	const json_t *value;
	const char *key;
	size_t i;

	json_array_foreach(json, i, value) collect_keys(value, keys);
	json_object_foreach((json_t *)json, key, value)
	{
		json_object_set_new(keys, key, json_true());
		collect_keys(value, keys);
	}
}

/* Every word before a colon in the description, but not in its comments. */
static void collect_fields(const char *text, json_t *keys)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyz_";
	char name[64];

	while (*text) {
		size_t length = strspn(text, word);

		if (*text == '#') {
			text += strcspn(text, "\n");
			continue;
		}
		if (length && text[length] == ':') {
			snprintf(name, sizeof(name), "%.*s", (int)length, text);
			json_object_set_new(keys, name, json_true());
		}
		text += length ? length : 1;
	}
}

static void test_description_has_the_keys_that_are_sent(void **state)
{
	static const char *const calls[] = { STATUS, RELOAD, BYPASS, CLEAN, EVENTS, CALL };
	json_t *sent = json_pack("{s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b}", "slot", 1,
		       "command", 1, "arguments", 1, "after", 1, "wait", 1, "chain", 1, "all", 1, "message",
		       1, "allow_detach", 1, "allow_bare", 1, "on", 1, "confirm", 1, "settle", 1, "dry_run",
		       1),
	       *described = json_object(), *reply;
	struct fake_host *host = *state;
	int fd = raw_open(host->path);

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		raw_send(fd, calls[i]);
		reply = raw_expect(host, fd, NULL);
		collect_keys(reply, sent);
		json_decref(reply);
	}
	json_object_del(sent, "rules"); /* the fake plugin's own status */
	json_object_del(sent, "rule");	/* … and its label */
	collect_fields(interface_description("io.xslot"), described);
	if (!json_equal(sent, described)) {
		json_dumpf(sent, stderr, JSON_SORT_KEYS);
		json_dumpf(described, stderr, JSON_SORT_KEYS);
		fail_msg("the interface's description and the replies have different keys");
	}
	json_decref(sent);
	json_decref(described);
	close(fd);
}

static void test_calls_that_are_wrong(void **state)
{
	static const struct {
		const char *call, *error, *key, *value;
	} cases[] = {
		{ "{\"method\":\"io.xslot.Stop\"}", "MethodNotFound", "method", "io.xslot.Stop" },
		{ "{\"method\":\"io.xslot.\"}", "MethodNotFound", "method", "io.xslot." },
		{ "{\"method\":\"io.xslot.Status.More\"}", "InterfaceNotFound", "interface",
			"io.xslot.Status" },
		{ "{\"method\":\"io.xslotStatus\"}", "InterfaceNotFound", "interface", "io" },
		{ "{\"method\":\"io.slot.Status\"}", "InterfaceNotFound", "interface", "io.slot" },
		{ "{\"method\":\"Status\"}", "InterfaceNotFound", "interface", "Status" },
		{ "{\"method\":\"\"}", "InterfaceNotFound", "interface", "" },
		{ "{\"method\":\".\"}", "InterfaceNotFound", "interface", "." },
		{ "{\"method\":\"io.xslot.Status\",\"parameters\":{\"chain\":1}}", "InvalidParameter",
			"parameter", "chain" },
		{ "{\"method\":\"io.xslot.Status\",\"parameters\":{\"cain\":\"x\"}}", "InvalidParameter",
			"parameter", "cain" },
		{ "{\"method\":\"io.xslot.Status\",\"parameters\":\"x\"}", "InvalidParameter", "parameter",
			"parameters" },
		{ "{\"method\":\"io.xslot.Reload\",\"parameters\":{\"chain\":null}}", "InvalidParameter",
			"parameter", "chain" },
		{ "{\"method\":\"io.xslot.Status\",\"upgrade\":true}", "InvalidParameter", "parameter",
			"upgrade" },
		{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}", "InvalidParameter",
			"parameter", "interface" },
		{ "{\"method\":\"io.xslot.Bypass\"}", "InvalidParameter", "parameter", "chain" },
		{ "{\"method\":\"io.xslot.Bypass\",\"parameters\":{\"chain\":\"edge\"}}", "InvalidParameter",
			"parameter", "on" },
		{ "{\"method\":\"io.xslot.Bypass\",\"parameters\":{\"chain\":\"edge\",\"on\":null}}",
			"InvalidParameter", "parameter", "on" },
		{ "{\"method\":\"io.xslot.Bypass\",\"parameters\":{\"chain\":\"edge\",\"on\":\"yes\"}}",
			"InvalidParameter", "parameter", "on" },
		{ "{\"method\":\"io.xslot.Bypass\",\"parameters\":{\"chain\":\"edge\",\"on\":true,"
		  "\"mode\":1}}",
			"InvalidParameter", "parameter", "mode" },
	};
	struct fake_host *host = *state;
	int fd = raw_open(host->path);
	char error[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		raw_send(fd, cases[i].call);
		snprintf(error, sizeof(error), "org.varlink.service.%s", cases[i].error);
		raw_expect_text(host, fd, error, cases[i].key, cases[i].value);
	}
	assert_int_equal(host->n_status + host->n_reload + host->n_bypass, 0);
	close(fd);
}

static void test_the_chain_is_handed_on(void **state)
{
	struct fake_host *host = *state;
	int fd = raw_open(host->path);

	raw_send(fd, STATUS);
	expect_nth_status(host, fd, 1);
	assert_string_equal(host->chain, "(all)");
	raw_send(fd, "{\"method\":\"io.xslot.Status\",\"parameters\":{\"chain\":null},\"more\":true}");
	expect_nth_status(host, fd, 2);
	assert_string_equal(host->chain, "(all)");
	raw_send(fd, "{\"method\":\"io.xslot.Status\",\"parameters\":{\"chain\":\"edge\"}}");
	expect_nth_status(host, fd, 3);
	assert_string_equal(host->chain, "edge");
	raw_send(fd, "{\"method\":\"io.xslot.Status\",\"parameters\":{\"chain\":\"core\"}}");
	raw_expect_text(host, fd, "io.xslot.NoSuchChain", "message", "there is no chain of that name");
	close(fd);
}

static void test_a_call_in_pieces(void **state)
{
	struct fake_host *host = *state;
	int fd = raw_open(host->path), other = raw_open(host->path);

	for (size_t i = 0; i < sizeof(STATUS); i++) {
		assert_true(raw_is_silent(host, fd));
		assert_int_equal(send(fd, &STATUS[i], 1, 0), 1);
		if (i == 5) { /* others are served meanwhile */
			raw_send(other, STATUS);
			expect_nth_status(host, other, 1);
		}
	}
	expect_nth_status(host, fd, 2);
	close(fd);
	close(other);
}

static void test_pipelined_calls_are_answered_in_order(void **state)
{
	struct fake_host *host = *state;
	int fd = raw_open(host->path), other = raw_open(host->path);

	host->hold = true;
	raw_send(fd, RELOAD);
	raw_send(fd, STATUS);
	raw_send(fd, GET_INFO);
	assert_true(raw_is_silent(host, fd));
	assert_int_equal(host->n_reload, 1);
	assert_int_equal(host->n_status, 0); /* waits for its turn */
	host->hold = false;
	raw_send(other, STATUS); /* but others do not */
	expect_nth_status(host, other, 1);
	fake_host_reply(host, host->held[0]);
	raw_expect_text(host, fd, NULL, "result", "refused");
	expect_nth_status(host, fd, 2);
	raw_expect_text(host, fd, NULL, "product", "xslotd");
	close(fd);
	close(other);
}

static void test_oneway_calls_get_no_reply(void **state)
{
	struct fake_host *host = *state;
	int fd = raw_open(host->path);

	raw_send(fd, RELOAD_ONEWAY);
	raw_send(fd, "{\"method\":\"io.xslot.Nothing\",\"oneway\":true}");
	assert_true(raw_is_silent(host, fd));
	assert_int_equal(host->n_reload, 1);
	raw_send(fd, STATUS);
	expect_nth_status(host, fd, 1);
	close(fd);
}

static void test_oneway_and_gone(void **state)
{
	struct fake_host *host = *state;
	unsigned before = count_fds();
	int fd = raw_open(host->path);

	host->hold = true;
	raw_send(fd, RELOAD_ONEWAY);
	raw_send(fd, RELOAD_ONEWAY);
	close(fd);
	fake_host_pump(host);
	assert_int_equal(host->n_reload, 1);
	fake_host_reply(host, host->held[0]);
	fake_host_pump(host);
	assert_int_equal(host->n_reload, 2); /* asked for before the hang-up */
	fake_host_reply(host, host->held[1]);
	fake_host_pump(host);
	assert_int_equal(count_fds(), before);
}

static void test_a_hang_up_does_not_start_the_next_call(void **state)
{
	struct fake_host *host = *state;
	int fd = raw_open(host->path);

	host->hold = true;
	raw_send(fd, RELOAD);
	raw_send(fd, RELOAD_ONEWAY);
	fake_host_pump(host);
	close(fd);
	fake_host_pump(host);
	assert_int_equal(host->n_reload, 1);
	fake_host_reply(host, host->held[0]);
	fake_host_pump(host);
	assert_int_equal(host->n_reload, 2);
	fake_host_reply(host, host->held[1]);
}

static void test_callers_that_hang_up(void **state)
{
	struct fake_host *host = *state;
	unsigned before = count_fds();
	int fds[8];

	host->hold = true;
	for (int i = 0; i < 8; i++) {
		fds[i] = raw_open(host->path);
		raw_send(fds[i], i % 2 ? RELOAD : STATUS);
	}
	fake_host_pump(host);
	assert_int_equal(host->n_held, 8);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	fake_host_pump(host); /* does not spin on the hang-ups */
	for (unsigned i = 0; i < host->n_held; i++)
		fake_host_reply(host, host->held[i]);
	fake_host_pump(host);
	assert_int_equal(count_fds(), before);
}

static void test_half_closed_peers_get_their_replies(void **state)
{
	struct fake_host *host = *state;
	int fd = raw_open(host->path);

	raw_send(fd, STATUS);
	raw_send(fd, STATUS);
	assert_return_code(shutdown(fd, SHUT_WR), errno);
	expect_nth_status(host, fd, 1);
	expect_nth_status(host, fd, 2);
	assert_true(raw_is_closed(host, fd));
	close(fd);
}

/* One that asks much and reads nothing holds one reply, costs others nothing, and gets all in the end. */
static void test_slow_readers(void **state)
{
	struct fake_host *host = *state;
	int fd = raw_open(host->path), other = raw_open(host->path);
	const unsigned calls = 200;

	host->ballast = 1 << 20;
	for (unsigned i = 0; i < calls; i++)
		raw_send(fd, STATUS);
	fake_host_pump(host);
	assert_int_equal(host->n_status, 1);
	host->ballast = 0;
	raw_send(other, STATUS);
	expect_nth_status(host, other, 2);
	expect_nth_status(host, fd, 1);
	for (unsigned i = 1; i < calls; i++)
		expect_nth_status(host, fd, i + 2);
	host->ballast = 1 << 20;
	raw_send(fd, STATUS);
	fake_host_pump(host);
	close(fd); /* in the middle of a reply */
	fake_host_pump(host);
	raw_send(other, GET_INFO);
	raw_expect_text(host, other, NULL, "product", "xslotd");
	close(other);
}

static void test_garbage_is_hung_up_on(void **state)
{
	static const char *const garbage[] = { "", "{}", "[]", "GET / HTTP/1.0\r\n\r\n", "{\"method\":[]}",
		"{\"method\":\"io.xslot.Status\"" };
	struct fake_host *host = *state;
	int good = raw_open(host->path), fd;
	unsigned before = count_fds();

	for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
		fd = raw_open(host->path);
		raw_send(fd, STATUS); /* what came before it is answered */
		raw_send(fd, garbage[i]);
		expect_nth_status(host, fd, (unsigned)i + 1);
		assert_true(raw_is_closed(host, fd));
		close(fd);
	}
	raw_send(good, GET_INFO);
	raw_expect_text(host, good, NULL, "product", "xslotd");
	assert_int_equal(count_fds(), before + 1); /* the good one's other end */
	close(good);
}

static void test_a_call_without_end_is_hung_up_on(void **state)
{
	struct fake_host *host = *state;
	int fd = raw_open(host->path);
	char text[4096];
	ssize_t n = 0;

	memset(text, ' ', sizeof(text));
	for (int i = 0; i < 64 && n >= 0; i++) {
		n = send(fd, text, sizeof(text), MSG_NOSIGNAL);
		fake_host_pump(host);
	}
	assert_true(raw_is_closed(host, fd));
	close(fd);
}

static void test_random_calls(void **state)
{
	static const char good[] = "{\"method\":\"io.xslot.Status\",\"parameters\":{\"chain\":\"edge\"}}";
	struct fake_host *host = *state;
	unsigned before = count_fds(), seed = 7;
	char text[sizeof(good)];

	for (int round = 0; round < 1000; round++) {
		int fd = raw_open(host->path);

		for (int call = 0; call < 4; call++) {
			memcpy(text, good, sizeof(good));
			for (int i = rand_r(&seed) % 3; i > 0; i--)
				text[(unsigned)rand_r(&seed) % sizeof(good)] = (char)rand_r(&seed);
			send(fd, text, sizeof(text), MSG_NOSIGNAL);
			if (rand_r(&seed) % 2)
				fake_host_pump(host);
		}
		close(fd);
	}
	fake_host_pump(host);
	assert_int_equal(count_fds(), before);
	assert_in_range(host->n_status, 500, 4000);
}

static void test_out_of_file_descriptors(void **state)
{
	struct fake_host *host = *state;
	struct rlimit limit, low;
	int waiting = raw_open(host->path);

	assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), errno);
	low = (struct rlimit){ (rlim_t)waiting + 1, limit.rlim_max };
	assert_return_code(setrlimit(RLIMIT_NOFILE, &low), errno);
	fake_host_pump(host); /* does not spin */
	raw_send(waiting, GET_INFO);
	assert_true(raw_is_silent(host, waiting));
	assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
	assert_true(sd_event_run(host->event, 10000000) > 0); /* the pause's end */
	raw_expect_text(host, waiting, NULL, "product", "xslotd");
	close(waiting);
}

static int send_error; /* of the next send() */

ssize_t __real_send(int fd, const void *data, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t size, int flags);

ssize_t __wrap_send(int fd, const void *data, size_t size, int flags)
{
	if (!send_error)
		return __real_send(fd, data, size, flags);
	errno = send_error;
	send_error = 0;
	return -1;
}

/* It would wait for a reply that does not come. */
static void test_a_reply_that_cannot_be_sent_is_a_hang_up(void **state)
{
	static const int errors[] = { ENOMEM, EMFILE, EPERM, ENOBUFS };
	struct fake_host *host = *state;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		int fd = raw_open(host->path);
		char byte;

		raw_send(fd, GET_INFO);
		send_error = errors[i];
		fake_host_pump(host);
		assert_int_equal(send_error, 0);
		assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
		close(fd);
	}
}

/* As user nobody: reading is allowed, reloading is not, and 70 connections are more than one may have. */
static void be_nobody(const char *path)
{
	char reply[65536];
	int fds[70];
	ssize_t n;

	if (setgid(65534) || setuid(65534))
		_exit(10);
	for (int i = 0; i < 70; i++) {
		fds[i] = raw_open(path);
		fcntl(fds[i], F_SETFL, 0);
	}
	send(fds[0], RELOAD, sizeof(RELOAD), MSG_NOSIGNAL);
	n = recv(fds[0], reply, sizeof(reply) - 1, 0);
	reply[n > 0 ? n : 0] = 0;
	if (!strstr(reply, "\"io.xslot.PermissionDenied\"") || !strstr(reply, "Reload is for root only"))
		_exit(11);
	send(fds[0], STATUS, sizeof(STATUS), MSG_NOSIGNAL);
	n = recv(fds[0], reply, sizeof(reply) - 1, 0);
	reply[n > 0 ? n : 0] = 0;
	if (!strstr(reply, "\"last_reload\""))
		_exit(12);
	_exit(recv(fds[69], reply, 1, 0) == 0 ? 0 : 13);
}

static void test_others_may_read_and_not_change(void **state)
{
	struct fake_host *host = *state;
	int status, fd;
	pid_t pid;

	if (geteuid())
		skip();
	assert_return_code(chmod(host->directory, 0755), errno);
	assert_return_code(chmod(host->path, 0666), errno);
	pid = fork();
	if (!pid)
		be_nobody(host->path);
	while (!waitpid(pid, &status, WNOHANG))
		sd_event_run(host->event, 10000);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(host->n_reload, 0);
	assert_int_equal(host->n_status, 1);
	fd = raw_open(host->path);
	raw_send(fd, RELOAD);
	raw_expect_text(host, fd, NULL, "result", "refused");
	close(fd);
}

static void test_calls_outlive_the_server(void **state)
{
	struct fake_host *host = *state;
	int fd = raw_open(host->path);

	host->hold = true;
	raw_send(fd, RELOAD);
	fake_host_pump(host);
	server_free(host->server);
	host->server = NULL;
	fake_host_reply(host, host->held[0]);
	assert_true(raw_is_closed(host, fd));
	close(fd);
}

static void test_the_last_reply_is_sent(void **state)
{
	struct fake_host *host = *state;
	int fd = raw_open(host->path);

	host->hold = true;
	raw_send(fd, RELOAD);
	fake_host_pump(host);
	fake_host_reply(host, host->held[0]);
	server_free(host->server); /* no turn of the loop between */
	host->server = NULL;
	raw_expect_text(host, fd, NULL, "result", "refused");
	assert_null(raw_receive(host, fd));
	close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_host_setup, fake_host_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_introspection),
		TEST(test_description_has_the_keys_that_are_sent),
		TEST(test_calls_that_are_wrong),
		TEST(test_the_chain_is_handed_on),
		TEST(test_a_call_in_pieces),
		TEST(test_pipelined_calls_are_answered_in_order),
		TEST(test_oneway_calls_get_no_reply),
		TEST(test_oneway_and_gone),
		TEST(test_a_hang_up_does_not_start_the_next_call),
		TEST(test_callers_that_hang_up),
		TEST(test_half_closed_peers_get_their_replies),
		TEST(test_slow_readers),
		TEST(test_garbage_is_hung_up_on),
		TEST(test_a_call_without_end_is_hung_up_on),
		TEST(test_random_calls),
		TEST(test_a_reply_that_cannot_be_sent_is_a_hang_up),
		TEST(test_out_of_file_descriptors),
		TEST(test_others_may_read_and_not_change),
		TEST(test_calls_outlive_the_server),
		TEST(test_the_last_reply_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Out of memory, at each allocation in turn: once, or from there on. Every run but the last one, in which
 * nothing failed, ends with an error; none with a crash or, as the sanitizer sees it, a leak.
 */
#include <errno.h>
#include <stdio.h>

#include "config-files.h"
#include "config/config_read.h"
#include "config/param.h"
#include "control/client.h"
#include "control/status_json.h"
#include "control/varlink.h"
#include "fake-host.h"
#include "fake-status.h"
#include "param-table.h"

static unsigned calls, fail_at; /* 0: never */
static bool fail_on;		/* all later ones, too */
static bool failed;
static bool again; /* what runs tries again by itself */

/* Is it this one's turn? */
static bool refuse(void)
{
	calls++;
	if (fail_at == 0 || calls < fail_at || (calls > fail_at && !fail_on))
		return false;
	failed = true;
	errno = ENOMEM;
	return true;
}

#define WRAP(type, name, parameters, arguments)                                                              \
	type __real_##name parameters;                                                                       \
	type __wrap_##name parameters;                                                                       \
	type __wrap_##name parameters                                                                        \
	{                                                                                                    \
		return refuse() ? NULL : __real_##name arguments;                                            \
	}

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(void *, reallocarray, (void *old, size_t n, size_t size), (old, n, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t size), (text, size))
WRAP(FILE *, open_memstream, (char **text, size_t *size), (text, size))

int __real_vasprintf(char **text, const char *format, va_list args);
int __wrap_vasprintf(char **text, const char *format, va_list args);
int __wrap_asprintf(char **text, const char *format, ...);

int __wrap_vasprintf(char **text, const char *format, va_list args)
{
	return refuse() ? -1 : __real_vasprintf(text, format, args);
}

int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = __wrap_vasprintf(text, format, args);
	va_end(args);
	return n;
}

/* jansson is a library of its own: it is told. */
static void *json_allocate(size_t size)
{
	return refuse() ? NULL : __real_malloc(size);
}

/* Run `once`, which says whether it ended with an error, for every n. `faulty`: it always does. */
static void for_every_n(bool (*once)(void *data), void *data, bool faulty)
{
	for (int mode = 0; mode < 2; mode++) {
		fail_on = mode;
		for (fail_at = 1, failed = true; failed; fail_at++) {
			bool error;

			calls = 0;
			failed = false;
			error = once(data);
			/* Files that could not be looked at are read again: that may be good when it failed
			 * once. */
			if (again && failed && !fail_on && !error)
				continue;
			if (error != (failed || faulty))
				fail_msg("allocation %u of %u fails, and the result is %s", fail_at, calls,
					error ? "an error" : "good");
			assert_in_range(fail_at, 1, 20000);
		}
		assert_true(fail_at > 2);
	}
	fail_at = 0;
}

static bool load(void *data)
{
	struct report report = {};
	struct config *config = NULL;
	int r = config_load(NULL, data, &config, &report);

	assert_int_equal(r < 0, config == NULL);
	assert_int_equal(r<0, report.n_errors> 0);
	config_free(config);
	report_clear(&report);
	return r < 0;
}

static bool read_in_spite(void *data)
{
	struct report report = {};
	struct config *config = NULL;
	int r = config_read(NULL, data, &config, &report);

	config_free(config);
	report_clear(&report);
	return r < 0;
}

static bool load_host(void *data)
{
	struct config_host host = {};
	int r = config_load_host(data, &host);

	config_host_deinit(&host);
	return r < 0;
}

static bool load_through_files(void *data)
{
	struct files *files = files_new(NULL);
	struct report report = {};
	struct config *config = NULL;
	int r = files ? config_load(files, data, &config, &report) : -ENOMEM;

	config_free(config);
	files_free(files);
	report_clear(&report);
	return r < 0;
}

static void test_configuration(void **state)
{
	file_write("x.ini",
		"[host]\nplugin_path = /a:/b\nlog_level = debug\nbpffs = /sys/fs/bpf/x\nsocket = /run/x\n"
		"[chain edge]\ninterfaces = eth0, eth1\ninterfaces = eth2\nfinal = drop\n"
		"[slot edge.10]\nplugin = acl\nrules = /etc/rules\nproceed_on = pass, drop\n"
		"[slot edge.20]\nplugin = object\nobject = /a.o\nprogram = main\n"
		"[chain core]\ninterfaces = eth3\n");
	file_write("conf.d/a.ini", "[slot core.1]\nplugin = count\n");
	again = true;
	for_every_n(load, "x.ini", false);
	for_every_n(load_host, "x.ini", false);
	for_every_n(load_through_files, "x.ini", false);
	file_write("conf.d/b.ini",
		"[slot core.2]\nplugni = count\nplugin = a b\nfinal\n[slot cor.3]\nplugin = "
		"a\n[host\n[hots]\n"
		"[chain edge]\n[chain lab]\nmode = fast\ninterfaces = eth0,eth0\n[slot lab.1]\n");
	for_every_n(load, "x.ini", true);
	for_every_n(read_in_spite, "x.ini", true);
	again = false;
}

static bool parse_params(void *data)
{
	struct report report = {};
	struct params *params = NULL;
	int r = params_parse(data, schema, NULL, &params, &report);

	assert_int_equal(r < 0, params == NULL);
	assert_int_equal(r<0, report.n_errors> 0);
	params_free(params);
	report_clear(&report);
	return r < 0;
}

static void test_parameters(void **state)
{
	struct config_param params[] = { { "rate", "10k", { "x.ini", 5 } } };
	struct config_slot slot = { .plugin = "acl",
		.params = params,
		.n_params = 1,
		.place = { "x.ini", 3 },
		.plugin_place = { "x.ini", 4 } };
	struct report report = {};
	struct params *parsed = NULL;

	/* Whether these are good is another test's: here both kinds of result will do. */
	for_every_n(parse_params, &slot, params_parse(&slot, schema, NULL, &parsed, &report) < 0);
	params_free(parsed);
	report_clear(&report);
	params[0].name = "raet";
	for_every_n(parse_params, &slot, true);
}

static bool make_status(void *data)
{
	json_t *json = status_to_json(data);

	json_decref(json);
	return !json;
}

static bool make_reload(void *data)
{
	json_t *json = status_reload_to_json(data, true);

	json_decref(json);
	return !json;
}

static void test_status(void **state)
{
	struct status *status = fake_status();
	struct status_reload reload;

	for_every_n(make_status, status, false);
	fake_reload(&reload);
	for_every_n(make_reload, &reload, false);
	status_reload_clear(&reload);
	status_free(status);
}

/* It once went on with all the rest: half a million errors, for 20 s. */
static void test_a_failure_ends_the_work(void **state)
{
	struct status_reload reload = { .result = "refused", .n_errors = 500000 };

	reload.errors = calloc(reload.n_errors, sizeof(*reload.errors));
	calls = 0;
	failed = false;
	fail_on = false;
	fail_at = 20;
	for (size_t i = 0; i < reload.n_errors; i++)
		reload.errors[i].message = __real_strdup("x");
	assert_null(status_reload_to_json(&reload, true));
	fail_at = 0;
	assert_in_range(calls, 20, 100);
	status_reload_clear(&reload);
}

struct exchange {
	struct fake_host *host;
	const char *call;
};

static void serve_status(struct server_call *call, const char *chain, void *data)
{
	server_reply_status(call, data);
}

static void serve_reload(struct server_call *call, const struct server_reload *reload, void *data)
{
	server_reply_reload(call, &((struct status *)data)->last_reload);
}

/* One call to a server of the test's own; true: it hung up, with or without the reply. */
static bool exchange(void *data)
{
	struct exchange *it = data;
	unsigned at = fail_at;
	bool closed;
	int fd;

	fail_at = 0; /* the test's own side */
	fd = raw_open(it->host->path);
	raw_send(fd, it->call);
	calls = 0;
	fail_at = at;
	fake_host_pump(it->host);
	fail_at = 0;
	json_decref(raw_receive(it->host, fd)); /* whole, or nothing */
	closed = raw_is_closed(it->host, fd);
	close(fd);
	fake_host_pump(it->host);
	fail_at = at;
	return closed;
}

static void test_calls(void **state)
{
	static const char *const texts[] = {
		"{\"method\":\"io.xslot.Status\"}",
		"{\"method\":\"io.xslot.Status\",\"parameters\":{\"chain\":\"edge\"}}",
		"{\"method\":\"io.xslot.Status\",\"parameters\":{\"cain\":1}}",
		"{\"method\":\"io.xslot.Reload\",\"parameters\":{\"confirm\":30}}",
		"{\"method\":\"io.xslot.Stop\"}",
		"{\"method\":\"org.varlink.service.GetInfo\"}",
		"{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":"
		"\"io."
		"xslot\"}}",
	};
	struct status *status = fake_status();
	const struct server_handler handler = {
		.status = serve_status, .reload = serve_reload, .data = status
	};
	struct exchange it;
	struct xslot_diag diag = {};
	void *fake;

	fake_host_setup(&fake);
	it.host = fake;
	server_free(it.host->server);
	assert_int_equal(server_new(it.host->event, it.host->path, &handler, &it.host->server, &diag), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		it.call = texts[i];
		for_every_n(exchange, &it, false);
	}
	fake_host_teardown(&fake);
	status_free(status);
}

static bool open_client(void *data)
{
	struct fake_host *host = data;
	struct client *client = NULL;
	struct xslot_diag diag = {};
	int r = client_open(host->path, &client, &diag);
	json_t *reply = NULL;

	/* Nobody answers: what is looked at is the way to the host. */
	if (r == 0)
		r = client_call(client, "io.xslot.Status", json_object(), 0, &reply, &diag);
	client_close(client);
	assert_true(r < 0 && diag.message[0]);
	return true;
}

static void test_client(void **state)
{
	struct fake_host *host;
	void *fake;

	fake_host_setup(&fake);
	host = fake;
	server_free(host->server);
	host->server = NULL;
	for_every_n(open_client, host, true);
	fake_host_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_a_failure_ends_the_work),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_client),
	};

	json_set_alloc_funcs(json_allocate, free);
	return cmocka_run_group_tests(tests, files_setup, files_teardown);
}

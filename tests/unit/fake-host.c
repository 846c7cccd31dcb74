/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "fake-host.h"

#include <dirent.h>
#include <stdio.h>

#include "fake-status.h"

static void fake_set(char **text, const char *name)
{
	free(*text);
	*text = strdup(name);
}

static void fake_rename(const struct fake_host *host, struct status *status)
{
	struct status_slot *slot = status->chains->slots;

	status->last_reload.n_more_errors = host->more;
	if (!host->name)
		return;
	fake_set(&status->chains->interfaces[0].name, host->name);
	fake_set(&status->last_reload.changed[0], host->name);
	fake_set(&status->last_reload.errors[0].file, host->name);
	fake_set(&status->last_reload.errors[0].message, host->name);
	fake_set(&slot->plugin, host->name);
	fake_set(&slot->version, host->name);
	fake_set(&slot->said.texts[0].key, host->name);
	fake_set(&slot->said.texts[0].value, host->name);
	fake_set(&slot->maps[0].name, host->name);
	fake_set(&status->off[0], host->name);
	fake_set(&status->quarantined[0], host->name);
	fake_set(&status->silenced[0].plugin, host->name);
}

static void fake_on_status(struct server_call *call, const char *chain, void *data)
{
	struct fake_host *host = data;
	struct status *status;

	host->n_status++;
	snprintf(host->chain, sizeof(host->chain), "%s", chain ? chain : "(all)");
	if (host->hold) {
		host->held[host->n_held++] = call;
		return;
	}
	if (chain && strcmp(chain, "edge")) {
		server_reply_error(call, ERROR_NO_SUCH_CHAIN, "there is no chain of that name");
		return;
	}
	status = fake_status();
	status->host.reloads = host->n_status;
	if (host->healthy) {
		status->chains->gap_packets = status->chains->bad_verdicts = 0;
		status->chains->bypass = false;
		free(status->off[--status->n_off]);
		free(status->quarantined[--status->n_quarantined]);
		free(status->silenced[--status->n_silenced].plugin);
	}
	fake_rename(host, status);
	if (host->adjust)
		host->adjust(status);
	if (host->ballast) {
		char *message = malloc(host->ballast + 1);

		memset(message, 'x', host->ballast);
		message[host->ballast] = 0;
		free(status->last_reload.errors[0].message);
		status->last_reload.errors[0].message = message;
	}
	server_reply_status(call, status);
	status_free(status);
}

void fake_host_reply(struct fake_host *host, struct server_call *call)
{
	struct status_reload reload;

	fake_reload(&reload);
	reload.n_more_errors = host->more;
	if (host->name)
		fake_set(&reload.errors[1].message, host->name);
	if (host->healthy) {
		status_reload_clear(&reload);
		reload.result = host->dry_run ? host->dry_result : "ok";
		reload.confirm_seconds = host->confirm;
	}
	server_reply_reload(call, &reload);
	status_reload_clear(&reload);
}

static void fake_on_reload(struct server_call *call, const struct server_reload *asked, void *data)
{
	struct fake_host *host = data;

	host->confirm = asked->confirm;
	host->allow_detach = asked->allow_detach;
	host->allow_bare = asked->allow_bare;
	if (asked->rollback)
		host->n_rollback++;
	else
		host->n_reload++;
	if (!asked->rollback)
		host->settle = asked->settle;
	host->dry_run = asked->dry_run;
	if (host->hold && !asked->rollback)
		host->held[host->n_held++] = call;
	else
		fake_host_reply(host, call);
}

static void fake_on_confirm(struct server_call *call, void *data)
{
	struct fake_host *host = data;

	if (host->healthy)
		server_reply_confirm(call, "confirmed");
	else
		server_reply_error(call, ERROR_FAILED, "there is nothing to confirm");
}

static void fake_on_bypass(struct server_call *call, const char *chain, bool on, void *data)
{
	struct fake_host *host = data;

	snprintf(host->chain, sizeof(host->chain), "%s", chain);
	host->n_bypass++;
	host->bypass = on;
	if (strcmp(chain, "edge"))
		server_reply_error(call, ERROR_NO_SUCH_CHAIN, "there is no chain of that name");
	else
		server_reply_bypass(call, on, on ? "bypassed now" : "not bypassed");
}

static void fake_on_clean(struct server_call *call, const char *chain, void *data)
{
	struct fake_host *host = data;

	snprintf(host->chain, sizeof(host->chain), "%s", chain ? chain : "(all)");
	host->n_clean++;
	if (chain && strcmp(chain, "edge"))
		server_reply_error(call, ERROR_NO_SUCH_CHAIN, "there is no chain of that name");
	else
		server_reply_clean(call, 3, "taken off");
}

static void fake_on_events(struct server_call *call, uint64_t after, bool wait, void *data)
{
	struct fake_host *host = data;
	char *changed[] = { "edge: final pass -> drop", "edge.10: acl, rules +1 -0 lines" };
	struct event event = { .id = after + 1,
		.at = FAKE_TIME,
		.kind = "reload",
		.result = "ok",
		.chain = "edge",
		.interface = "eth0",
		.by = "uid 0, pid 7 with SIGHUP",
		.message = host->name ? (char *)host->name : "reload, 2 changes",
		.changed = changed,
		.n_changed = 2 };
	const struct event *list[] = { &event };

	host->n_events++;
	host->after = after;
	if (wait && host->hold)
		host->held[host->n_held++] = call;
	else
		server_reply_events(
			call, list, !(wait && host->quiet), wait && host->quiet ? after : event.id);
}

static void fake_on_command(struct server_call *call, const struct server_command *asked, void *data)
{
	struct fake_host *host = data;
	struct status_pair texts[] = { { "removed", host->name ? (char *)host->name : "1 prefix" } };
	struct status_number numbers[] = {
		{ .name = "left", .unit = "prefixes", .kind = "gauge", .value = 7 }
	};
	const struct status_said said = { texts, 1, numbers, 1 };

	snprintf(host->chain, sizeof(host->chain), "%s", asked->slot);
	snprintf(host->command, sizeof(host->command), "%s", asked->name);
	for (size_t i = 0; i < asked->n; i++)
		snprintf(host->command + strlen(host->command), sizeof(host->command) - strlen(host->command),
			"|%s", asked->arguments[i]);
	host->n_command++;
	if (server_call_peer(call).uid != 0)
		server_reply_error(call, ERROR_PERMISSION_DENIED, "unblock of plugin fake is for root only");
	else if (strcmp(asked->name, "unblock") != 0)
		server_reply_error(call, ERROR_FAILED, "slot edge.10: plugin fake has no such command");
	else
		server_reply_command(call, &said);
}

void fake_host_start(struct fake_host *host)
{
	const struct server_handler handler = { .status = fake_on_status,
		.reload = fake_on_reload,
		.confirm = fake_on_confirm,
		.bypass = fake_on_bypass,
		.clean = fake_on_clean,
		.events = fake_on_events,
		.command = fake_on_command,
		.data = host };
	struct xslot_diag diag = {};

	if (server_new(host->event, host->path, &handler, &host->server, &diag))
		fail_msg("%s", diag.message);
}

int fake_host_setup(void **state)
{
	struct fake_host *host = calloc(1, sizeof(*host));

	strcpy(host->directory, "/tmp/xslot-test-XXXXXX");
	assert_non_null(mkdtemp(host->directory));
	snprintf(host->path, sizeof(host->path), "%s/control", host->directory);
	assert_return_code(sd_event_new(&host->event), 0);
	fake_host_start(host);
	*state = host;
	return 0;
}

int fake_host_teardown(void **state)
{
	struct fake_host *host = *state;

	server_free(host->server);
	sd_event_unref(host->event);
	unlink(host->path);
	assert_int_equal(rmdir(host->directory), 0);
	free(host);
	return 0;
}

void fake_host_pump(struct fake_host *host)
{
	unsigned turns = 0;

	while (sd_event_run(host->event, 0) > 0)
		assert_in_range(++turns, 1, 1000000);
}

int raw_open(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, path);
	assert_return_code(connect(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	return fd;
}

void raw_send(int fd, const char *text)
{
	size_t length = strlen(text) + 1;

	assert_int_equal(send(fd, text, length, MSG_NOSIGNAL), length);
}

json_t *raw_receive(struct fake_host *host, int fd)
{
	char chunk[65536], *text = NULL, *end = NULL;
	size_t size = 0;
	json_t *json;

	while (!end) {
		ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_PEEK);

		if (n < 0 && errno == EAGAIN) {
			if (sd_event_run(host->event, 0) <= 0)
				fail_msg("the host sends nothing");
			continue;
		}
		if (n <= 0) {
			free(text);
			return NULL;
		}
		end = memchr(chunk, 0, (size_t)n);
		n = recv(fd, chunk, end ? (size_t)(end - chunk) + 1 : (size_t)n, 0);
		text = realloc(text, size + (size_t)n);
		memcpy(text + size, chunk, (size_t)n);
		size += (size_t)n;
	}
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	free(text);
	return json;
}

bool raw_is_closed(struct fake_host *host, int fd)
{
	char byte;

	fake_host_pump(host);
	return recv(fd, &byte, 1, 0) == 0 || errno == ECONNRESET;
}

bool raw_is_silent(struct fake_host *host, int fd)
{
	char byte;

	fake_host_pump(host);
	return recv(fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

unsigned count_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(directory))
		n++;
	closedir(directory);
	return n;
}

json_t *raw_expect(struct fake_host *host, int fd, const char *error)
{
	json_t *message = raw_receive(host, fd), *parameters;
	const char *got;

	assert_non_null(message);
	got = json_string_value(json_object_get(message, "error"));
	if (error) {
		assert_non_null(got);
		assert_string_equal(got, error);
	} else {
		assert_null(got);
	}
	parameters = json_incref(json_object_get(message, "parameters"));
	json_decref(message);
	assert_true(json_is_object(parameters));
	return parameters;
}

void raw_expect_text(struct fake_host *host, int fd, const char *error, const char *key, const char *value)
{
	json_t *parameters = raw_expect(host, fd, error);
	const char *got = json_string_value(json_object_get(parameters, key));

	assert_non_null(got);
	if (value)
		assert_string_equal(got, value);
	json_decref(parameters);
}

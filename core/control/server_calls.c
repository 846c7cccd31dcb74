/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The methods: who may call them, and with which arguments. A reply is only queued, and the loop sends it, so
 * a handler that replies at once never finds that its connection was freed. If a caller hangs up, its request
 * is still carried out: `oneway` callers do just that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/connection.h"
#include "control/interface.h"
#include "control/status_json.h"
#include "control/varlink.h"
#include "util/cleanup.h"

/* The reply, taken over; NULL when there was no memory for it. */
static void call_finish(struct server_call *call, json_t *reply)
{
	struct connection *connection = call->connection;

	if (connection) {
		if (!reply)
			connection->broken = true;
		else if (!call->oneway && !connection->deaf &&
			 varlink_writer_put(&connection->writer, json_incref(reply)) < 0)
			connection->broken = true;
		/* Level-triggered: the next turn of the loop goes on. */
		if (connection_set_call(connection, NULL) < 0)
			connection->broken = true;
	}
	json_decref(reply);
	free(call);
}

struct server_peer server_call_peer(const struct server_call *call)
{
	return call->peer;
}

/* `parameters` are taken over; NULL when there was no memory for them, which is not the same as none. */
static void call_answer(struct server_call *call, json_t *parameters)
{
	call_finish(call, parameters ? varlink_reply_new(parameters) : NULL);
}

void server_reply_status(struct server_call *call, const struct status *status)
{
	json_t *json = status_to_json(status);

	call_answer(call, json);
}

void server_reply_reload(struct server_call *call, const struct status_reload *reload)
{
	json_t *json = status_reload_to_json(reload, true);

	call_answer(call, json);
}

void server_reply_error(struct server_call *call, const char *error, const char *message)
{
	call_finish(call, varlink_error_new(error, "message", message));
}

void server_reply_bypass(struct server_call *call, bool changed, const char *message)
{
	call_answer(call, json_pack("{s:b, s:o}", "changed", changed, "message", json_text(message)));
}

void server_reply_clean(struct server_call *call, size_t removed, const char *message)
{
	call_answer(
		call, json_pack("{s:I, s:o}", "removed", (json_int_t)removed, "message", json_text(message)));
}

void server_reply_confirm(struct server_call *call, const char *message)
{
	call_answer(call, json_pack("{s:o}", "message", json_text(message)));
}

void server_reply_events(struct server_call *call, const struct event *const *events, size_t n, uint64_t last)
{
	json_t *list = json_array();
	int failed = !list;

	for (size_t i = 0; i < n && !failed; i++)
		failed = json_array_append_new(list, event_to_json(events[i]));
	if (failed) {
		json_decref(list);
		call_answer(call, NULL);
		return;
	}
	call_answer(call, json_pack("{s:o, s:I}", "events", list, "last", (json_int_t)last));
}

void server_reply_command(struct server_call *call, const struct status_said *said)
{
	json_t *json = status_said_to_json(said);

	call_answer(call, json);
}

/* Parameters were checked against the method's table: what is not given, or null, is NULL and false here. */
static const char *text_given(const json_t *parameters, const char *name)
{
	return json_string_value(json_object_get(parameters, name));
}

static bool flag_given(const json_t *parameters, const char *name)
{
	return json_is_true(json_object_get(parameters, name));
}

static unsigned number_given(const json_t *parameters, const char *name)
{
	return (unsigned)json_integer_value(json_object_get(parameters, name));
}

static void run_status(struct server_call *call, struct server *server, const json_t *parameters)
{
	server->handler.status(call, text_given(parameters, "chain"), server->handler.data);
}

static void run_change(
	struct server_call *call, struct server *server, const json_t *parameters, bool rollback)
{
	const struct server_reload asked = {
		.rollback = rollback,
		.allow_detach = flag_given(parameters, "allow_detach"),
		.allow_bare = flag_given(parameters, "allow_bare"),
		.settle = flag_given(parameters, "settle"),
		.dry_run = flag_given(parameters, "dry_run"),
		.confirm = number_given(parameters, "confirm"),
	};

	server->handler.reload(call, &asked, server->handler.data);
}

static void run_reload(struct server_call *call, struct server *server, const json_t *parameters)
{
	if (flag_given(parameters, "dry_run") && number_given(parameters, "confirm"))
		call_finish(call, varlink_error_new(VARLINK_INVALID_PARAMETER, "parameter", "confirm"));
	else
		run_change(call, server, parameters, false);
}

static void run_rollback(struct server_call *call, struct server *server, const json_t *parameters)
{
	run_change(call, server, parameters, true);
}

static void run_confirm(struct server_call *call, struct server *server, const json_t *parameters)
{
	server->handler.confirm(call, server->handler.data);
}

static void run_bypass(struct server_call *call, struct server *server, const json_t *parameters)
{
	server->handler.bypass(
		call, text_given(parameters, "chain"), flag_given(parameters, "on"), server->handler.data);
}

static void run_clean(struct server_call *call, struct server *server, const json_t *parameters)
{
	const char *chain = text_given(parameters, "chain");

	/* Whoever forgot the name must not take everything off. */
	if (flag_given(parameters, "all") == !!chain)
		call_finish(call,
			varlink_error_new(VARLINK_INVALID_PARAMETER, "parameter", chain ? "all" : "chain"));
	else
		server->handler.clean(call, chain, server->handler.data);
}

static void run_events(struct server_call *call, struct server *server, const json_t *parameters)
{
	server->handler.events(call, number_given(parameters, "after"), flag_given(parameters, "wait"),
		server->handler.data);
}

static void run_call(struct server_call *call, struct server *server, const json_t *parameters)
{
	const json_t *list = json_object_get(parameters, "arguments"), *each;
	struct server_command asked = { .slot = text_given(parameters, "slot"),
		.name = text_given(parameters, "command") };
	CLEANUP(free) const char **arguments = calloc(json_array_size(list) + 1, sizeof(*arguments));
	size_t i;

	if (!arguments) {
		call_finish(call, NULL);
		return;
	}
	json_array_foreach(list, i, each) arguments[asked.n++] = json_string_value(each);
	asked.arguments = arguments;
	server->handler.command(call, &asked, server->handler.data);
}

static void run_get_info(struct server_call *call, struct server *server, const json_t *parameters)
{
	call_answer(call,
		json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "xslot", "product", "xslotd", "version",
			XSLOT_VERSION, "url", "", "interfaces", INTERFACE_SERVICE, INTERFACE_XSLOT));
}

static void run_get_description(struct server_call *call, struct server *server, const json_t *parameters)
{
	const char *interface = text_given(parameters, "interface");
	const char *text = interface_description(interface);

	if (text)
		call_answer(call, json_pack("{s:s}", "description", text));
	else
		call_finish(call, varlink_error_new(VARLINK_INTERFACE_NOT_FOUND, "interface", interface));
}

struct parameter {
	const char *name;
	bool boolean; /* it is true or false; else a string, … */
	unsigned max; /* … or, when this is not 0, a number from 1 to it, … */
	bool list;    /* … or a list of strings */
	bool required;
};

static const struct method {
	const char *interface, *name;
	bool changes; /* root only */
	void (*run)(struct server_call *call, struct server *server, const json_t *parameters);
	struct parameter parameters[6]; /* ends with one that has no name */
} methods[] = {
	{ INTERFACE_SERVICE, "GetInfo", false, run_get_info },
	{ INTERFACE_SERVICE, "GetInterfaceDescription", false, run_get_description,
		{ { "interface", .required = true } } },
	{ INTERFACE_XSLOT, "Status", false, run_status, { { "chain" } } },
	{ INTERFACE_XSLOT, "Reload", true, run_reload,
		{ { "allow_detach", .boolean = true }, { "allow_bare", .boolean = true },
			{ "confirm", .max = SERVER_CONFIRM_MAX }, { "settle", .boolean = true },
			{ "dry_run", .boolean = true } } },
	{ INTERFACE_XSLOT, "Rollback", true, run_rollback,
		{ { "allow_detach", .boolean = true }, { "allow_bare", .boolean = true },
			{ "confirm", .max = SERVER_CONFIRM_MAX } } },
	{ INTERFACE_XSLOT, "Confirm", true, run_confirm },
	{ INTERFACE_XSLOT, "Bypass", true, run_bypass,
		{ { "chain", .required = true }, { "on", .boolean = true, .required = true } } },
	{ INTERFACE_XSLOT, "Clean", true, run_clean, { { "chain" }, { "all", .boolean = true } } },
	{ INTERFACE_XSLOT, "Events", false, run_events,
		{ { "after", .max = UINT32_MAX }, { "wait", .boolean = true } } },
	/* A command may be for all; that is the host's to know. */
	{ INTERFACE_XSLOT, "Call", false, run_call,
		{ { "slot", .required = true }, { "command", .required = true },
			{ "arguments", .list = true } } },
};

static bool in_interface(const struct varlink_call *call, const char *interface)
{
	size_t length = strlen(interface);

	return !strncmp(call->method, interface, length) && call->method[length] == '.' &&
	       call->name == call->method + length + 1;
}

/* NULL when there is none; `ret_error` then says how far the name led. */
static const struct method *method_find(const struct varlink_call *call, const char **ret_error)
{
	const char *error = VARLINK_INTERFACE_NOT_FOUND;

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (!in_interface(call, methods[i].interface))
			continue;
		if (!strcmp(call->name, methods[i].name))
			return &methods[i];
		error = VARLINK_METHOD_NOT_FOUND;
	}
	*ret_error = error;
	return NULL;
}

static bool is_list(const json_t *value)
{
	const json_t *each;
	size_t i;

	json_array_foreach(value, i, each) if (!json_is_string(each)) return false;
	return json_is_array(value);
}

static bool parameter_takes(const struct parameter *parameter, const json_t *value)
{
	if (json_is_null(value))
		return true;
	if (parameter->list)
		return is_list(value);
	if (parameter->max)
		return json_is_integer(value) && json_integer_value(value) >= 1 &&
		       json_integer_value(value) <= (json_int_t)parameter->max;
	return parameter->boolean ? json_is_boolean(value) : json_is_string(value);
}

/* The name of the first parameter that the method cannot take as it is, or that it misses; or NULL. */
static const char *method_refuses(const struct method *method, json_t *parameters)
{
	const struct parameter *parameter;
	const char *key;
	json_t *value;

	json_object_foreach(parameters, key, value)
	{
		for (parameter = method->parameters; parameter->name; parameter++)
			if (!strcmp(key, parameter->name))
				break;
		if (!parameter->name || !parameter_takes(parameter, value))
			return key;
	}
	for (parameter = method->parameters; parameter->name; parameter++) {
		value = json_object_get(parameters, parameter->name);
		if (parameter->required && (!value || json_is_null(value)))
			return parameter->name;
	}
	return NULL;
}

static json_t *method_missing(const struct varlink_call *call, const char *error)
{
	CLEANUP(free) char *interface = strdup(call->method);

	if (!interface)
		return NULL;
	if (!strcmp(error, VARLINK_METHOD_NOT_FOUND))
		return varlink_error_new(error, "method", call->method);
	if (*call->name)
		interface[call->name - call->method - 1] = 0;
	return varlink_error_new(error, "interface", interface);
}

static json_t *denied(const struct connection *connection, const struct method *method)
{
	char text[128];

	snprintf(text, sizeof(text), "%s is for root only; user %u may read the status", method->name,
		(unsigned)connection->peer.uid);
	return varlink_error_new(ERROR_PERMISSION_DENIED, "message", text);
}

/* The message's strings live until this returns. */
int server_dispatch(struct connection *connection, json_t *message)
{
	const char *bad = NULL, *error;
	struct varlink_call parsed;
	const struct method *method;
	struct server_call *call;
	int r;

	r = varlink_call_parse(message, &parsed, &bad);
	if (r == -EBADMSG)
		return r;
	call = calloc(1, sizeof(*call));
	if (!call)
		return -ENOMEM;
	*call = (struct server_call){ connection, connection->peer, parsed.oneway };
	r = connection_set_call(connection, call);
	if (r < 0) {
		connection->call = NULL;
		free(call);
		return r;
	}
	method = method_find(&parsed, &error);
	if (!bad && method)
		bad = method_refuses(method, parsed.parameters);
	if (!method)
		call_finish(call, method_missing(&parsed, error));
	else if (bad)
		call_finish(call, varlink_error_new(VARLINK_INVALID_PARAMETER, "parameter", bad));
	else if (method->changes && connection->peer.uid != 0 && connection->peer.uid != geteuid())
		call_finish(call, denied(connection, method));
	else
		method->run(call, connection->server, parsed.parameters);
	return 0;
}

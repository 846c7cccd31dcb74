/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A command is a task like a reload, so it never meets half a reload: it runs before it, in the old instance,
 * or after it, in the new one. Its slot is looked up when its turn comes. Anyone may ask, so few may wait,
 * and users other than root leave room for root.
 */
#include "host/command/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/interface.h"
#include "host/plugin/quarantine.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"

struct request {
	bool root;
	const char *name;
	const char *arguments[XSLOT_MAX_ARGUMENTS];
	size_t n;
	char text[]; /* what the above point to */
};

static struct request *request_new(bool root, const struct server_command *asked)
{
	size_t size = strlen(asked->name) + 1;
	struct request *request;
	char *to;

	for (size_t i = 0; i < asked->n; i++)
		size += strlen(asked->arguments[i]) + 1;
	request = memory_must(calloc(1, sizeof(*request) + size));
	request->root = root;
	request->name = to = request->text;
	to = stpcpy(to, asked->name) + 1;
	for (request->n = 0; request->n < asked->n; request->n++) {
		request->arguments[request->n] = to;
		to = stpcpy(to, asked->arguments[request->n]) + 1;
	}
	return request;
}

static struct context *find_slot(const struct dataplane *dataplane, const char *name)
{
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		const struct chain *chain = dataplane->chains[i];

		for (size_t j = 0; j < chain->n_slots; j++) {
			struct occupant *occupant = chain->slots[j].occupant;

			if (strcmp(occupant->context.plugin.slot, name) == 0)
				return &occupant->context;
		}
	}
	return NULL;
}

/* Everything that can be refused without the plugin's code. */
static int prepare(struct command *command, const struct request *request, struct xslot_diag *diag)
{
	const struct context *context = command->context;
	int r = prepare_command(
		context->descriptor, request->name, request->arguments, request->n, &command->prepared, diag);

	if (r < 0)
		return r;
	if (!command->prepared.row->reading && !request->root)
		return fail(diag, -EPERM, "%s of plugin %s is for root only", request->name,
			context->descriptor->name);
	if (quarantine_silences(context->content, QUARANTINE_COMMAND))
		return fail(diag, -EOWNERDEAD,
			"the commands of plugin %s have crashed the host %d times, so they are not run; install another build of it, or allow another try with \"xslotctl plugin release %s\"",
			context->descriptor->name, QUARANTINE_AFTER, context->descriptor->name);
	return 0;
}

static void job_run(void *data) ON_WORKER
{
	struct command *command = data;

	context_command(command->context, &command->prepared.call, &command->report);
}

/* The first sentence of the plugin stands for all. */
static void refuse(struct command *command, const struct task *task, const char *name) ON_LOOP
{
	const struct report *report = &command->report;
	const char *why = report->n_kept ? report->errors[0].message : "out of memory";
	size_t others = report->n_errors > 1 ? report->n_errors - 1 : 0;
	CLEANUP(free) char *text = NULL;
	int r;

	if (others)
		r = asprintf(&text, "slot %s: %s: %s (and %zu more errors)", task->chain, name, why, others);
	else
		r = asprintf(&text, "slot %s: %s: %s", task->chain, name, why);
	if (r < 0)
		memory_out();
	log_error("%s%s", text, asked_clause(&task->asked));
	calls_refuse(&command->queue->running->callers, ERROR_FAILED, text);
}

/* What changed something is in the log, with its arguments. */
static void tell(const struct task *task)
{
	const struct request *request = task->request;
	const struct log_about about = { .place = task->chain, .by = asked_by(&task->asked) };
	char arguments[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < request->n && used < sizeof(arguments); i++)
		used += (size_t)snprintf(
			arguments + used, sizeof(arguments) - used, " %s", request->arguments[i]);
	log_write_about(LOG_LEVEL_INFO, &about, "slot %s: %s%s: done%s", task->chain, request->name,
		arguments, asked_clause(&task->asked));
}

static void on_run(void *data) ON_LOOP
{
	struct command *command = data;
	struct queue *queue = command->queue;
	const struct descriptor_command *row = command->prepared.row;
	struct server_call *call;

	if (command->report.n_errors)
		refuse(command, queue->running, row->name);
	else if (!row->reading)
		tell(queue->running);
	while ((call = calls_take(&queue->running->callers)))
		server_reply_command(call, &command->prepared.said);
	command_clear(command);
	queue_next(queue);
}

static void begin(void *owner, struct task *task) ON_LOOP
{
	struct command *command = owner;
	struct queue *queue = command->queue;
	CLEANUP(free) char *text = NULL;
	struct xslot_diag diag = {};
	int r;

	command->context = find_slot(command->dataplane, task->chain);
	if (!command->context)
		r = fail(&diag, -ENOENT, "there is no slot %s now; \"xslotctl status\" shows the slots",
			task->chain);
	else
		r = prepare(command, task->request, &diag);
	if (r == 0) {
		worker_submit(command->worker, job_run, on_run, command);
		return;
	}
	if (command->context)
		fail_within(&diag, r, "slot %s", task->chain);
	queue_fail(queue, r == -EPERM ? ERROR_PERMISSION_DENIED : ERROR_FAILED, diag.message);
	xslot_diag_clear(&diag);
}

static const struct task_kind command_kind = { .name = "call", .begin = begin };

static size_t count_waiting(const struct queue *queue)
{
	size_t n = 0;

	for (const struct task *task = queue->waiting; task; task = task->next)
		n += task->kind == &command_kind;
	return n;
}

static void refuse_crowd(const struct queue *queue, struct server_call *call, size_t n)
{
	const struct task *task = queue->running;
	const struct request *request = task->kind == &command_kind ? task->request : NULL;
	char why[512];

	snprintf(why, sizeof(why),
		"%zu commands wait already, and no more may: \"%s%s%s%s%s\" runs%s; try again later", n,
		task->kind->name, request ? " " : "", request ? task->chain : "", request ? " " : "",
		request ? request->name : "", asked_clause(&task->asked));
	server_reply_error(call, ERROR_FAILED, why);
}

void command_add(struct command *command, struct server_call *call, const struct server_command *asked)
{
	struct queue *queue = command->queue;
	const uid_t uid = server_call_peer(call).uid;
	const bool root = uid == 0 || uid == geteuid();
	size_t n = count_waiting(queue);
	struct task *task;

	if (asked->n > XSLOT_MAX_ARGUMENTS) {
		server_reply_error(call, ERROR_FAILED, "a command takes at most 4 arguments");
		return;
	}
	if (n >= (root ? COMMAND_WAITING_MAX : COMMAND_WAITING_USER_MAX)) {
		refuse_crowd(queue, call, n);
		return;
	}
	task = task_new(&command_kind, command, call);
	task->chain = memory_copy(asked->slot);
	task->request = request_new(root, asked);
	queue_add(queue, task);
}

void command_clear(struct command *command)
{
	status_said_clear(&command->prepared.said);
	report_clear(&command->report);
}

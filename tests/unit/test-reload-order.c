/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The phases of a reload: which come, in which order, on which thread, and when the owner of the loop is
 * told. The transaction is one of ours, the worker, the queue and the loop are the host's. What is right is
 * the diagram of change/transaction.h.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "calls.h"
#include "check.h"
#include "host/loop/reload.h"

struct transaction {
	struct transaction_options options;
};

/* What the transaction of the next reload is like. */
static struct {
	bool unchanged, stands_in, commit_fails, prepared_fails, no_config, refused, not_admitted;
} next;

static char happened[1024];
static struct report report;
static pthread_t the_loop;
static sd_event *the_event;
static struct loop loop;
static struct outcome outcome;
static struct reload reload;
static enum reload_result result;

static void note(const char *what)
{
	size_t n = strlen(happened);
	bool on_loop = pthread_equal(pthread_self(), the_loop);

	snprintf(happened + n, sizeof(happened) - n, "%s%s:%s", n ? " " : "", on_loop ? "L" : "W", what);
}

/* ---- the transaction ---- */

struct transaction *transaction_new(struct dataplane *dataplane, const struct transaction_options *options)
{
	struct transaction *transaction = calloc(1, sizeof(*transaction));

	transaction->options = *options;
	return transaction;
}

void transaction_free(struct transaction *transaction)
{
	note("free");
	free(transaction);
}

int transaction_prepare(struct transaction *transaction)
{
	note("prepare");
	if (next.refused)
		report_add(&report, "file", 1, "an error");
	return 0;
}

int transaction_commit(struct transaction *transaction, sd_event *event)
{
	note("commit");
	return next.commit_fails ? -EIO : 0;
}

void transaction_rollback(struct transaction *transaction)
{
	note("rollback");
}

void transaction_settle(struct transaction *transaction)
{
	note("settle");
}

void transaction_retire(struct transaction *transaction)
{
	note("retire");
}

void transaction_release(struct transaction *transaction)
{
	note("release");
}

void transaction_activate(struct transaction *transaction, sd_event *event)
{
	note("activate");
}

void transaction_conclude(struct transaction *transaction, sd_event *event)
{
	note("conclude");
}

bool transaction_is_dry_run(const struct transaction *transaction)
{
	return transaction->options.dry_run;
}

bool transaction_is_unchanged(const struct transaction *transaction)
{
	return next.unchanged;
}

bool transaction_stands_in(const struct transaction *transaction)
{
	return next.stands_in;
}

const struct config *transaction_config(const struct transaction *transaction)
{
	static const struct config config;

	return next.no_config ? NULL : &config;
}

struct report *transaction_report(struct transaction *transaction)
{
	return &report;
}

size_t transaction_changes(const struct transaction *transaction, char *const **ret_lines)
{
	static char *const lines[] = { "edge.10: new" };

	*ret_lines = lines;
	return next.unchanged ? 0 : 1;
}

void __wrap_dataplane_resume_watches(struct dataplane *dataplane);
void __wrap_dataplane_resume_watches(struct dataplane *dataplane)
{
	note("resume");
}

void __wrap_quarantine_leave(bool good);
void __wrap_quarantine_leave(bool good)
{
	note(good ? "good" : "not-shown");
}

/* ---- the owner of the loop ---- */

static bool on_admit(void *data, struct task *task, const struct reload_request *request)
{
	if (next.not_admitted)
		queue_next(&loop.queue);
	return !next.not_admitted;
}

static void on_begins(void *data)
{
	note("begins");
}

static int on_prepared(void *data, const struct config *config, struct transaction *transaction)
{
	note("prepared");
	return next.prepared_fails ? -EADDRINUSE : 0;
}

static void on_live(void *data, struct transaction *transaction, struct task *task)
{
	note("live");
}

static void on_over(void *data, struct transaction *transaction, struct task *task, enum reload_result over)
{
	note("over");
	result = over;
}

static void on_done(void *data, struct task *task, enum reload_result done)
{
	note("done");
	assert_int_equal(done, result);
	assert_null(reload.transaction);
	queue_next(&loop.queue);
	sd_event_exit(the_event, 0);
}

static const struct reload_events events = { on_admit, on_begins, on_prepared, on_live, on_over, on_done };

/* ---- tests ---- */

static int set_up(void **state)
{
	memset(&next, 0, sizeof(next));
	happened[0] = 0;
	result = RELOAD_NONE;
	the_loop = pthread_self();
	assert_true(sd_event_new(&the_event) >= 0);
	loop = (struct loop){ .event = the_event, .state = HOST_RUNNING };
	assert_int_equal(worker_new(the_event, &loop.worker), 0);
	outcome = (struct outcome){};
	reload = (struct reload){ .loop = &loop, .file = "file", .outcome = &outcome, .events = &events };
	return 0;
}

static int tear_down(void **state)
{
	worker_free(loop.worker);
	report_clear(&report);
	status_reload_clear(&outcome.last);
	sd_event_unref(the_event);
	return 0;
}

static void run(const struct reload_request *wanted, struct server_call *call)
{
	struct reload_request *request;
	struct task *task = reload_task(&reload, call, &request);

	*request = *wanted;
	queue_add(&loop.queue, task);
	if (loop.queue.running)
		assert_int_equal(sd_event_loop(the_event), 0);
}

static void test_live(void **state)
{
	run(&(struct reload_request){}, NULL);
	assert_string_equal(happened,
		"L:begins W:prepare L:prepared L:commit L:live W:settle L:retire W:release L:activate "
		"L:over W:free L:good L:resume L:done");
	assert_int_equal(result, RELOAD_OK);
}

static void test_unchanged(void **state)
{
	next.unchanged = true;
	run(&(struct reload_request){}, NULL);
	assert_string_equal(happened,
		"L:begins W:prepare L:prepared L:conclude L:over W:free L:good L:resume "
		"L:done");
	assert_int_equal(result, RELOAD_UNCHANGED);
}

/* Nobody is told that it is live, and the old configuration was never left. */
static void test_refused(void **state)
{
	static const char rolled_back[] = "W:rollback L:over W:free L:not-shown L:resume L:done";
	char wanted[256];

	next.refused = true;
	run(&(struct reload_request){}, NULL);
	snprintf(wanted, sizeof(wanted), "L:begins W:prepare %s", rolled_back);
	assert_string_equal(happened, wanted);
	assert_int_equal(result, RELOAD_REFUSED);
}

static void test_no_file_that_parses(void **state)
{
	next.no_config = true;
	run(&(struct reload_request){}, NULL);
	assert_string_equal(
		happened, "L:begins W:prepare W:rollback L:over W:free L:not-shown L:resume L:done");
}

static void test_socket_refuses(void **state)
{
	next.prepared_fails = true;
	run(&(struct reload_request){}, NULL);
	assert_string_equal(happened, "L:begins W:prepare L:prepared W:rollback L:over W:free L:not-shown "
				      "L:resume L:done");
	assert_int_equal(result, RELOAD_REFUSED);
}

static void test_commit_fails(void **state)
{
	next.commit_fails = true;
	run(&(struct reload_request){}, NULL);
	assert_string_equal(happened, "L:begins W:prepare L:prepared L:commit W:rollback L:over W:free "
				      "L:not-shown L:resume L:done");
	assert_int_equal(result, RELOAD_REFUSED);
}

/* It is refused, and what an earlier host left is minded: concluded, never committed. */
static void test_stands_in(void **state)
{
	next.refused = next.stands_in = true;
	loop.state = HOST_STARTING;
	run(&(struct reload_request){ .wish = HISTORY_START }, NULL);
	assert_string_equal(happened, "L:begins W:prepare L:prepared L:conclude W:rollback L:over W:free "
				      "L:not-shown L:resume L:done");
	assert_int_equal(result, RELOAD_REFUSED);
}

/* Nothing of it is committed or remembered, and the caller hears what would come of it. */
static void test_dry_run(void **state)
{
	struct server_call call = { .uid = 1 };

	result = RELOAD_UNCHANGED; /* on_over() is not called */
	run(&(struct reload_request){ .dry_run = true }, &call);
	assert_string_equal(happened, "L:begins W:prepare W:rollback W:free L:not-shown L:resume L:done");
	assert_string_equal(call.told, "reload: would-change");
	assert_null(outcome.last.result);
}

static void test_not_admitted(void **state)
{
	next.not_admitted = true;
	run(&(struct reload_request){}, NULL);
	assert_string_equal(happened, "");
	assert_null(loop.queue.running);
}

/* The task is another's, who sees to its callers; files are not read. */
static void begin_interfaces(void *owner, struct task *task)
{
	reload_interfaces(owner);
	assert_true(reload.transaction->options.interfaces_only);
}

static void test_of_interfaces(void **state)
{
	static const struct task_kind kind = { .name = "interfaces", .begin = begin_interfaces };

	queue_add(&loop.queue, task_new(&kind, &reload, NULL));
	assert_int_equal(sd_event_loop(the_event), 0);
	assert_int_equal(result, RELOAD_OK);
}

/* What waits is one reload, with all that was allowed; what means another thing stays one of its own. */
static void test_merge(void **state)
{
	struct reload_request *running, *waiting, *more, *other;
	struct task *task = reload_task(&reload, NULL, &running);

	queue_add(&loop.queue, task);
	queue_add(&loop.queue, reload_task(&reload, NULL, &waiting));
	task = reload_task(&reload, NULL, &more);
	more->allow_bare = more->put_back = true;
	queue_add(&loop.queue, task);
	assert_ptr_equal(loop.queue.waiting->request, waiting);
	assert_null(loop.queue.waiting->next);
	assert_true(waiting->allow_bare && waiting->put_back && !waiting->allow_detach);
	for (int i = 0; i < 4; i++) {
		queue_add(
			&loop.queue, reload_task(&reload, NULL, &other)); /* one that could be merged with */
		task = reload_task(&reload, NULL, &other);
		other->wish = i == 0 ? HISTORY_PREVIOUS : i == 1 ? HISTORY_REVERT : HISTORY_FILES;
		other->dry_run = i == 2;
		other->confirm = i == 3 ? 10 : 0;
		queue_add(&loop.queue, task);
		for (task = loop.queue.waiting; task->next; task = task->next)
			;
		assert_ptr_equal(task->request, other);
	}
	assert_int_equal(sd_event_loop(the_event), 0);
	loop.queue.stopped = on_begins;
	worker_free(loop.worker);
	loop.worker = NULL;
	queue_clear(&loop.queue);
	transaction_free(reload.transaction);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_live, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unchanged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_file_that_parses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_socket_refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_commit_fails, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stands_in, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dry_run, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_admitted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_of_interfaces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_merge, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("reload-order", tests, NULL, NULL);
}

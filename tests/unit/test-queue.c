/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Tasks in the order in which they were asked for, one at a time; which of them are made as one; the end. */
#include <stdlib.h>

#include "calls.h"
#include "check.h"
#include "host/work/queue.h"

static char happened[512];
static bool again; /* the end of a task leads to another one */
static struct queue queue;

static void note(const char *what, const char *name)
{
	size_t n = strlen(happened);

	snprintf(happened + n, sizeof(happened) - n, "%s%s %s", n ? ", " : "", what, name);
}

static void begin(void *owner, struct task *task)
{
	assert_ptr_equal(queue.running, task);
	note("begin", owner);
}

static void begin_and_end(void *owner, struct task *task)
{
	note("begin", owner);
	queue_next(&queue);
}

static bool merge(struct task *waiting, const struct task *task)
{
	int *number = waiting->request;

	if (*number < 0)
		return false;
	*number += *(const int *)task->request;
	return true;
}

static const struct task_kind slow = { .name = "slow", .begin = begin };
static const struct task_kind quick = { .name = "quick", .begin = begin_and_end };
static const struct task_kind sum = { .name = "sum", .begin = begin, .merge = merge };

static struct task *add(const struct task_kind *kind, const char *owner, int number, struct server_call *call)
{
	struct task *task = task_new(kind, (void *)owner, call);
	int *request = malloc(sizeof(*request));

	*request = number;
	task->request = request;
	queue_add(&queue, task);
	return task;
}

static void on_ended(void *data, const struct task *task)
{
	note("ended", task->owner);
	assert_ptr_equal(queue.running, task);
	if (again)
		add(&slow, "more", 0, NULL);
	again = false;
}

static void on_stopped(void *data)
{
	assert_null(queue.running);
	note("stopped", data);
}

static int set_up(void **state)
{
	happened[0] = 0;
	again = false;
	queue = (struct queue){ .ended = on_ended, .stopped = on_stopped, .data = "queue" };
	return 0;
}

static void test_one_at_a_time(void **state)
{
	add(&slow, "a", 0, NULL);
	add(&slow, "b", 0, NULL);
	add(&quick, "c", 0, NULL);
	add(&slow, "d", 0, NULL);
	assert_string_equal(happened, "begin a");
	queue_next(&queue);
	assert_string_equal(happened, "begin a, ended a, begin b");
	queue_next(&queue);
	assert_string_equal(happened, "begin a, ended a, begin b, ended b, begin c, ended c, begin d");
	queue_next(&queue);
	assert_null(queue.running);
	add(&slow, "e", 0, NULL); /* at once */
	assert_non_null(strstr(happened, "ended d, begin e"));
	queue_next(&queue);
}

/* What a task leads to comes after what waited already, and never begins before the task is gone. */
static void test_what_follows(void **state)
{
	again = true;
	add(&slow, "a", 0, NULL);
	add(&slow, "b", 0, NULL);
	queue_next(&queue);
	assert_string_equal(happened, "begin a, ended a, begin b");
	queue_next(&queue);
	assert_string_equal(happened, "begin a, ended a, begin b, ended b, begin more");
	queue_next(&queue);
	again = true;
	add(&slow, "c", 0, NULL);
	queue_next(&queue);
	assert_non_null(strstr(happened, "begin c, ended c, begin more"));
	queue_next(&queue);
}

static void test_merge(void **state)
{
	struct server_call first = { .uid = 1 }, second = { .uid = 2 }, alone = { .uid = 3 };

	add(&sum, "a", 1, NULL); /* it runs: what comes now may be newer than what it has read */
	add(&sum, "a", 2, &first);
	add(&sum, "a", 3, &second);
	assert_int_equal(*(int *)queue.waiting->request, 5);
	assert_null(queue.waiting->next);
	assert_int_equal(queue.waiting->callers.n, 2);
	assert_int_equal(queue.waiting->asked.n, 2);
	add(&sum, "b", 1, &alone); /* another owner */
	add(&sum, "a", 1, NULL);   /* not in a row any more */
	assert_ptr_equal(queue.waiting->next->owner, "b");
	assert_int_equal(*(int *)queue.waiting->next->next->request, 1);
	*(int *)queue.waiting->next->next->request = -1;
	add(&sum, "a", 1, NULL); /* the kind refuses */
	assert_non_null(queue.waiting->next->next->next);
	queue_clear(&queue);
	assert_string_equal(first.told, "Failed: the host is stopping");
	assert_string_equal(second.told, first.told);
	assert_string_equal(alone.told, first.told);
}

static void test_fail(void **state)
{
	struct server_call call = { .uid = 1 };

	add(&slow, "a", 0, &call);
	add(&slow, "b", 0, NULL);
	queue_fail(&queue, "org.xslot.NoSuchChain", "there is none");
	assert_string_equal(call.told, "NoSuchChain: there is none");
	assert_string_equal(happened, "begin a, ended a, begin b");
	queue_next(&queue);
}

/* The running task ends, all others are refused, and nothing follows. */
static void test_stop(void **state)
{
	struct server_call running = { .uid = 1 }, waiting = { .uid = 2 }, late = { .uid = 3 };

	again = true;
	add(&slow, "a", 0, &running);
	add(&slow, "b", 0, &waiting);
	queue_stop(&queue);
	assert_string_equal(waiting.told, "Failed: the host is stopping");
	assert_string_equal(running.told, "");
	add(&slow, "c", 0, &late);
	assert_string_equal(late.told, waiting.told);
	while (calls_take(&queue.running->callers))
		;
	queue_next(&queue);
	assert_string_equal(happened, "begin a, stopped queue");

	set_up(state);
	queue_stop(&queue);
	assert_string_equal(happened, "stopped queue");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_one_at_a_time, set_up),
		cmocka_unit_test_setup(test_what_follows, set_up),
		cmocka_unit_test_setup(test_merge, set_up),
		cmocka_unit_test_setup(test_fail, set_up),
		cmocka_unit_test_setup(test_stop, set_up),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}

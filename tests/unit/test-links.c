/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Reports about interfaces: which lead to a look, that any number of them leads to one, and when there is
 * another look because nobody knows. The kernel's reports, the look and the clock are ours.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "calls.h"
#include "check.h"
#include "host/loop/links.h"

#define SECOND 1000000ULL

static struct chain_interface interface = { .name = "eth0" };
static struct chain chain = { .interfaces = &interface, .n_interfaces = 1 };
static struct chain *chains[] = { &chain };
static struct loop loop;
static struct reload reload;
static struct links links;

static struct link_event reports[4];
static size_t n_reports;
static int read_result;
static unsigned transactions, concerned;
static bool held; /* a look does not end at once */

static uint64_t clock_in_us;
static sd_event_time_handler_t clock_handler;

/* ---- the kernel ---- */

int linkwatch_open(struct linkwatch **ret_watch, struct xslot_diag *diag)
{
	*ret_watch = (struct linkwatch *)1;
	return 0;
}

int linkwatch_fd(const struct linkwatch *watch)
{
	static int fd = -1;

	if (fd < 0)
		fd = eventfd(0, EFD_CLOEXEC);
	return fd;
}

void linkwatch_close(struct linkwatch *watch)
{
	close(linkwatch_fd(watch));
}

int linkwatch_read(
	struct linkwatch *watch, void (*fn)(const struct link_event *event, void *data), void *data)
{
	for (size_t i = 0; i < n_reports; i++)
		fn(&reports[i], data);
	n_reports = 0;
	return read_result;
}

/* ---- the look ---- */

void reload_interfaces(struct reload *running)
{
	transactions++;
	if (!held)
		queue_next(&loop.queue);
}

static void on_concerned(void *data)
{
	assert_false(links.wanted); /* before the task is there, which would put back what it is to see */
	concerned++;
}

/* ---- the clock ---- */

int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **ret_source, clockid_t clock,
	uint64_t usec, uint64_t accuracy, sd_event_time_handler_t callback, void *data);
int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **ret_source, clockid_t clock,
	uint64_t usec, uint64_t accuracy, sd_event_time_handler_t callback, void *data)
{
	assert_ptr_equal(data, &links);
	clock_in_us = usec;
	clock_handler = callback;
	*ret_source = NULL;
	return 0;
}

static int set_up(void **state)
{
	struct xslot_diag diag = {};

	transactions = concerned = 0;
	read_result = 0;
	held = false;
	clock_in_us = 0;
	interface.refused = NULL;
	interface.again = interface.moved = false;
	loop = (struct loop){ .dataplane = { .chains = chains, .n_chains = 1, .setup = (struct setup *)1 } };
	reload = (struct reload){ .loop = &loop };
	links = (struct links){ .loop = &loop, .reload = &reload, .concerned = on_concerned };
	assert_true(sd_event_new(&loop.event) >= 0);
	assert_int_equal(links_open(&links, &diag), 0);
	assert_int_equal(loop.dataplane.reports, 1); /* what there is was not looked at */
	return 0;
}

static int tear_down(void **state)
{
	sd_event_source_disable_unref(links.source);
	sd_event_unref(loop.event);
	return 0;
}

static void report(const char *name, unsigned ifindex)
{
	struct link_event *event = &reports[n_reports++];

	*event = (struct link_event){ .ifindex = ifindex };
	strcpy(event->name, name);
}

static void test_only_what_concerns(void **state)
{
	report("other", 7);
	links_catch_up(&links);
	assert_int_equal(transactions, 0);
	assert_int_equal(loop.dataplane.reports, 1);
	report("eth0", 8);
	links_catch_up(&links);
	assert_int_equal(transactions, 1);
	assert_int_equal(concerned, 1);
	assert_int_equal(loop.dataplane.reports, 2);
}

/* One that has other names may have ours. */
static void test_aliases(void **state)
{
	report("other", 7);
	reports[0].aliases = true;
	links_catch_up(&links);
	assert_int_equal(transactions, 1);
}

/* Gone: news only for who was refused, since we have nothing on it. */
static void test_gone(void **state)
{
	report("eth0", 8);
	reports[0].gone = true;
	links_catch_up(&links);
	assert_int_equal(transactions, 0);
	interface.refused = "another's program is attached";
	report("eth0", 8);
	reports[0].gone = true;
	links_catch_up(&links);
	assert_int_equal(transactions, 1);
}

static void test_any_number_is_one(void **state)
{
	held = true;
	report("eth0", 8);
	links_catch_up(&links); /* it runs */
	for (int i = 0; i < 3; i++)
		report("eth0", 8);
	links_catch_up(&links);
	assert_int_equal(transactions, 1);
	assert_non_null(loop.queue.waiting);
	assert_null(loop.queue.waiting->next);
	held = false;
	queue_next(&loop.queue);
	assert_int_equal(transactions, 2);
	assert_null(loop.queue.running);
}

/* While a transaction runs, any report may be of what it will know when it is done. */
static void test_during_a_transaction(void **state)
{
	reload.transaction = (struct transaction *)1;
	report("other", 7);
	links_catch_up(&links);
	assert_int_equal(transactions, 1);
}

static void test_lost_reports(void **state)
{
	read_result = -ENOBUFS;
	links_catch_up(&links);
	assert_int_equal(transactions, 1);
	assert_true(loop.dataplane.reports > 1);
}

static void test_more_or_no_more_reports(void **state)
{
	uint64_t before = loop.dataplane.reports;

	read_result = 1;
	links_catch_up(&links);
	assert_int_equal(loop.dataplane.reports, before + 1);
	read_result = -EBADF;
	links_catch_up(&links);
	assert_int_equal(loop.dataplane.reports, before + 2);
}

/* 2, 4, … 60 seconds, until all is known. */
static void test_again_after_a_while(void **state)
{
	static const unsigned seconds[] = { 2, 4, 8, 16, 32, 60, 60 };

	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		links_settle(&links, true);
		assert_int_equal(clock_in_us, seconds[i] * SECOND);
	}
	clock_handler(NULL, 0, &links);
	assert_int_equal(transactions, 1);
	clock_in_us = 0;
	links_settle(&links, false);
	assert_int_equal(clock_in_us, 0);
	links_settle(&links, true); /* from the beginning */
	assert_int_equal(clock_in_us, 2 * SECOND);
}

/* One that is bare for want of something: a shortage passes; a refusal for another reason does not. */
static void test_shortage(void **state)
{
	interface.refused = "no memory";
	interface.again = true;
	links_settle(&links, false);
	assert_int_equal(clock_in_us, 2 * SECOND);
	clock_in_us = 0;
	interface.again = false;
	links_settle(&links, false);
	assert_int_equal(clock_in_us, 0);
}

/* No files say what is wanted: what an earlier host left is minded in the same way. */
static void test_stands_in(void **state)
{
	loop.dataplane.setup = NULL;
	report("eth0", 8);
	links_catch_up(&links);
	assert_int_equal(transactions, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_what_concerns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_aliases, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_any_number_is_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_during_a_transaction, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lost_reports, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_more_or_no_more_reports, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_again_after_a_while, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shortage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stands_in, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}

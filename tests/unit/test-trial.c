/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A trial's time, by a clock of ours and an event loop that only notes what it is asked for. */
#include <time.h>

#include "check.h"
#include "host/loop/trial.h"

#define SECOND 1000000ULL

static uint64_t now = 5 * SECOND, in_us;
static sd_event_time_handler_t handler;
static void *handler_data;
static unsigned expired, set;

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	/* A machine that sleeps locks its operator out all the same. */
	assert_int_equal(clock, CLOCK_BOOTTIME);
	*ret_now =
		(struct timespec){ .tv_sec = (time_t)(now / SECOND), .tv_nsec = (long)(now % SECOND) * 1000 };
	return 0;
}

int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **ret_source, clockid_t clock,
	uint64_t usec, uint64_t accuracy, sd_event_time_handler_t callback, void *data);
int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **ret_source, clockid_t clock,
	uint64_t usec, uint64_t accuracy, sd_event_time_handler_t callback, void *data)
{
	assert_int_equal(clock, CLOCK_BOOTTIME);
	in_us = usec;
	handler = callback;
	handler_data = data;
	set++;
	*ret_source = NULL;
	return 0;
}

static void on_expired(void *data)
{
	assert_string_equal(data, "owner");
	expired++;
}

static struct trial new_trial(void)
{
	expired = set = 0;
	return (struct trial){ .expired = on_expired, .data = "owner" };
}

static void test_time_left(void **state)
{
	struct trial trial = new_trial();

	assert_int_equal(trial_left(&trial), 0);
	trial_begin(&trial, 30);
	assert_int_equal(in_us, 30 * SECOND);
	assert_int_equal(trial_left(&trial), 30);
	now += SECOND / 2;
	assert_int_equal(trial_left(&trial), 30); /* not less than there is */
	now += SECOND / 2;
	assert_int_equal(trial_left(&trial), 29);
	now += 28 * SECOND;
	assert_int_equal(trial_left(&trial), 1);
	now += SECOND - 1;
	assert_int_equal(trial_left(&trial), 1);
	/* Time is up, and it was not undone yet: still a trial, which must not look as if there were none. */
	now += 100 * SECOND;
	assert_int_equal(trial_left(&trial), 1);
	trial_end(&trial);
	assert_int_equal(trial_left(&trial), 0);
}

static void test_expires_and_is_tried_again(void **state)
{
	struct trial trial = new_trial();

	trial_begin(&trial, 3);
	handler(NULL, 0, handler_data);
	assert_int_equal(expired, 1);
	assert_int_equal(trial_left(&trial) > 0, 1);
	trial_retry(&trial);
	assert_int_equal(set, 2);
	assert_int_equal(in_us, 10 * SECOND);
	handler(NULL, 0, handler_data);
	assert_int_equal(expired, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time_left),
		cmocka_unit_test(test_expires_and_is_tried_again),
	};

	return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}

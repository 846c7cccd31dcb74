/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The time is CLOCK_BOOTTIME, since an operator may be locked out of a machine that sleeps as well. The timer
 * lives only as long as this process; kept/history.c makes sure that a trial ends when its host dies.
 */
#include "host/loop/trial.h"

#include <string.h>

#include "util/cleanup.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/memory.h"

#define SECOND 1000000ULL
#define RETRY (10 * SECOND)

static int on_time(sd_event_source *source, uint64_t usec, void *data)
{
	struct trial *trial = data;

	trial->expired(trial->data);
	return 0;
}

static void set_clock(struct trial *trial, uint64_t in_us)
{
	int r;

	sd_event_source_disable_unref(TAKE_PTR(trial->clock));
	r = sd_event_add_time_relative(trial->event, &trial->clock, CLOCK_BOOTTIME, in_us, 0, on_time, trial);
	/* Without it nothing would revert what was promised to be reverted: the next start does. */
	if (r < 0) {
		log_error("cannot set a timer: %s", strerror(-r));
		memory_out();
	}
}

void trial_begin(struct trial *trial, unsigned seconds)
{
	trial->until_us = clock_us(CLOCK_BOOTTIME) + seconds * SECOND;
	set_clock(trial, seconds * SECOND);
}

void trial_end(struct trial *trial)
{
	trial->until_us = 0;
	sd_event_source_disable_unref(TAKE_PTR(trial->clock));
}

void trial_retry(struct trial *trial)
{
	log_error("going back was refused: trying again in %llu seconds", RETRY / SECOND);
	set_clock(trial, RETRY);
}

unsigned trial_left(const struct trial *trial)
{
	uint64_t now = clock_us(CLOCK_BOOTTIME);

	if (!trial->until_us)
		return 0;
	return trial->until_us <= now + SECOND ? 1
					       : (unsigned)((trial->until_us - now + SECOND - 1) / SECOND);
}

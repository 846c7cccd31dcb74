/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The time within which an operator has to confirm the running configuration; otherwise the previous one
 * comes back. Loop thread.
 */
#ifndef HOST_LOOP_TRIAL_H
#define HOST_LOOP_TRIAL_H

#include <stdint.h>
#include <systemd/sd-event.h>

struct trial {
	sd_event *event;
	/* Nobody confirmed in time. */
	void (*expired)(void *data);
	void *data;
	sd_event_source *clock;
	uint64_t until_us; /* CLOCK_BOOTTIME; 0: there is no trial */
};

/* It begins when its configuration is live, and ends when it is confirmed or another one is. */
void trial_begin(struct trial *trial, unsigned seconds);
void trial_end(struct trial *trial);

/* Seconds left, at least 1; 0: there is none. */
unsigned trial_left(const struct trial *trial);

/* The revert was refused: `expired` comes once more, later. */
void trial_retry(struct trial *trial);

#endif

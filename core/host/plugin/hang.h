/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Callbacks that do not return. A thread of its own names such a callback in the log when it has run longer
 * than it should, and again when it is over. While one hangs on the loop, the loop answers no requests, and
 * systemd's watchdog no longer hears from it; if one hangs elsewhere, the watchdog is triggered after a
 * while. A process that is asked to end (SIGTERM, SIGINT) while one hangs ends at once: the chains in the
 * kernel keep running.
 */
#ifndef HOST_PLUGIN_HANG_H
#define HOST_PLUGIN_HANG_H

#include <stdint.h>
#include <xslot/diag.h>

#include "host/plugin/place.h"

struct hang_limits {
	uint64_t loop_us;      /* on the loop, which is the process's first thread */
	uint64_t worker_us;    /* elsewhere */
	uint64_t fatal_us;     /* elsewhere, until the watchdog is told */
	void (*trigger)(void); /* tells the watchdog; NULL: there is none */
	void (*end)(void);     /* ends the process */
};

/* What the host has, with what systemd has set for the watchdog. */
struct hang_limits hang_limits_of_host(void);

/* Begin to look. Where it is not called, nothing is looked at. */
int hang_open(const struct hang_limits *limits, struct xslot_diag *diag);
void hang_close(void);

/* A callback begins, at that place, which is copied; and ends. One at a time. */
void hang_begin(const struct place *place);
void hang_end(void);

/* The loop was asked to end the process, and has begun to. A callback that does not end is not waited for. */
void hang_stopping(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The outcome of a reload, as status and the reply to `xslotctl reload` show it. See status.h. */
#ifndef CONTROL_STATUS_RELOAD_H
#define CONTROL_STATUS_RELOAD_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct status_error {
	char *file;    /* NULL: none */
	unsigned line; /* 0: none */
	char *message;
	char *log; /* the verifier's, or NULL; only in the reply to a reload, not in the status */
};

struct status_reload {
	const char *
		result; /* "ok", "unchanged", "refused"; "none" before the first; "would-change": a dry run */
	time_t at;
	uint64_t duration_us;
	char **changed; /* one line a change: "edge.10: acl 1.0.0 -> 1.0.1" */
	size_t n_changed;
	struct status_error *errors;
	size_t n_errors;
	size_t n_more_errors;	  /* that were counted only, see util/diag.h */
	unsigned confirm_seconds; /* to confirm it, else it is undone; 0: it need not be. In the reply only */
};

void status_reload_clear(struct status_reload *reload);

#endif

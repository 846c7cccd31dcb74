/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a plugin says in its status, within limits: a plugin that says too much, or what cannot be shown, must
 * not fill or confuse the host. Numbers have names, units and labels that metrics can have.
 */
#ifndef HOST_SERVICES_SAID_H
#define HOST_SERVICES_SAID_H

#include <stdbool.h>
#include <xslot/diag.h>
#include <xslot/number.h>

#include "control/status.h"

#define SAID_TEXTS 1024
#define SAID_NUMBERS 4096
#define SAID_VALUE 4096 /* bytes of a text; more are cut off */

/* The result of all three: 0, -ENOMEM, or -EINVAL or -ENOSPC and a sentence. */

/* `value` is taken over; NULL: there was no memory for it. A key is at most 127 bytes. */
int said_text(struct status_said *said, const char *key, char *value, struct xslot_diag *diag);
/* `size`: of the plugin's struct xslot_number. */
int said_number(
	struct status_said *said, const struct xslot_number *number, size_t size, struct xslot_diag *diag);
/* A row of the named counters `map`. */
int said_row(
	struct status_said *said, const char *map, const char *row, uint64_t value, struct xslot_diag *diag);

#endif

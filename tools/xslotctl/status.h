/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#ifndef XSLOTCTL_STATUS_H
#define XSLOTCTL_STATUS_H

#include <jansson.h>
#include <stdbool.h>

/* The status for eyes, to stdout. `details`: each slot's maps, and what its plugin says of itself. */
void status_print(const json_t *status, bool details);

#endif

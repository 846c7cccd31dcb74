/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#ifndef XSLOTCTL_STATUS_H
#define XSLOTCTL_STATUS_H

#include <jansson.h>
#include <stdbool.h>

/* The status for eyes, to stdout. `details`: each slot's maps, and what its plugin says of itself. */
void status_print(const json_t *status, bool details);

/* The same in a line for each chain, and one for each problem. */
void status_print_brief(const json_t *status);

/* Parts of it. `unit` follows the names of counts: "" or "/s". */
void status_print_host(const json_t *host);
void status_print_slots(const json_t *chain, const char *unit);
/* A number that a plugin says, in a line that begins with `indent`. */
void status_print_number(const json_t *number, const char *indent);

#endif

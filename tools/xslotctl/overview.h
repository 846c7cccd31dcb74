/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#ifndef XSLOTCTL_OVERVIEW_H
#define XSLOTCTL_OVERVIEW_H

#include <jansson.h>

/* One line for each chain, to stdout. `unit` follows the names of counts: "" or "/s". */
void overview_print(const json_t *chains, const char *unit);

#endif

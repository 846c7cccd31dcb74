/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What changed from one status to the next, by the second. */
#ifndef XSLOTCTL_RATES_H
#define XSLOTCTL_RATES_H

#include <jansson.h>

/*
 * A copy of `now` with packets by the second in place of all that were counted: of chains, of slots, and of
 * their verdicts. null where that is not known: the chain or the slot is new, or its count went back. A new
 * reference.
 */
json_t *rates_between(const json_t *before, const json_t *now, double seconds);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What is in a slot's maps. */
#ifndef XSLOT_TEST_MAPS_H
#define XSLOT_TEST_MAPS_H

#include <stdio.h>

#include "rig.h"

/*
 * One line an entry, "KEY: VALUE", in order of keys; of arrays only what is not zero; "empty" when there is
 * none. Of per-CPU maps the values of this CPU: the packets were on no other one.
 */
int maps_print(const struct rig_slot *slot, const char *map, FILE *out, struct xslot_diag *diag);

#endif

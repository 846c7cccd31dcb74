/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The keys of a slot that put programs of other files into program arrays of its object. */
#ifndef CONFIG_CONFIG_JUMP_H
#define CONFIG_CONFIG_JUMP_H

#include <stdbool.h>
#include <string.h>

#include "config/config.h"
#include "config/ini.h"

static inline bool config_is_jump(const char *key)
{
	return strncmp(key, "jump.", 5) == 0;
}

/* Add what such an entry says to the slot. An error goes into `report`, and is returned. */
int config_jump_take(struct config_slot *slot, const struct ini_entry *entry, struct report *report);
void config_jumps_deinit(struct config_slot *slot);

#endif

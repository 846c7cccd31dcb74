/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One section of the file each: its keys into its struct. All errors go into `report`; then -EINVAL. */
#ifndef CONFIG_SECTIONS_H
#define CONFIG_SECTIONS_H

#include "config/config.h"
#include "config/ini.h"

#define CONFIG_SLOT_NUMBER_MAX 65535

/* The defaults; allocates. */
void config_host_init(struct config_host *host);
int config_host_parse(struct config_host *host, const struct ini_section *section, struct report *report);
void config_host_deinit(struct config_host *host);

/* `name` is what stands behind "chain " in the header. `chain` is zeroed before; deinit it on failure too. */
int config_chain_parse(struct config_chain *chain, const char *name, const struct ini_section *section,
	struct report *report);
void config_chain_deinit(struct config_chain *chain);

/* Is it a chain's name? Fails with "must be …". */
int config_chain_check_name(const char *name, struct xslot_diag *diag);

/* `number` is what stands behind "slot CHAIN." in the header. */
int config_slot_number(const char *text, unsigned *ret_number, struct xslot_diag *diag);
int config_slot_parse(struct config_slot *slot, const struct ini_section *section, bool *ret_enabled,
	struct report *report);
void config_slot_deinit(struct config_slot *slot);

/* The names of the host's keys in a slot, ends with NULL. */
const char *const *config_slot_keys(void);

#endif

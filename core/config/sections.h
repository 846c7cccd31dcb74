/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The parts of config_load(): each stores a section's keys in its struct. All errors go into `report`; then
 * the result is -EINVAL.
 */
#ifndef CONFIG_SECTIONS_H
#define CONFIG_SECTIONS_H

#include "config/config.h"
#include "config/ini.h"

#define CONFIG_SLOT_NUMBER_MAX 65535

enum section_kind { SECTION_HOST, SECTION_CHAIN, SECTION_SLOT, SECTION_BAD };

/* A section's header, taken apart. Unused fields are zero. */
struct config_header {
	enum section_kind kind;
	char chain[CONFIG_NAME_MAX + 1];
	unsigned number;
};

int config_header_parse(const char *name, struct config_header *ret_header, struct xslot_diag *diag);

/* Check what only the whole can tell, and sort each chain's slots by number. */
int config_check(struct config *config, struct report *report);

/* Sort the errors after the first `n_before` by place; files in the order of `files`, unknown ones last. */
void config_sort_errors(struct report *report, size_t n_before, const char *const *files, size_t n_files);

/* The defaults. -ENOMEM; deinit it then, too. */
int config_host_init(struct config_host *host);
int config_host_parse(struct config_host *host, const struct ini_section *section, struct report *report);

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

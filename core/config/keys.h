/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The keys of a section as a table: where each value goes, and what it may be. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/ini.h"

struct key_word {
	const char *word; /* NULL ends the list */
	uint32_t value;
};

struct key {
	const char *name; /* NULL ends the table */
	/* Check the value and store it at target + offset. Fails with "must be …", which is put after KEY =
	 * VALUE. */
	int (*set)(
		const struct key *key, void *target, const struct ini_entry *entry, struct xslot_diag *diag);
	size_t offset;
	const struct key_word *words;
	size_t place;	 /* offset of a struct config_place to fill, or 0 */
	bool may_repeat; /* else a second one in the section is an error */
};

int key_set_bool(const struct key *key, void *target, const struct ini_entry *entry, struct xslot_diag *diag);
int key_set_flag(const struct key *key, void *target, const struct ini_entry *entry,
	struct xslot_diag *diag); /* one of words, into a bool */
int key_set_word(const struct key *key, void *target, const struct ini_entry *entry,
	struct xslot_diag *diag); /* one of words, into 32 bits */
int key_set_path(const struct key *key, void *target, const struct ini_entry *entry,
	struct xslot_diag *diag); /* into a char *, which is freed */

/* The value of `word` in `words`; fails with "must be a, b or c". */
int key_word_find(
	const struct key_word *words, const char *word, uint32_t *ret_value, struct xslot_diag *diag);

/*
 * Set all keys of `section` in `target`. A key that the table does not have goes to `other`; NULL: an error
 * that names the nearest. All errors go into `report`, then returns -EINVAL.
 */
int keys_set(const struct key *keys, const struct ini_section *section, void *target,
	int (*other)(void *target, const struct ini_entry *entry, struct report *report),
	struct report *report);

const struct ini_entry *keys_find(const struct ini_section *section, const char *name);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* INI files as sections and entries with line numbers; a line that means nothing is an error. */
#ifndef CONFIG_INI_H
#define CONFIG_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "util/diag.h"
#include "util/files.h"

#define INI_FILE_MAX (1024 * 1024) /* bytes */
#define INI_SECTIONS_MAX 16384
#define INI_KEYS_MAX 256   /* in a section */
#define INI_VALUE_SIZE 200 /* room for any value, with its NUL */

struct ini_entry {
	char *key;   /* letters, digits, '.', _ and -; at most 31 */
	char *value; /* may be empty; UTF-8 without control characters */
	struct config_place place;
};

struct ini_section {
	char *name; /* between the brackets: not empty, no blanks at its ends */
	struct ini_entry *entries;
	size_t n_entries;
	bool broken; /* a line of it could not be read */
	struct config_place place;
};

/* Start with a zeroed one. Sections as they stand in the files: empty and repeated ones too. */
struct ini {
	struct ini_section *sections;
	size_t n_sections;
	bool incomplete; /* a file or a header could not be read, or is missing: what is not here may yet
			    exist */
};

/*
 * Append what is in `file`; the string must outlive `ini`. Errors go into `report`, all of them; then
 * returns -EINVAL, and what could be read is appended all the same. `files`: see util/files.h.
 */
int ini_append(struct ini *ini, struct files *files, const char *file, struct report *report);
void ini_deinit(struct ini *ini);

#endif

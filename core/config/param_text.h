/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One parameter's text to its typed value. */
#ifndef CONFIG_PARAM_TEXT_H
#define CONFIG_PARAM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <xslot/plugin.h>

#include "util/diag.h"

/*
 * Check `text` against the row `param` and make a value of it, with `given` false. STRING, PATH and FILE
 * point to `text`; a FILE is not read. Fails with a sentence to put behind `KEY = VALUE: `.
 */
int param_text_parse(const struct xslot_param *param, const char *text, struct xslot_value *ret_value,
	struct xslot_diag *diag);

/* The least and the greatest value that a UINT, INT or DURATION may have; of an INT their bits. */
struct param_range {
	uint64_t low, high;
	bool at_least, at_most; /* the plugin says so; else it is the type's */
};
struct param_range param_range(const struct xslot_param *param);

/* The words of an ENUM: splits a copy in place; returns how many there are (at most `max`). */
size_t param_text_words(char *copy, const char **ret_words, size_t max);
#define PARAM_WORDS_MAX 64

#endif

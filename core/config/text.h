/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Words: helpers that read the text of keys, sections and parameters, and that report what is wrong with it.
 */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "util/diag.h"

/* A copy of `text` in place of what `field` has, which is freed. -ENOMEM: it stays. */
int text_set(char **field, const char *text);
/* Room for element `n` of size `size` in the array that `array` is the address of. -ENOMEM: it stays. */
int array_grow(void *array, size_t n, size_t size);

/* yes, no, true, false, on, off, 1 or 0 */
int text_to_bool(const char *text, bool *ret_value);
#define TEXT_BOOL_WORDS "yes or no"

/*
 * The next part of a comma-separated list, without the blanks around it (an empty one is a part too). Start
 * with `*cursor` at the text; false at its end. A part longer than `size` is cut.
 */
bool text_next(const char **cursor, char *ret_part, size_t size);

/* The one of `names` that was probably meant, or NULL when none is near. */
const char *text_nearest(const char *word, const char *const *names, size_t n_names);

/* "a, b LAST c"; caller frees. */
char *text_list(const char *const *names, size_t n_names, const char *last);

/* What helps against a name that is not known: "; did you mean X?" or "; MANY a, b and c"; caller frees. */
char *text_hint(const char *word, const char *const *names, size_t n_names, const char *many);

/* Warn of a file that looks cut off: an empty one, or text that does not end with a newline. */
void text_warn_cut(
	struct report *report, const struct config_place *place, const char *path, const struct blob *blob);

/* Report `KEY = VALUE: SENTENCE` and clear the sentence. Returns -EINVAL. */
int text_refuse(struct report *report, const struct config_place *place, const char *key, const char *value,
	struct xslot_diag *diag);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The words of one line, one after the other. */
#ifndef XSLOT_TEST_WORDS_H
#define XSLOT_TEST_WORDS_H

#include <stdbool.h>
#include <stdint.h>
#include <xslot/diag.h>

#define WORD_MAX 128

struct words {
	const char *at;
	struct xslot_diag *diag;
};

/* The next word into `ret_word`; false at the end of the line. -EINVAL's like: a word that is too long is
 * cut. */
bool words_next(struct words *words, char ret_word[static WORD_MAX]);
/* Take the next word when it is `word`. */
bool words_take(struct words *words, const char *word);
/* A number, decimal or 0x…, that is at most `max`; `what` is it for the sentence. */
int words_number(struct words *words, const char *what, uint64_t max, uint64_t *ret_number);
/* "KEY NUMBER" when it is next; else nothing happens. */
int words_option(struct words *words, const char *key, uint64_t max, uint64_t *number, bool *given);
/* "SOURCE > DESTINATION", whatever words they are. */
int words_pair(struct words *words, const char *what, char source[static WORD_MAX], char to[static WORD_MAX]);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "words.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/diag.h"

bool words_next(struct words *words, char ret_word[static WORD_MAX])
{
	size_t n = 0;

	while (isspace((unsigned char)*words->at))
		words->at++;
	while (*words->at && !isspace((unsigned char)*words->at)) {
		if (n + 1 < WORD_MAX)
			ret_word[n++] = *words->at;
		words->at++;
	}
	ret_word[n] = 0;
	return n > 0;
}

bool words_take(struct words *words, const char *word)
{
	const char *before = words->at;
	char next[WORD_MAX];

	if (words_next(words, next) && !strcmp(next, word))
		return true;
	words->at = before;
	return false;
}

int words_number(struct words *words, const char *what, uint64_t max, uint64_t *ret_number)
{
	char word[WORD_MAX], *end;
	uint64_t number;

	if (!words_next(words, word))
		return fail(words->diag, -EINVAL, "%s is missing: a number up to %llu", what,
			(unsigned long long)max);
	errno = 0;
	number = strtoull(word, &end, 0);
	if (errno || *end || !isdigit((unsigned char)*word) || number > max)
		return fail(words->diag, -EINVAL, "%s is \"%s\", not a number up to %llu", what, word,
			(unsigned long long)max);
	*ret_number = number;
	return 0;
}

int words_option(struct words *words, const char *key, uint64_t max, uint64_t *number, bool *given)
{
	int r;

	if (!words_take(words, key))
		return 0;
	r = words_number(words, key, max, number);
	if (r == 0 && given)
		*given = true;
	return r;
}

int words_pair(struct words *words, const char *what, char source[static WORD_MAX], char to[static WORD_MAX])
{
	if (!words_next(words, source) || !words_take(words, ">") || !words_next(words, to))
		return fail(words->diag, -EINVAL, "%s needs SOURCE > DESTINATION", what);
	return 0;
}

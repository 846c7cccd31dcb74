/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A verifier's log describes a walk through the program: source lines that begin with ';', instructions and
 * register states that begin with a number, now and then a remark. It ends where the verifier gives up: so
 * the remarks after the last instruction are the reason, and the last source line before them is the place.
 * Statistics follow; they mean nothing here.
 */
#include "extension/verifier.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool begins(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

static bool is_statistics(const char *line)
{
	return begins(line, "processed ") || begins(line, "verification time ") ||
	       begins(line, "stack depth ") || begins(line, "-- ") || begins(line, "max_states_per_insn");
}

/* "12: (79) r1 = …", "from 3 to 9: R0=…", "; source", "R1_w=…" states that follow a number. */
static bool is_walk(const char *line)
{
	if (isdigit((unsigned char)*line))
		return line[strspn(line, "0123456789")] == ':';
	return begins(line, "from ") || begins(line, "last_idx ") || begins(line, "regs=") ||
	       begins(line, "mark_precise") || begins(line, "func#") || begins(line, "Live regs");
}

struct line {
	const char *text;
	size_t length;
};

/* An asm line has tabs. */
static void quote(const struct line *source, char *ret_words, size_t size)
{
	char text[256];

	snprintf(text, sizeof(text), "%.*s", (int)source->length, source->text);
	for (char *at = text; *at; at++)
		if (*at == '\t')
			*at = ' ';
	snprintf(ret_words, size, ", at \"%s\"", text);
}

/* The kernel counts a program's maps without a word, and a log that does not fit hides what comes last. */
static const char *reason_of(int error)
{
	switch (error) {
	case -E2BIG:
		return "it uses more than 64 maps, the most that a program may use";
	case -ENOSPC:
		return "it is too complex: the verifier's log does not fit into 16 MiB";
	}
	return "its log gives no reason";
}

void verifier_verdict(const char *log, int error, char *ret_words, size_t size)
{
	struct line remarks[3] = {}, source = {};
	size_t n_remarks = 0, used = 0;

	for (const char *line = log; *line;) {
		size_t length = strcspn(line, "\n");

		if (*line == ';') {
			source = (struct line){ line + 1 + strspn(line + 1, " \t"), 0 };
			source.length = (size_t)(line + length - source.text);
		} else if (is_walk(line)) {
			n_remarks = 0;
		} else if (length && !is_statistics(line)) {
			if (n_remarks == 3)
				memmove(remarks, remarks + 1, 2 * sizeof(*remarks));
			else
				n_remarks++;
			remarks[n_remarks - 1] = (struct line){ line, length };
		}
		line += length + (line[length] == '\n');
	}
	ret_words[0] = 0;
	for (size_t i = 0; i < n_remarks && used < size; i++)
		used += (size_t)snprintf(ret_words + used, size - used, "%s%.*s", i ? "; " : "",
			(int)remarks[i].length, remarks[i].text);
	if (!used || error == -ENOSPC)
		used = (size_t)snprintf(ret_words, size, "%s", reason_of(error));
	if (source.length && used < size && error != -ENOSPC)
		quote(&source, ret_words + used, size - used);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A test file as lines: commands in the first column, their blocks indented below them. */
#ifndef XSLOT_TEST_SCRIPT_H
#define XSLOT_TEST_SCRIPT_H

#include <stdbool.h>
#include <stdio.h>
#include <xslot/diag.h>

enum command_kind {
	COMMAND_TEST,
	COMMAND_FILE,
	COMMAND_BUILD,
	COMMAND_PLUGIN,
	COMMAND_CHAIN,
	COMMAND_PACKET, /* from here on: the block says what is expected */
	COMMAND_PACKETS,
	COMMAND_PCAP,
	COMMAND_MAP,
	COMMAND_STATUS,
	COMMAND_CALL,
	COMMAND_LOG,
	COMMAND_REFUSED,
};

struct command {
	enum command_kind kind;
	const char *argument; /* behind the word; "" when nothing is */
	size_t line;	      /* index of its own line */
	size_t from, to;      /* the block's lines */
	char *output;	      /* what it gave, for script_write; NULL: leave the block as it is */
};

struct script {
	char *name;   /* path; "-" for stdin */
	char **lines; /* without their ends */
	size_t n_lines;
	struct command *commands;
	size_t n_commands;
};

int script_read(const char *path, struct script **ret_script, struct xslot_diag *diag);
void script_free(struct script *script); /* accepts NULL */

/* The script with each command's output as its block. */
void script_write(const struct script *script, FILE *out);

/* A line of a block without its indentation. */
const char *script_block_line(const struct script *script, size_t line);

/* Does the block expect this line? "*" in it stands for anything. */
bool script_line_matches(const char *pattern, const char *text);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Commands of a plugin: what an operator tells a running instance to do. Since ABI 2. */
#ifndef XSLOT_COMMAND_H
#define XSLOT_COMMAND_H

#include <xslot/plugin.h>

#define XSLOT_COMMANDS_SECTION ".xslot.commands"
#define XSLOT_MAX_COMMANDS 32 /* that a host reads */
#define XSLOT_MAX_ARGUMENTS 4

/*
 * "xslotctl call CHAIN.SLOT NAME ARGUMENT..." runs `run` on the host's worker thread, in a live instance. The
 * host has checked number and types of the arguments. The answer is what `run` shows with xslot_status() and
 * xslot_status_number(), as in status. It returns 0, or -errno: then the caller gets the sentence of
 * xslot_error(), or the errno's text if there was none.
 */
struct xslot_command {
	char name[32];	    /* a to z, 0 to 9, _ and -; the first a letter */
	char arguments[64]; /* types: "PREFIX UINT"; BOOL UINT INT DURATION STRING PATH MAC ADDRESS PREFIX */
	char help[128];	    /* one line */
	uint32_t reading; /* 1: it changes nothing, and all who may read the status may call it; else root */
	uint32_t reserved;
	int (*run)(struct xslot_context *context, const struct xslot_value *arguments, size_t n);
	uint64_t reserved2[4];
};

/* The plugin's commands, a row each, outside XSLOT_PLUGIN() and once a plugin. */
#define XSLOT_COMMANDS(...)                                                                                  \
	XSLOT_EXPORT(const struct xslot_command xslot_commands[])                                            \
	__attribute__((section(XSLOT_COMMANDS_SECTION), used))                                               \
	const struct xslot_command xslot_commands[] = { __VA_ARGS__ }

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A call of a plugin's command, from words: everything that needs none of the plugin's code. */
#ifndef HOST_COMMAND_PREPARE_H
#define HOST_COMMAND_PREPARE_H

#include <stddef.h>
#include <xslot/diag.h>

#include "host/plugin/context.h"
#include "module/descriptor.h"

struct prepared {
	const struct descriptor_command *row;
	struct xslot_value arguments[XSLOT_MAX_ARGUMENTS]; /* they point into the words */
	struct status_said said;			   /* what the plugin answers; the caller clears it */
	struct context_command call;			   /* points into this struct */
};

/* Find the command, and check and convert its arguments. -EINVAL and a sentence. */
int prepare_command(const struct descriptor *plugin, const char *name, const char *const *words, size_t n,
	struct prepared *ret, struct xslot_diag *diag);

#endif

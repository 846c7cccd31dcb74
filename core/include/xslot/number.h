/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers in a plugin's status, with what a program that reads them has to know. Since ABI 2. */
#ifndef XSLOT_NUMBER_H
#define XSLOT_NUMBER_H

#include <xslot/plugin.h>

#define XSLOT_MAX_LABELS 4

enum xslot_kind {
	XSLOT_GAUGE,  /* it rises and falls */
	XSLOT_COUNTER /* it only rises, except when the state begins again; not negative */
};

struct xslot_label {
	const char *name;  /* as the number's */
	const char *value; /* any text; at most 255 bytes of it are kept */
};

/*
 * Names and units have a to z, 0 to 9 and _, at most 63, the first a letter. The host copies all of it. Grows
 * at its end only.
 */
struct xslot_number {
	const char *name; /* "dropped"; more than one number may have it, with other labels */
	const char *unit; /* "packets", "bytes", "seconds"; NULL: none */
	uint32_t kind;	  /* enum xslot_kind */
	uint32_t reserved;
	int64_t value;
	struct xslot_label labels[XSLOT_MAX_LABELS]; /* up to the first without a name */
};

/*
 * For status and commands: show a number, at most 4096 of them. -EINVAL and a line in the log: a name, kind
 * or value that is not allowed; -ENOSPC: too many; -EBUSY: not there; -ENOMEM.
 */
static inline int xslot_status_number(struct xslot_context *context, const struct xslot_number *number)
{
	return context->host->number(context, number, sizeof(*number));
}

#endif

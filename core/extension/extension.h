/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The inside of struct xslot_extension, for extension.c (open, load, unload) and extension_attach.c
 * (everything live).
 */
#ifndef EXTENSION_EXTENSION_H
#define EXTENSION_EXTENSION_H

#include <xslot/extension.h>

#include "extension/link.h"
#include "extension/object.h"
#include "extension/program.h"

struct xslot_extension {
	char *name;   /* for messages */
	char *wanted; /* the program to choose in the object; NULL: its only one */
	bool frags;
	struct blob *bytes;	/* NULL: from a pin */
	struct object object;	/* closed when from a pin */
	struct program *self;	/* from a pin: the program; else NULL */
	int fd;			/* of the loaded program, the object's or self's; -1: not loaded */
	struct program *target; /* where it was loaded for, or first attached to when from a pin */
	char *function;
	uint32_t function_id;
	struct xslot_link **links;
	size_t n_links;
};

/* As xslot_extension_load() and _attach_to(), to a target whose types the caller has: see program_open(). A
 * failed load's sentence is the reason alone. */
int extension_load(struct xslot_extension *extension, int target_fd, const struct btf *types,
	const char *function, struct xslot_diag *diag);
int extension_attach_to(struct xslot_extension *extension, int target_fd, const struct btf *types,
	const char *function, uint32_t *ret_link_id, struct xslot_diag *diag);
/* Close all that is open of it, but the bytes: what became of it is another's, pinned or attached. */
void extension_release(struct xslot_extension *extension);

/* The function of that name in the target, if this extension fits it: the errors of xslot_extension_load().
 */
int extension_find_place(const struct xslot_extension *extension, const struct program *target,
	const char *function, uint32_t *ret_function_id, struct xslot_diag *diag);

#endif

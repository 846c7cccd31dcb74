/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Loaded programs of any owner, as an operator names them; and what an extension's link fills. */
#ifndef KERNEL_TARGET_H
#define KERNEL_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <xslot/extension.h>

/*
 * Open a loaded program by id ("42"), by the path of a pin ("/sys/fs/bpf/…"), or by name, if only one has it.
 * -ENOENT when there is none; -ENOTUNIQ lists the ids of all that have the name. CAP_SYS_ADMIN, but for a
 * pin.
 */
int target_open(const char *word, int *ret_fd, struct xslot_diag *diag);

struct target_place {
	uint32_t link_id;
	uint32_t program_id, target_id;
	char program[16], target[16]; /* names, as the kernel keeps them */
	char function[128];	      /* "" on a kernel before 5.13, which does not tell */
	/* Somebody else has the target, too, or that cannot be seen: a link, a pin, a process, an interface
	 * here. */
	bool used;
};

/* What the link of an extension fills. CAP_SYS_ADMIN. */
int target_of_link(const struct xslot_link *link, struct target_place *ret_place, struct xslot_diag *diag);

#endif

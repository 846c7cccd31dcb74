/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The inside of an instance, for instance.c (open, load, place) and instance_pin.c (what outlives the host).
 */
#ifndef KERNEL_INSTANCE_PRIVATE_H
#define KERNEL_INSTANCE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/carry.h"
#include "kernel/instance.h"

struct bpf_object;
struct bpf_program;
struct xslot_extension;

struct instance {
	char *name;
	struct xslot_extension *extension;
	struct xslot_extension *adopted; /* the program from a pin; `extension` then only describes it */
	struct bpf_object *object;	 /* the extension's */
	struct bpf_program *program;	 /* the one that fills the slot */
	struct carry_table maps;
	struct instance_map *listed; /* as many as maps */
	bool loaded;
	uint32_t program_id; /* 0 before load */
};

/* The kernel's id of a program or a map. */
int instance_object_id(int fd, bool is_map, uint32_t *ret_id);

#endif

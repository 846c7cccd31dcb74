/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The inside of an instance, for instance.c (open, load, place) and instance/pin.c (what outlives the host).
 */
#ifndef KERNEL_INSTANCE_INSTANCE_PRIVATE_H
#define KERNEL_INSTANCE_INSTANCE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "extension/object.h"
#include "kernel/foreign/foreign.h"
#include "kernel/instance/carry.h"
#include "kernel/instance/instance.h"
#include "kernel/instance/jump_objects.h"
#include "kernel/instance/jumps.h"

struct bpf_object;
struct bpf_program;
struct xslot_extension;

struct instance {
	char *name;
	struct xslot_extension *extension;
	struct xslot_extension *adopted;  /* the program from a pin; `extension` then only describes it */
	struct foreign foreign;		  /* all 0 when the object is no foreign one */
	struct jumps jumps;		  /* … whose program arrays the configuration fills so */
	struct jump_objects jump_objects; /* … with programs of other files, too */
	struct bpf_object *object;	  /* the extension's, or the foreign one behind our entry */
	struct bpf_program *program;	  /* what the slot runs */
	struct carry_table maps;
	struct instance_map *listed; /* as many as maps */
	bool loaded;
	bool refused_btf;     /* by the kernel, when it was to be an extension */
	int object_fd;	      /* between instance_code() and instance_code_done(); else -1 */
	char object_path[32]; /* after instance_code(): of the object's bytes, while the extension lives */
	struct object twin;   /* adopted: between instance_code() and instance_code_done() */
	uint32_t program_id;  /* 0 before load */
};

/* What fills the stub: the slot's own program, or our entry to it. NULL after a failed load. */
struct bpf_program *instance_filler(const struct instance *instance);

/* The program array, one entry long, through which our entry calls a foreign program; NULL: there is none. */
struct bpf_map *instance_entry(const struct instance *instance);

/* The kernel's id of a program or a map. */
int instance_object_id(int fd, bool is_map, uint32_t *ret_id);

#endif

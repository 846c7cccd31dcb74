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
#include "kernel/instance/instance.h"
#include "kernel/instance/jump_objects.h"
#include "kernel/instance/jumps.h"
#include "kernel/state/carry.h"

struct bpf_insn;
struct bpf_object;
struct bpf_program;
struct btf;
struct xslot_extension;

/* A filler's instructions, apart from its object: maps are numbers, in the order of the object's. */
struct instance_code {
	struct bpf_insn *insns; /* NULL: not known */
	size_t n_insns;
	struct btf *types; /* that it was loaded with; NULL: none */
};

/* The same with all that is open for a fused chain. */
struct instance_part {
	struct bpf_insn *insns;
	int *map_fds; /* as many as the object has maps, -1 where it refers to none */
	size_t n_maps;
	int program_fd, object_fd;
	char object_path[32];
};

struct instance {
	char *name;
	struct xslot_extension *extension;
	struct foreign foreign;		  /* all 0 when the object is no foreign one */
	struct jumps jumps;		  /* … whose program arrays the configuration fills so */
	struct jump_objects jump_objects; /* … with programs of other files, too */
	struct bpf_object
		*object; /* the extension's, or the foreign one behind our entry; NULL when released */
	struct bpf_program *program; /* what the slot runs */
	struct carry_table maps;
	struct instance_map *listed; /* as many as maps */
	bool loaded;
	bool adopted;  /* its program comes from a pin, and is not the object's */
	bool released; /* all descriptors are closed but those of `maps` and this one: */
	int entry_fd;  /* the program array of our entry, which the kernel empties with the last one; or -1 */
	bool refused_btf; /* by the kernel, when it was to be an extension */
	struct instance_code code;
	struct instance_part part; /* between instance_code() and instance_code_done() */
	uint32_t program_id;	   /* 0 before load */
	uint32_t filler_id;	   /* of what fills the stub; 0: it was not loaded as that */
};

/* What fills the stub: the slot's own program, or our entry to it. NULL after a failed load. */
struct bpf_program *instance_filler(const struct instance *instance);

/* The program array, one entry long, through which our entry calls a foreign program; NULL: there is none. */
struct bpf_map *instance_entry(const struct instance *instance);

/* A new descriptor of what fills the stub, the caller's. */
int instance_open_filler(const struct instance *instance, int *ret_fd, struct xslot_diag *diag);

/*
 * After the maps are classified: is the parameter one that gives a map its number of entries? And: give all
 * maps the numbers that parameters and options ask for.
 */
bool instance_takes_size(const struct instance *instance, const char *param);
int instance_set_sizes(struct instance *instance, const struct instance_options *options,
	const char **ret_param, struct xslot_diag *diag);

/* Before the object is closed: what a fused chain needs of it, unless it is known. */
int instance_code_remember(struct instance *instance, const struct bpf_object *object,
	const struct bpf_program *program, struct xslot_diag *diag);
void instance_code_forget(struct instance *instance);

#endif

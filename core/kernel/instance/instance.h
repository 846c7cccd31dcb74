/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One plugin instance in the kernel, for a slot: its BPF object, with parameters written and maps chosen. */
#ifndef KERNEL_INSTANCE_INSTANCE_H
#define KERNEL_INSTANCE_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>
#include <xslot/plugin.h>

#include "kernel/dispatcher/dispatcher.h"
#include "kernel/instance/instance_maps.h"

struct instance;
struct xslot_link;

struct instance_param {
	const char *name;
	const struct xslot_value *value; /* type XSLOT_NONE: leave the variable's initial value */
	bool optional;			 /* no error when no variable bears the name: callbacks take it */
};

/* A program of another file in a program array of a foreign object. */
struct instance_jump {
	const char *array;
	uint32_t index;
	const char *file; /* the same name: the same bytes */
	const void *object;
	size_t size;
	const char *program; /* NULL: the only one */
};

/* How many entries a map has that its object gives none. */
struct instance_size {
	const char *map;
	uint32_t entries;
};

/* Another slot of the chain, whose maps this instance may share: see struct carry_sharer. */
struct instance_sharer {
	const struct instance *instance;
	const char *slot;
	bool stays;
};

struct instance_options {
	const char *name; /* for messages: "plugin acl" */
	const void *object;
	size_t object_size;
	const char *function; /* the program that fills the slot; NULL: the object's only one */
	bool frags, reasons;
	const struct instance_param *params;
	size_t n_params;
	const struct instance *previous; /* carry state from it; NULL: none. Must outlive open and load */
	bool same_state_version;
	const char *slot;		       /* for messages; with sharers */
	const struct instance_sharer *sharers; /* loaded; must outlive open and load */
	size_t n_sharers;
	const struct instance_size *sizes;
	size_t n_sizes;
	bool any_size; /* maps without a size have one entry: nothing is to run */
	bool foreign;  /* an object that knows nothing of slots: see foreign.h; its plain maps are state */
	const struct instance_jump *jumps; /* foreign */
	size_t n_jumps;
	/* foreign: it cannot be an extension, as instance_wants_entry() or instance_is_behind_entry() said */
	bool behind_entry;
};

/*
 * Open the object, write parameters into its .rodata (typed and range-checked by BTF) and decide each map's
 * fate. On an error that is about one parameter, `*ret_param` (may be NULL) is its name.
 */
int instance_open(const struct instance_options *options, struct instance **ret_instance,
	const char **ret_param, struct xslot_diag *diag);

/* After open: which names the object's variables have, and those of volatile ones that no parameter sets. */
bool instance_has_variable(const struct instance *instance, const char *name);
size_t instance_spare_variables(const struct instance *instance, const struct instance_param *params,
	size_t n, const char **ret_names, size_t max);

/* Verify and load for the stub of `slot` and `bank`, make the maps. After a failure only instance_free. */
int instance_load(struct instance *instance, const struct dispatcher *dispatcher, unsigned slot,
	enum bank bank, struct xslot_diag *diag);

/* After a load that failed: was it for the file of one of options.jumps, and which? */
bool instance_failed_jump(const struct instance *instance, size_t *ret_jump);

/*
 * After an instance_load that failed and filled `diag`: the kernel takes no BTF of this foreign object, which
 * an extension needs and an XDP program does not. Opened anew with `behind_entry` it may run.
 */
bool instance_wants_entry(const struct instance *instance);

/* The same, as an XDP program of its own: where the kernel refuses freplace, to verify all the same. */
int instance_verify_as_xdp(struct instance *instance, struct xslot_diag *diag);

/*
 * Fill a stub that packets do not reach, after load, as often and in as many places as wanted. -EBUSY names
 * the holder of the bank's old link. The caller closes the link (xslot_link_close) to empty the stub.
 */
int instance_place(struct instance *instance, const struct dispatcher *dispatcher, unsigned slot,
	enum bank bank, struct xslot_link **ret_link, struct xslot_diag *diag);

void instance_free(struct instance *instance); /* accepts NULL */

/*
 * Pin program, maps and the object's bytes into `folder` (made): "program", "maps/NAME", "object"; of a
 * foreign program behind our entry also "entry" and "programs/NAME". After a failure the caller removes it.
 */
int instance_pin(const struct instance *instance, const void *object, size_t size, const char *folder,
	struct xslot_diag *diag);
/* The object's bytes from such a folder; the caller's to free. */
int instance_read_object(const char *folder, void **ret_object, size_t *ret_size, struct xslot_diag *diag);
/* Was what is pinned in the folder opened so? */
bool instance_is_behind_entry(const char *folder);
/*
 * Once it is pinned in the folder: close all descriptors but those of maps that a plugin asked for, or that
 * hold more than bytes. What is needed later is opened from the pins: a program to place it elsewhere, maps
 * for its successor, for callbacks and for a fused chain. `pins` is that folder by a path that stays right
 * when it is renamed, see pinned_open(); NULL: nothing can be opened any more. On failure nothing has
 * changed.
 */
int instance_release(struct instance *instance, const char *pins, struct xslot_diag *diag);

/* In place of instance_load, after instance_open with that object: be the instance that is pinned there. To
 * be released before it is placed. */
int instance_adopt(struct instance *instance, const char *folder, struct xslot_diag *diag);

/* The extension that fills stubs: the program itself, or our entry to it. 0 before load. */
uint32_t instance_filler_id(const struct instance *instance);
uint32_t instance_program_id(const struct instance *instance);

/* The program at this place of a program array; 0: none, or the kernel does not say. */
uint32_t instance_jump_id(const struct instance *instance, const char *array, uint32_t index);

/*
 * The proceed mask (bit per XDP action) that libxdp would run the program with: its run configuration in the
 * object's BTF, and where there is none libxdp's default, pass.
 */
uint32_t instance_run_config(const struct instance *instance);

#endif

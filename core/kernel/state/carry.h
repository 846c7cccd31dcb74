/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* An instance's maps: which ones are state, and which ones are carried over from the previous instance. */
#ifndef KERNEL_STATE_CARRY_H
#define KERNEL_STATE_CARRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

#include "kernel/state/marks.h"

struct bpf_map;
struct bpf_map_info;
struct bpf_object;
struct btf;

/*
 * One map as its object declares it. A copy, because bpf_map__reuse_fd overwrites what libbpf knows: name and
 * BTF ids then are those of the build that once made the map.
 */
struct carry_map {
	struct bpf_map *map; /* the object's; NULL once that is closed */
	int fd;		     /* of our own, see carry_map_fd(); -1: none */
	uint32_t id;	     /* the kernel's, once it is loaded or adopted */
	char *name;	     /* in C; a data section's name for the map that holds it: ".bss" */
	char *pin;	     /* in bpffs, unique in the table; see pin_names.h */
	uint32_t type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t flags;
	uint64_t extra;
	uint32_t key_id; /* BTF, 0 when not given */
	uint32_t value_id;
	struct marks marks;
	enum map_class class;
	enum map_carried carried;
	struct adder *adder; /* see instance_map_add(); NULL: none */
	struct copy *copy;   /* after its first step, until its second; NULL: none */
	bool from_sharer;    /* another slot's, of the same generation */
	bool relaid; /* fresh, though the instance before has a state map of the name: migrate fills it */
};

struct carry_table {
	const struct btf *btf; /* the object's, or `kept`; NULL when it has none */
	struct btf *kept;      /* a copy of it: the object is closed */
	char *pins;	       /* the folder where the maps are pinned then; NULL: nowhere */
	struct carry_map *maps;
	size_t n_maps;
	bool left_behind; /* the instance before has a state map that was not carried */
};

/*
 * List the maps of an open object with their classes, all fresh; take off every pin path, so that loading
 * pins nothing. `foreign` as in struct instance_options. -EINVAL for state that could never be carried
 * because of where it was put. `ret_table` is for carry_deinit in either case.
 */
int carry_classify(struct bpf_object *object, const char *name, bool foreign, struct carry_table *ret_table,
	struct xslot_diag *diag);

/*
 * Before load: let `table` use the kernel's maps of `old` (loaded) wherever both are state and agree in all
 * that the bytes mean. `meaning_differs`: none may go on. References are taken; `old` may go afterwards.
 */
int carry_over(struct carry_table *table, const struct carry_table *old, bool meaning_differs,
	const char *name, struct xslot_diag *diag);

/* Another slot of the chain, which may have maps of the same shared name. */
struct carry_sharer {
	const struct carry_table *table;
	const char *slot;
	bool stays; /* it will run beside this one; else it is being replaced, and only has what there was */
};

/*
 * Before carry_over(): use the shared maps of the slots that will run beside this one. -EINVAL names a map
 * that both declare otherwise, and both slots. After it: those of replaced slots, where none of the slot's
 * own was found.
 */
int carry_share(struct carry_table *table, const struct carry_sharer *sharer, const char *name,
	const char *slot, struct xslot_diag *diag);

/*
 * Is the kernel's map `fd` one that this object could have made? -EINVAL says what differs: whoever reads
 * values of another size than it has room for writes beyond it. `ret_info` may be NULL.
 */
int carry_check_map(
	const struct carry_map *map, int fd, struct bpf_map_info *ret_info, struct xslot_diag *diag);

/* Is its number of entries the plugin's choice, so that the object does not tell it? */
bool carry_is_sized(const struct carry_map *map);

/* The map of that name in C; NULL: there is none. */
struct carry_map *carry_find(const struct carry_table *table, const char *name);

/* Does it hold nothing but bytes? Of other maps the kernel empties some with the last descriptor and pin. */
bool carry_is_bytes(const struct carry_table *table, const struct carry_map *map);

/*
 * A new descriptor of the map, the caller's: from the object, or from the pin. Loaded instances only. -ESTALE
 * when the pin has become another map's: values of another size would be read into buffers for these.
 */
int carry_open_map(
	const struct carry_table *table, const struct carry_map *map, int *ret_fd, struct xslot_diag *diag);
/* One for as long as the table lives, always the same. -errno. Not from two threads at a time, but beside
 * carry_open_map(). */
int carry_map_fd(const struct carry_table *table, struct carry_map *map, struct xslot_diag *diag);

/*
 * The object is about to be closed. Maps that are more than bytes keep a descriptor, since the kernel empties
 * some of them (program arrays, timers) when the last one and the pin are gone; of the others those that
 * carry_map_fd() gave out stay, and more are opened from `pins` (copied; NULL: none can be). On failure
 * nothing has changed.
 */
int carry_release(struct carry_table *table, const char *pins, struct xslot_diag *diag);

void carry_deinit(struct carry_table *table);

#endif

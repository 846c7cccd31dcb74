/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The maps of an instance. */
#ifndef KERNEL_INSTANCE_INSTANCE_MAPS_H
#define KERNEL_INSTANCE_INSTANCE_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

#include "kernel/state/marks.h"

struct instance;
struct xslot_map_info;

struct instance_map {
	const char *name;
	enum map_class class;
	enum map_carried carried;
	const char *pin; /* its name in bpffs, where it is pinned */
	uint32_t id;
	bool messages; /* the ring buffer of XSLOT_MESSAGES() */
	const struct marks *marks;
};

/*
 * A map's fd by its C name, always the same, and the instance's own: do not close. -ENOENT when there is
 * none; a sentence only when there is one that cannot be opened: the errors of carry_open_map(). Not from two
 * threads at a time.
 */
int instance_map_fd(const struct instance *instance, const char *name, struct xslot_diag *diag);

/*
 * What <xslot/map.h> promises, by a map's name in C: -ENOENT without a sentence when there is none. Adding
 * keeps what it needs until it is ended.
 */
int instance_map_info(const struct instance *instance, const char *name, struct xslot_map_info *ret_info);
int instance_map_add(const struct instance *instance, const char *name, const void *key,
	const uint64_t *numbers, struct xslot_diag *diag);
void instance_map_add_end(const struct instance *instance);

/*
 * State maps that have another size than those of `previous` get its entries: all that it has now, before
 * packets come; and the rest, when its maps are final. What there was no room for is told by `log`.
 */
typedef void (*instance_tell)(void *data, const char *map, uint64_t copied, uint64_t left_out);
struct instance_listener {
	instance_tell tell;
	void *data;
};
int instance_copy(struct instance *instance, const struct instance *previous,
	const struct instance_listener *listener, struct xslot_diag *diag);
int instance_copy_rest(struct instance *instance, const struct instance *previous,
	const struct instance_listener *listener, struct xslot_diag *diag);

/* State maps of `previous` that were not carried need migrate: true when there is one. */
bool instance_needs_migration(const struct instance *instance);
/* Set after migrate has run: the maps that were fresh for a layout's sake are then MAP_MIGRATED. */
void instance_set_migrated(struct instance *instance);

/* Array owned by the instance. */
size_t instance_maps(const struct instance *instance, const struct instance_map **ret_maps);

#endif

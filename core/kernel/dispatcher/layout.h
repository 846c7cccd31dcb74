/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* How much room a dispatcher has: two layouts of the memory that it shares with the host, see xslot/state.h.
 */
#ifndef KERNEL_DISPATCHER_LAYOUT_H
#define KERNEL_DISPATCHER_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

struct layout {
	uint32_t number;      /* XSLOT_STATE_LAYOUT */
	uint32_t version;     /* of the dispatchers that this host makes with it */
	uint32_t manifest;    /* layout of the manifest beside them */
	uint32_t generations; /* a power of two; as many parities of counters */
	uint32_t stubs;	      /* fused programs, XSLOT_FUSED_A and on */
	uint32_t active_step; /* XSLOT_ACTIVE_STEP */
	size_t generation_size, state_size;
	const void *object; /* the program */
	size_t object_size;
};

/* NULL: this host cannot read it. */
const struct layout *layout_find(uint32_t number);

/* The layout of dispatchers that are made from now on: the newest, unless layout_make() said otherwise. */
const struct layout *layout_made(void);
/* Before the first of them. -EINVAL: there is no such layout. */
int layout_make(uint32_t number);

#endif

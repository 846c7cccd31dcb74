/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A host replaces a dispatcher with another layout by one of its own, in place, as it does with another
 * version. Until then it runs it, and may die: so it reads and writes what is there in the layout that it
 * has, and the host that made it can still take over. To return to that host the other way round, this one
 * makes dispatchers of the layout before (xslotd --state-layout), which are what that host made.
 *
 * A generation begins the same way in both layouts, so only sizes and numbers differ.
 */
#include "kernel/dispatcher/layout.h"

#include <errno.h>
#include <xslot/state.h>

#include "dispatcher.bpf.h"
#include "dispatcher_before.bpf.h"

static const struct layout layouts[] = {
	{
		.number = XSLOT_STATE_LAYOUT,
		.version = XSLOT_DISPATCHER_VERSION,
		.manifest = 2,
		.generations = XSLOT_GENERATIONS,
		.stubs = XSLOT_FUSED_STUBS,
		.active_step = XSLOT_ACTIVE_STEP,
		.generation_size = sizeof(struct xslot_generation),
		.state_size = sizeof(struct xslot_state),
		.object = dispatcher_bpf,
		.object_size = sizeof(dispatcher_bpf),
	},
	{
		.number = XSLOT_LAYOUT_BEFORE,
		.version = XSLOT_VERSION_BEFORE,
		.manifest = 1,
		.generations = 2,
		.stubs = 2,
		.active_step = 1,
		.generation_size = 160,
		.state_size = 344,
		.object = dispatcher_before_bpf,
		.object_size = sizeof(dispatcher_before_bpf),
	},
};

static const struct layout *made = &layouts[0];

const struct layout *layout_find(uint32_t number)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].number == number)
			return &layouts[i];
	return NULL;
}

const struct layout *layout_made(void)
{
	return made;
}

int layout_make(uint32_t number)
{
	const struct layout *layout = layout_find(number);

	if (!layout)
		return -EINVAL;
	made = layout;
	return 0;
}

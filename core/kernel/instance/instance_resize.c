/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* State maps of another size than before, see kernel/state/copy.h. Descriptors are open during a step only.
 */
#include <errno.h>

#include "kernel/instance/instance_private.h"
#include "kernel/state/copy.h"
#include "kernel/types.h"
#include "util/cleanup.h"
#include "util/diag.h"

DEFINE_CLEANUP(struct copy *, copy_free);

static int open_both(const struct instance *instance, const struct carry_map *map,
	const struct instance *previous, int fds[2], struct xslot_diag *diag)
{
	const struct carry_map *old = carry_find(&previous->maps, map->name);
	int r;

	if (!old)
		return fail(diag, -ENOENT, "the instance before has no such map");
	r = carry_open_map(&previous->maps, old, &fds[0], diag);
	return r < 0 ? r : carry_open_map(&instance->maps, map, &fds[1], diag);
}

static int copy_map(const struct instance *instance, struct carry_map *map, const struct instance *previous,
	struct copy_counts *ret_counts, struct xslot_diag *diag)
{
	const struct btf *btf = instance->maps.btf;
	CLEANUP(copy_free) struct copy *begun = TAKE_PTR(map->copy);
	CLEANUP(close) int from = -1, to = -1;
	int fds[2] = { -1, -1 }, r;

	r = open_both(instance, map, previous, fds, diag);
	from = fds[0];
	to = fds[1];
	if (r < 0)
		return r;
	const struct copy_options options = {
		.from = from,
		.to = to,
		.resize = map->marks.resize,
		.locked = btf && types_contain(btf, map->value_id, "bpf_spin_lock"),
	};
	return begun ? copy_finish(begun, &options, ret_counts, diag)
		     : copy_begin(&options, &map->copy, ret_counts, diag);
}

static int copy_maps(struct instance *instance, const struct instance *previous,
	const struct instance_listener *listener, bool rest, struct xslot_diag *diag)
{
	int result = 0;

	for (size_t i = 0; i < instance->maps.n_maps && (result == 0 || rest); i++) {
		struct carry_map *map = &instance->maps.maps[i];
		struct copy_counts counts = {};
		int r;

		if (map->carried != MAP_COPIED || (rest && !map->copy))
			continue;
		r = copy_map(instance, map, previous, &counts, diag);
		if (r < 0)
			result = fail_within(diag, r, "map %s of the running instance cannot be copied%s",
				map->name, rest ? " to its end" : "");
		listener->tell(listener->data, map->name, counts.copied, counts.left_out);
	}
	return result;
}

int instance_copy(struct instance *instance, const struct instance *previous,
	const struct instance_listener *listener, struct xslot_diag *diag)
{
	return copy_maps(instance, previous, listener, false, diag);
}

int instance_copy_rest(struct instance *instance, const struct instance *previous,
	const struct instance_listener *listener, struct xslot_diag *diag)
{
	return copy_maps(instance, previous, listener, true, diag);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What a plugin's callbacks may know of its maps and do to them, beside their descriptors: see <xslot/map.h>.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <string.h>
#include <xslot/map.h>

#include "kernel/instance/instance_private.h"
#include "kernel/state/adder.h"
#include "kernel/types.h"
#include "util/cleanup.h"
#include "util/diag.h"

int instance_map_fd(const struct instance *instance, const char *name, struct xslot_diag *diag)
{
	for (size_t i = 0; i < instance->maps.n_maps; i++)
		if (strcmp(instance->maps.maps[i].name, name) == 0)
			return carry_map_fd(&instance->maps, &instance->maps.maps[i], diag);
	return -ENOENT;
}

bool instance_needs_migration(const struct instance *instance)
{
	return instance->maps.left_behind;
}

void instance_set_migrated(struct instance *instance)
{
	for (size_t i = 0; i < instance->maps.n_maps; i++)
		if (instance->maps.maps[i].relaid)
			instance->listed[i].carried = MAP_MIGRATED;
}

size_t instance_maps(const struct instance *instance, const struct instance_map **ret_maps)
{
	*ret_maps = instance->listed;
	return instance->maps.n_maps;
}

int instance_map_info(const struct instance *instance, const char *name, struct xslot_map_info *ret_info)
{
	const struct carry_map *map = carry_find(&instance->maps, name);
	const struct btf *btf = instance->maps.btf;
	struct xslot_map_info info = {};
	uint32_t size = ret_info->size;

	if (!map)
		return -ENOENT;
	if (size < sizeof(info.size))
		return -EINVAL;
	info = (struct xslot_map_info){
		.size = size < sizeof(info) ? size : sizeof(info),
		.type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = map->max_entries,
		.flags = map->flags,
		.state_version = map->marks.version,
		.key_type = map->key_id,
		.value_type = map->value_id,
	};
	info.btf = btf ? btf__raw_data(btf, &info.btf_size) : NULL;
	memcpy(ret_info, &info, info.size);
	return 0;
}

static int begin_adding(const struct instance *instance, struct carry_map *map, struct xslot_diag *diag)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	int fd = carry_map_fd(&instance->maps, map, diag);

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return fail(diag, -errno, "cannot look at it: %s", strerror(errno));
	if (!instance->maps.btf || !types_is_numbers(instance->maps.btf, map->value_id))
		return fail(diag, -EINVAL,
			"its values are not made of 64-bit numbers alone, so that nothing can be added to them");
	return adder_new(fd, &info, &map->adder, diag);
}

int instance_map_add(const struct instance *instance, const char *name, const void *key,
	const uint64_t *numbers, struct xslot_diag *diag)
{
	struct carry_map *map = carry_find(&instance->maps, name);
	uint64_t before;
	int r;

	if (!map)
		return -ENOENT;
	r = map->adder ? 0 : begin_adding(instance, map, diag);
	if (r < 0)
		return r;
	before = adder_left_out(map->adder);
	r = adder_add(map->adder, key, numbers, diag);
	if (r == 0)
		r = adder_flush(map->adder, diag);
	return r == 0 && adder_left_out(map->adder) > before ? -E2BIG : r;
}

void instance_map_add_end(const struct instance *instance)
{
	for (size_t i = 0; i < instance->maps.n_maps; i++)
		adder_free(TAKE_PTR(instance->maps.maps[i].adder));
}

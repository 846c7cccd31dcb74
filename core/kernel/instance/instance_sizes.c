/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * How many entries maps have, where that is in the files and not in the object. It is decided before state is
 * carried over, since the number is a part of what is compared there.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "kernel/foreign/foreign.h"
#include "kernel/instance/instance_private.h"
#include "kernel/state/marks.h"
#include "util/diag.h"

bool instance_takes_size(const struct instance *instance, const char *param)
{
	for (size_t i = 0; i < instance->maps.n_maps; i++)
		if (strcmp(instance->maps.maps[i].marks.entries_from, param) == 0)
			return true;
	return false;
}

static int set_entries(struct carry_map *map, uint32_t entries, struct xslot_diag *diag)
{
	int r = bpf_map__set_max_entries(map->map, entries);

	if (r < 0)
		return fail(diag, r, "map %s: libbpf does not accept %u entries: %s", map->name, entries,
			strerror(-r));
	return 0;
}

static const struct instance_param *find_param(const struct instance_options *options, const char *name)
{
	for (size_t i = 0; i < options->n_params; i++)
		if (strcmp(options->params[i].name, name) == 0)
			return &options->params[i];
	return NULL;
}

static int size_by_param(struct carry_map *map, const struct instance_options *options,
	const char **ret_param, struct xslot_diag *diag)
{
	const struct instance_param *param = find_param(options, map->marks.entries_from);
	uint32_t entries;
	int r;

	if (!param) /* what was adopted, or is only looked at, has none at all */
		return options->n_params == 0 || options->any_size
			       ? 0
			       : fail(diag, -EINVAL,
					 "map %s takes its number of entries from parameter %s, which the plugin does not have",
					 map->name, map->marks.entries_from);
	r = marks_entries(&map->marks, param->value, map->name, &entries, diag);
	if (r == 0 && entries)
		r = set_entries(map, entries, diag);
	if (r < 0 && ret_param)
		*ret_param = param->name;
	return r;
}

static int size_by_callback(
	struct instance *instance, const struct instance_size *size, struct xslot_diag *diag)
{
	for (size_t i = 0; i < instance->maps.n_maps; i++) {
		struct carry_map *map = &instance->maps.maps[i];

		if (strcmp(map->name, size->map) != 0)
			continue;
		if (!carry_is_sized(map))
			return fail(diag, -EINVAL,
				"check gives map %s %u entries, and the BPF program %u: remove max_entries there",
				map->name, size->entries, map->max_entries);
		return set_entries(map, size->entries, diag);
	}
	return fail(diag, -ENOENT, "check gives map %s %u entries, and the BPF object has no such map",
		size->map, size->entries);
}

/* A rehearsal runs nothing, and goes through all of a load. */
static void size_somehow(struct instance *instance)
{
	for (size_t i = 0; i < instance->maps.n_maps; i++)
		if (bpf_map__max_entries(instance->maps.maps[i].map) == 0)
			bpf_map__set_max_entries(instance->maps.maps[i].map, 1);
}

int instance_set_sizes(struct instance *instance, const struct instance_options *options,
	const char **ret_param, struct xslot_diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < instance->maps.n_maps; i++)
		if (instance->maps.maps[i].marks.entries_from[0])
			r = size_by_param(&instance->maps.maps[i], options, ret_param, diag);
	for (size_t i = 0; r == 0 && i < options->n_sizes; i++)
		r = size_by_callback(instance, &options->sizes[i], diag);
	if (r < 0)
		return fail_within(diag, r, "%s", instance->name);
	if (options->any_size)
		size_somehow(instance);
	for (size_t i = 0; i < instance->maps.n_maps; i++)
		instance->maps.maps[i].max_entries = bpf_map__max_entries(instance->maps.maps[i].map);
	return 0;
}

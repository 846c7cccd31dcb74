/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * State survives a reload because both instances share the same kernel map: nothing is copied, so nothing is
 * lost or counted twice, and the old instance may keep writing until the swap. That is right only if both
 * builds give every byte the same meaning, and libbpf's reuse checks nothing at all. So everything is
 * compared here, and a map that differs in anything starts fresh: the plugin's migrate may then fill it.
 *
 * Some kinds of map are never carried over. Loading the new object would fill a program array, and the
 * running version would call the new targets; maps of maps, devices, CPUs and sockets hold references that
 * belong to the program that filled them; a timer's callback belongs to the program that armed it.
 */
#include "kernel/state/carry.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extension/btf_read.h"
#include "kernel/pin_names.h"
#include "kernel/pinned.h"
#include "kernel/state/adder.h"
#include "kernel/state/copy.h"
#include "kernel/state/walk.h"
#include "kernel/types.h"
#include "util/cleanup.h"
#include "util/diag.h"

#define STATE_TAG "xslot:state"

static bool is_plain(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return true;
	}
	return false;
}

/* Kinds that hold nothing but bytes. */
static bool is_carriable(const struct btf *btf, const struct carry_map *map)
{
	static const char *const bound_to_program[] = { "bpf_timer", "bpf_wq", "bpf_task_work" };

	for (size_t i = 0; i < sizeof(bound_to_program) / sizeof(*bound_to_program); i++)
		if (btf && types_contain(btf, map->value_id, bound_to_program[i]))
			return false;
	switch (map->type) {
	case BPF_MAP_TYPE_LPM_TRIE:
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_BLOOM_FILTER:
		return true;
	}
	return is_plain(map->type);
}

static const char *variable_name(const struct btf *btf, const struct btf_var_secinfo *info)
{
	return btf_read_name(btf, btf_read_type(btf, info->type)->name_off);
}

/* The map of a data section is state when all variables in it are tagged. */
static int classify_section(
	const struct btf *btf, const char *name, struct carry_map *map, struct xslot_diag *diag)
{
	const struct btf_type *section = btf ? btf__type_by_id(btf, map->value_id) : NULL;
	const struct btf_var_secinfo *tagged = NULL, *plain = NULL;

	if (!section || !btf_is_datasec(section))
		return 0;
	for (unsigned i = 0; i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *info = btf_var_secinfos(section) + i;

		if (types_tagged(btf, info->type, STATE_TAG))
			tagged = info;
		else
			plain = info;
	}
	if (!tagged)
		return 0;
	if (strcmp(map->name, ".bss") != 0)
		return fail(diag, -EINVAL,
			"%s: variable %s is marked as state but lies in %s, which each instance has for itself: only variables without an initial value can be state",
			name, variable_name(btf, tagged), map->name);
	if (plain)
		return fail(diag, -EINVAL,
			"%s: variable %s is marked as state and %s is not, but both lie in .bss, which is one map: mark all or none",
			name, variable_name(btf, tagged), variable_name(btf, plain));
	map->class = MAP_STATE;
	return 0;
}

/* libbpf's own name for a data section's map begins with a part of the object's name. */
static const char *map_name(const struct btf *btf, const struct bpf_map *map)
{
	const struct btf_type *value = btf ? btf__type_by_id(btf, bpf_map__btf_value_type_id(map)) : NULL;
	const char *dot = strchr(bpf_map__name(map), '.');

	if (!bpf_map__is_internal(map))
		return bpf_map__name(map);
	if (value && btf_is_datasec(value) && btf_read_name(btf, value->name_off)[0])
		return btf_read_name(btf, value->name_off);
	return dot ? dot : bpf_map__name(map);
}

static int check_resize(const struct btf *btf, const struct carry_map *map, struct xslot_diag *diag)
{
	if (map->marks.resize == RESIZE_FRESH)
		return 0;
	if (!walk_can(map->type) || !is_carriable(btf, map))
		return fail(diag, -EINVAL,
			"map %s has a mark for another size, and maps of type %u cannot be copied", map->name,
			map->type);
	if (map->marks.resize == RESIZE_ADD && !types_is_numbers(btf, map->value_id))
		return fail(diag, -EINVAL,
			"map %s is marked XSLOT_SUMMED, and its values are not made of 64-bit numbers alone: use XSLOT_COPIED",
			map->name);
	return 0;
}

/* Named rows are shown by the host, which sums what it finds there. */
static int check_rows(const struct btf *btf, const struct carry_map *map, struct xslot_diag *diag)
{
	if (!map->marks.n_rows)
		return 0;
	if ((map->type != BPF_MAP_TYPE_PERCPU_ARRAY && map->type != BPF_MAP_TYPE_ARRAY) ||
		map->value_size != sizeof(uint64_t))
		return fail(diag, -EINVAL,
			"map %s has names for its rows, and is not an array of 64-bit counters", map->name);
	if (map->marks.n_rows != map->max_entries)
		return fail(diag, -EINVAL, "map %s has %u rows, and names for %u: give each row its name",
			map->name, map->max_entries, map->marks.n_rows);
	return 0;
}

static int read_marks(const struct btf *btf, const char *name, struct carry_map *map, struct xslot_diag *diag)
{
	struct types_variable variable;
	int r;

	if (!btf || types_find_variable(btf, map->name, &variable) < 0 ||
		strcmp(variable.section, ".maps") != 0)
		return 0;
	r = marks_read(btf, variable.id, map->name, &map->marks, diag);
	if (r == 0)
		r = check_resize(btf, map, diag);
	if (r == 0)
		r = check_rows(btf, map, diag);
	return r < 0 ? fail_within(diag, r, "%s", name) : 0;
}

static int classify_map(
	struct carry_map *map, const struct btf *btf, const char *name, bool foreign, struct xslot_diag *diag)
{
	bool pinned = bpf_map__pin_path(map->map) != NULL;
	int r;

	if (bpf_map__is_internal(map->map))
		return classify_section(btf, name, map, diag);
	if (pinned) {
		r = bpf_map__set_pin_path(map->map, NULL);
		if (r < 0)
			return fail(diag, r, "%s: map %s: libbpf does not clear its pin path: %s", name,
				map->name, strerror(-r));
	}
	r = read_marks(btf, name, map, diag);
	if (r < 0)
		return r;
	if (map->marks.state || (pinned && is_carriable(btf, map)) || (foreign && is_plain(map->type)))
		map->class = MAP_STATE;
	return 0;
}

/* The table owns what pin_names_make() gives. */
static int name_pins(struct carry_table *table, const char *name, struct xslot_diag *diag)
{
	const char **names = calloc(table->n_maps + 1, sizeof(*names));
	char **pins = NULL;
	int r = names ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < table->n_maps; i++)
		names[i] = table->maps[i].name;
	if (r == 0)
		r = pin_names_make(names, table->n_maps, &pins);
	free(names);
	if (r < 0)
		return fail(diag, r, "%s: out of memory", name);
	for (size_t i = 0; i < table->n_maps; i++)
		table->maps[i].pin = pins[i];
	free(pins);
	return 0;
}

int carry_classify(struct bpf_object *object, const char *name, bool foreign, struct carry_table *ret_table,
	struct xslot_diag *diag)
{
	const struct btf *btf = bpf_object__btf(object);
	struct bpf_map *each;
	size_t n = 0;
	int r;

	bpf_object__for_each_map(each, object) n++;
	*ret_table = (struct carry_table){ .btf = btf, .maps = calloc(n ? n : 1, sizeof(*ret_table->maps)) };
	if (!ret_table->maps)
		return fail(diag, -ENOMEM, "%s: out of memory", name);
	bpf_object__for_each_map(each, object)
	{
		struct carry_map *map = &ret_table->maps[ret_table->n_maps++];

		*map = (struct carry_map){
			.map = each,
			.fd = -1,
			.name = strdup(map_name(btf, each)),
			.type = bpf_map__type(each),
			.key_size = bpf_map__key_size(each),
			.value_size = bpf_map__value_size(each),
			.max_entries = bpf_map__max_entries(each),
			.flags = bpf_map__map_flags(each),
			.extra = bpf_map__map_extra(each),
			.key_id = bpf_map__btf_key_type_id(each),
			.value_id = bpf_map__btf_value_type_id(each),
		};
		if (!map->name)
			return fail(diag, -ENOMEM, "%s: out of memory", name);
		r = classify_map(map, btf, name, foreign, diag);
		if (r < 0)
			return r;
	}
	return name_pins(ret_table, name, diag);
}

struct carry_map *carry_find(const struct carry_table *table, const char *name)
{
	for (size_t i = 0; i < table->n_maps; i++)
		if (strcmp(table->maps[i].name, name) == 0)
			return &table->maps[i];
	return NULL;
}

/* But for the number of entries. */
static bool same_declaration(const struct carry_table *table, const struct carry_map *map,
	const struct carry_table *old_table, const struct carry_map *old)
{
	return map->type == old->type && map->key_size == old->key_size &&
	       map->value_size == old->value_size && map->flags == old->flags && map->extra == old->extra &&
	       types_same_layout(table->btf, map->key_id, old_table->btf, old->key_id) &&
	       types_same_layout(table->btf, map->value_id, old_table->btf, old->value_id);
}

/* An LRU map without a common list has as many as there are CPUs, or a multiple: what was adopted has it so.
 */
static uint32_t real_entries(const struct carry_map *map)
{
	const bool lru = map->type == BPF_MAP_TYPE_LRU_HASH || map->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
	const int n_cpus = lru && map->flags & BPF_F_NO_COMMON_LRU ? libbpf_num_possible_cpus() : 0;
	const uint32_t rest = n_cpus > 0 ? map->max_entries % (uint32_t)n_cpus : 0;

	return rest ? map->max_entries - rest + (uint32_t)n_cpus : map->max_entries;
}

static int reuse(struct carry_map *map, const struct carry_table *old_table, const struct carry_map *old,
	const char *name, struct xslot_diag *diag)
{
	CLEANUP(close) int fd = -1;
	int r = carry_open_map(old_table, old, &fd, diag);

	if (r < 0)
		return fail_within(
			diag, r, "%s: map %s of the running instance cannot be taken over", name, map->name);
	r = bpf_map__reuse_fd(map->map, fd);
	if (r < 0)
		return fail(diag, r, "%s: map %s of the running instance cannot be taken over: %s", name,
			map->name, strerror(-r));
	map->carried = MAP_KEPT;
	return 0;
}

int carry_over(struct carry_table *table, const struct carry_table *old, bool meaning_differs,
	const char *name, struct xslot_diag *diag)
{
	int r;

	for (size_t i = 0; i < old->n_maps; i++) {
		const struct carry_map *from = &old->maps[i];
		struct carry_map *to = carry_find(table, from->name);

		if (from->class != MAP_STATE)
			continue;
		if (to && to->from_sharer) {
			table->left_behind |= to->relaid && from->id != to->id;
			continue;
		}
		if (!to || to->class != MAP_STATE) {
			table->left_behind = true;
			continue;
		}
		if (meaning_differs || from->marks.version != to->marks.version ||
			!is_carriable(table->btf, to) || !same_declaration(table, to, old, from) ||
			(real_entries(to) != real_entries(from) && to->marks.resize == RESIZE_FRESH)) {
			to->relaid = true;
			table->left_behind = true;
			continue;
		}
		if (real_entries(to) != real_entries(from)) {
			to->carried = MAP_COPIED; /* see instance_copy() */
			continue;
		}
		r = reuse(to, old, from, name, diag);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct carry_map *find_shared(const struct carry_table *table, const char *shared)
{
	for (size_t i = 0; i < table->n_maps; i++)
		if (strcmp(table->maps[i].marks.shared, shared) == 0)
			return &table->maps[i];
	return NULL;
}

static const char *first_difference(const struct carry_table *table, const struct carry_map *map,
	const struct carry_table *other_table, const struct carry_map *other)
{
	if (map->type != other->type || map->flags != other->flags || map->extra != other->extra)
		return "type or flags";
	if (real_entries(map) != real_entries(other))
		return "number of entries";
	if (map->marks.version != other->marks.version)
		return "state version";
	return same_declaration(table, map, other_table, other) ? NULL : "layout";
}

int carry_share(struct carry_table *table, const struct carry_sharer *sharer, const char *name,
	const char *slot, struct xslot_diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < table->n_maps; i++) {
		struct carry_map *map = &table->maps[i];
		const struct carry_map *other =
			map->marks.shared[0] ? find_shared(sharer->table, map->marks.shared) : NULL;
		const char *difference;

		if (!other || map->from_sharer || (!sharer->stays && map->carried != MAP_FRESH))
			continue;
		difference = first_difference(table, map, sharer->table, other);
		if (difference && !sharer->stays)
			continue;
		if (difference)
			return fail(diag, -EINVAL,
				"%s: map %s of slot %s and map %s of slot %s are shared as \"%s\" and differ in their %s: change both slots in one reload, or give them different names",
				name, map->name, slot, other->name, sharer->slot, map->marks.shared,
				difference);
		r = reuse(map, sharer->table, other, name, diag);
		map->from_sharer = r == 0 && sharer->stays;
		map->id = other->id;
		/* Nobody before had it there, so that the slot's own, if there was one, is not in it. */
		map->relaid = map->from_sharer && other->carried == MAP_FRESH && !other->relaid;
	}
	return r;
}

/* libbpf and the kernel add these by themselves, for some kinds of map and on some kernels. */
#define FLAGS_OF_OTHERS (BPF_F_RDONLY_PROG | BPF_F_MMAPABLE)

/* Sizes that the kernel or libbpf rounds, or that a slot gives. */
static bool has_size(const struct carry_map *map, const struct bpf_map_info *info)
{
	if (carry_is_sized(map) || map->max_entries == info->max_entries)
		return true;
	if (map->type == BPF_MAP_TYPE_RINGBUF)
		return info->max_entries > map->max_entries;
	return (map->type == BPF_MAP_TYPE_LRU_PERCPU_HASH || map->type == BPF_MAP_TYPE_LRU_HASH) &&
	       map->flags & BPF_F_NO_COMMON_LRU;
}

int carry_check_map(
	const struct carry_map *map, int fd, struct bpf_map_info *ret_info, struct xslot_diag *diag)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return fail(diag, -errno, "cannot look at map %s: %s", map->name, strerror(errno));
	if (info.type != map->type || info.key_size != map->key_size || info.value_size != map->value_size)
		return fail(diag, -EINVAL,
			"map %s is not what its object declares: it is of type %u with keys of %u and values of %u bytes, in place of type %u, %u and %u",
			map->name, info.type, info.key_size, info.value_size, map->type, map->key_size,
			map->value_size);
	if (!has_size(map, &info))
		return fail(diag, -EINVAL,
			"map %s is not what its object declares: it has room for %u entries, in place of %u",
			map->name, info.max_entries, map->max_entries);
	if ((info.map_flags ^ map->flags) & ~(uint32_t)FLAGS_OF_OTHERS)
		return fail(diag, -EINVAL,
			"map %s is not what its object declares: its flags are %#x, in place of %#x",
			map->name, info.map_flags, map->flags);
	if (ret_info)
		*ret_info = info;
	return 0;
}

bool carry_is_sized(const struct carry_map *map)
{
	return !map->max_entries || map->marks.entries_from[0];
}

bool carry_is_bytes(const struct carry_table *table, const struct carry_map *map)
{
	return is_carriable(table->btf, map);
}

/* A callback, in the loop, may open it just now. */
static int own_fd(const struct carry_map *map)
{
	return __atomic_load_n(&map->fd, __ATOMIC_RELAXED);
}

static int open_pinned(
	const struct carry_table *table, const struct carry_map *map, int *ret_fd, struct xslot_diag *diag)
{
	char name[NAME_MAX + 1];

	snprintf(name, sizeof(name), "maps/%s", map->pin);
	return pinned_open(table->pins, &(struct pinned){ .name = name, .kind = BPFFS_MAP, .id = map->id },
		ret_fd, diag);
}

int carry_open_map(
	const struct carry_table *table, const struct carry_map *map, int *ret_fd, struct xslot_diag *diag)
{
	int own = own_fd(map), fd;

	if (own < 0 && map->map)
		own = bpf_map__fd(map->map);
	if (own < 0)
		return map->map ? fail(diag, -EBADF, "map %s is not loaded", map->name)
				: open_pinned(table, map, ret_fd, diag);
	fd = fcntl(own, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return fail(diag, -errno, "cannot hold map %s: %s", map->name, strerror(errno));
	*ret_fd = fd;
	return 0;
}

int carry_map_fd(const struct carry_table *table, struct carry_map *map, struct xslot_diag *diag)
{
	int fd = own_fd(map), r;

	if (fd >= 0)
		return fd;
	r = carry_open_map(table, map, &fd, diag);
	if (r < 0)
		return r;
	__atomic_store_n(&map->fd, fd, __ATOMIC_RELAXED);
	return fd;
}

static int keep_types(struct carry_table *table, struct xslot_diag *diag)
{
	uint32_t size;
	const void *bytes = table->btf ? btf__raw_data(table->btf, &size) : NULL;

	if (table->btf && !(bytes && (table->kept = btf__new(bytes, size))))
		return fail(diag, -ENOMEM, "cannot copy the object's types: out of memory");
	return 0;
}

int carry_release(struct carry_table *table, const char *pins, struct xslot_diag *diag)
{
	CLEANUP(free) char *folder = pins ? strdup(pins) : NULL;
	int r = pins && !folder ? fail(diag, -ENOMEM, "out of memory") : 0;

	for (size_t i = 0; r >= 0 && i < table->n_maps; i++) {
		struct carry_map *map = &table->maps[i];

		if (bpf_map__fd(map->map) >= 0 && !carry_is_bytes(table, map))
			r = carry_map_fd(table, map, diag);
	}
	if (r >= 0)
		r = keep_types(table, diag);
	if (r < 0)
		return r;
	table->btf = table->kept;
	table->pins = TAKE_PTR(folder);
	for (size_t i = 0; i < table->n_maps; i++)
		table->maps[i].map = NULL;
	return 0;
}

void carry_deinit(struct carry_table *table)
{
	btf__free(table->kept);
	free(table->pins);
	for (size_t i = 0; i < table->n_maps; i++) {
		cleanup_close(&table->maps[i].fd);
		adder_free(table->maps[i].adder);
		copy_free(table->maps[i].copy);
		free(table->maps[i].name);
		free(table->maps[i].pin);
	}
	free(table->maps);
	*table = (struct carry_table){};
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A loader of its own may put programs of other files into a dispatcher's program array. The kernel accepts
 * programs in one array only if they agree in type, expected attach type and frags; so these are loaded as
 * XDP programs like the slot's own (foreign.h), which a loader that does not know xslot would not do.
 *
 * None of them is pinned: the array, which is pinned with the instance, holds the programs, and these hold
 * their maps.
 */
#include "kernel/instance/jump_objects.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/foreign/foreign.h"
#include "kernel/instance/instance.h"
#include "kernel/instance/jumps.h"
#include "kernel/state/carry.h"
#include "util/diag.h"
#include "util/text.h"

struct jump_object {
	char *file;
	struct foreign foreign;
	struct carry_table maps;
	size_t first; /* the first in the list that names it */
	bool *shared; /* of each of `maps`: pinned by name, so that it may be the slot's */
};

static void object_deinit(struct jump_object *object)
{
	carry_deinit(&object->maps);
	foreign_close(&object->foreign);
	free(object->shared);
	free(object->file);
}

void jump_objects_close(struct jump_objects *objects)
{
	for (size_t i = 0; i < objects->n; i++)
		object_deinit(&objects->objects[i]);
	free(objects->objects);
	*objects = (struct jump_objects){};
}

static void list_arrays(const struct bpf_object *object, char *ret_list, size_t size)
{
	struct text list = { .at = ret_list, .size = size };
	const struct bpf_map *map;

	ret_list[0] = 0;
	bpf_object__for_each_map(map, object)
	{
		if (bpf_map__type(map) == BPF_MAP_TYPE_PROG_ARRAY)
			text_add(&list, "%s%s", list.used ? ", " : "", bpf_map__name(map));
	}
}

static int find_array(const struct foreign *foreign, const struct bpf_object *object,
	const struct instance_jump *jump, const struct bpf_map **ret_map, struct xslot_diag *diag)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(object, jump->array);
	char arrays[400];

	list_arrays(object, arrays, sizeof(arrays));
	if (!map)
		return fail(diag, -ENOENT, "the object has no map %s; its program arrays: %s", jump->array,
			arrays[0] ? arrays : "none");
	if (bpf_map__type(map) != BPF_MAP_TYPE_PROG_ARRAY)
		return fail(diag, -EINVAL,
			"map %s of the object is of type %s, not a program array; those that are: %s",
			jump->array, libbpf_bpf_map_type_str(bpf_map__type(map)) ?: "?",
			arrays[0] ? arrays : "none");
	if (!foreign->behind_entry)
		return fail(diag, -EINVAL, "program %s makes no tail call through program array %s",
			foreign->function, jump->array);
	if (bpf_map__max_entries(map) && jump->index >= bpf_map__max_entries(map))
		return fail(diag, -EINVAL, "program array %s has no index %u, it has 0 to %u", jump->array,
			jump->index, bpf_map__max_entries(map) - 1);
	*ret_map = map;
	return 0;
}

/* Choose `jump`'s program in its file. */
static int open_file(
	const struct instance_jump *jump, bool frags, struct foreign *ret_foreign, struct xslot_diag *diag)
{
	const struct foreign_source source = { jump->object, jump->size, jump->program, frags, true };
	int r = foreign_open(&source, ret_foreign, diag);

	return r < 0 ? fail_within(diag, r, "%s", jump->file) : 0;
}

int jump_objects_check(const struct foreign_source *source, const struct instance_jump *jump,
	char ret_program[static JUMP_PROGRAM_MAX], struct xslot_diag *diag)
{
	const struct blob bytes = { .fd = -1, .data = (uint8_t *)source->bytes, .size = source->size };
	struct foreign foreign = {}, file = {};
	struct object all = {};
	const struct bpf_map *map;
	int r;

	r = foreign_open(source, &foreign, NULL);
	if (r == 0)
		r = object_read(&bytes, NULL, &all, diag);
	if (r == 0)
		r = find_array(&foreign, all.bpf, jump, &map, diag);
	else
		r = 0; /* what is wrong with the object itself is for others to say */
	object_close(&all);
	foreign_close(&foreign);
	if (r == 0)
		r = open_file(jump, source->frags, &file, diag);
	if (r == 0)
		snprintf(ret_program, JUMP_PROGRAM_MAX, "%s", file.function);
	foreign_close(&file);
	return r;
}

static struct jump_object *find_object(const struct jump_objects *objects, const char *file)
{
	for (size_t i = 0; i < objects->n; i++)
		if (strcmp(objects->objects[i].file, file) == 0)
			return &objects->objects[i];
	return NULL;
}

/* Which maps are pinned by name is forgotten when the pin paths are taken off. */
static int list_maps(struct jump_object *object, struct xslot_diag *diag)
{
	const struct bpf_map *map;
	size_t n = 0;

	bpf_object__for_each_map(map, object->foreign.object.bpf) n++;
	object->shared = calloc(n + 1, sizeof(*object->shared));
	if (!object->shared)
		return fail(diag, -ENOMEM, "out of memory");
	n = 0;
	bpf_object__for_each_map(map, object->foreign.object.bpf) object->shared[n++] =
		bpf_map__pin_path(map) != NULL;
	return carry_classify(object->foreign.object.bpf, object->file, true, &object->maps, diag);
}

static int add_object(struct jump_objects *objects, const struct instance_jump *jump, bool frags,
	struct jump_object **ret_object, struct xslot_diag *diag)
{
	struct jump_object *more = reallocarray(objects->objects, objects->n + 1, sizeof(*more)), *object;
	int r;

	if (!more)
		return fail(diag, -ENOMEM, "out of memory");
	objects->objects = more;
	object = &more[objects->n++];
	*object = (struct jump_object){ .file = strdup(jump->file) };
	if (!object->file)
		return fail(diag, -ENOMEM, "out of memory");
	r = open_file(jump, frags, &object->foreign, diag);
	if (r == 0)
		r = list_maps(object, diag);
	*ret_object = object;
	return r;
}

/* The file is open for one of its programs; this is another. */
static int admit_program(const struct jump_object *object, const struct instance_jump *jump, bool frags,
	const struct bpf_program **ret_program, struct xslot_diag *diag)
{
	const struct bpf_object *bpf = object->foreign.object.bpf;
	struct bpf_program *program;
	int r;

	if (!jump->program) {
		*ret_program = object->foreign.object.program;
		return 0;
	}
	program = bpf_object__find_program_by_name(bpf, jump->program);
	if (!program)
		return fail(diag, -ENOENT, "%s: the object has no program %s", jump->file, jump->program);
	r = foreign_admit(program, frags, diag);
	*ret_program = program;
	return r < 0 ? fail_within(diag, r, "%s", jump->file) : 0;
}

static int add_jump(struct jump_objects *objects, struct jumps *jumps, const struct foreign *foreign,
	const struct instance_options *options, size_t at, struct xslot_diag *diag)
{
	const struct instance_jump *jump = &options->jumps[at];
	struct jump_object *object = find_object(objects, jump->file);
	struct jump new = { .index = jump->index };
	int r;

	r = find_array(foreign, foreign->object.bpf, jump, &new.map, diag);
	if (r == 0 && !object) {
		r = add_object(objects, jump, options->frags, &object, diag);
		if (r == 0)
			object->first = at;
	}
	if (r == 0)
		r = admit_program(object, jump, options->frags, &new.program, diag);
	return r < 0 ? r : jumps_append(jumps, &new, diag);
}

int jump_objects_open(struct jump_objects *ret_objects, struct jumps *jumps, const struct foreign *foreign,
	const struct instance_options *options, struct xslot_diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < options->n_jumps; i++) {
		const struct instance_jump *jump = &options->jumps[i];

		if (foreign->behind_entry)
			r = add_jump(ret_objects, jumps, foreign, options, i, diag);
		else
			r = fail(diag, -EINVAL, "program %s makes no tail call through a program array",
				foreign->function);
		if (r < 0)
			fail_within(diag, r, "jump.%s.%u", jump->array, jump->index);
	}
	return r;
}

static int share_maps(
	const struct jump_object *object, const struct bpf_object *with, struct xslot_diag *diag)
{
	for (size_t i = 0; i < object->maps.n_maps; i++) {
		const struct carry_map *map = &object->maps.maps[i];
		const struct bpf_map *other =
			object->shared[i] ? bpf_object__find_map_by_name(with, map->name) : NULL;
		int r = 0;

		if (!other)
			continue;
		r = carry_check_map(map, bpf_map__fd(other), NULL, diag);
		if (r == 0)
			r = bpf_map__reuse_fd(map->map, bpf_map__fd(other));
		if (r < 0)
			return fail_within(
				diag, r, "map %s, which it pins by name, is the slot's", map->name);
	}
	return 0;
}

static int check_sizes(const struct bpf_object *object, struct xslot_diag *diag)
{
	const char *map = foreign_unsized(object);

	if (!map)
		return 0;
	return fail(diag, -EINVAL,
		"map %s has no size, and a slot gives one only to maps of its own object: build the file with a size",
		map);
}

int jump_objects_load(struct jump_objects *objects, const struct foreign *foreign, struct xslot_diag *diag)
{
	for (size_t i = 0; i < objects->n; i++) {
		struct jump_object *object = &objects->objects[i];
		int r;

		r = share_maps(object, foreign->object.bpf, diag);
		if (r == 0)
			r = check_sizes(object->foreign.object.bpf, diag);
		if (r == 0)
			r = object_load(&object->foreign.object, NULL, NULL, 0, diag);
		if (r < 0) {
			objects->failed = object;
			return fail_within(diag, r, "%s", object->file);
		}
	}
	return 0;
}

bool jump_objects_failed(const struct jump_objects *objects, size_t *ret_jump)
{
	if (objects->failed)
		*ret_jump = objects->failed->first;
	return objects->failed;
}

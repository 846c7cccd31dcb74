/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The parts of an instance that outlive the host: its program, its maps, and the bytes of the object that
 * they were made from. The bytes are kept because the kernel does not keep what carrying maps over needs:
 * classes, tags and layouts. So a host that adopts an instance opens the same object again, and puts the
 * pinned maps into it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xslot/extension.h>

#include "extension/bpffs.h"
#include "extension/extension.h"
#include "extension/permission.h"
#include "extension/program.h"
#include "kernel/instance/instance_private.h"
#include "kernel/pin_names.h"
#include "kernel/pindir.h"
#include "kernel/pinned.h"
#include "util/cleanup.h"
#include "util/diag.h"

#define OBJECT_MAX (64u << 20)

DEFINE_CLEANUP(struct program *, program_close);

static int pin_maps(const struct instance *instance, const char *folder, struct xslot_diag *diag)
{
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/maps", folder);
	r = pindir_make(path, diag);
	for (size_t i = 0; r == 0 && i < instance->maps.n_maps; i++) {
		const struct carry_map *map = &instance->maps.maps[i];

		snprintf(path, sizeof(path), "%s/maps/%s", folder, map->pin);
		r = bpffs_pin(bpf_map__fd(map->map), path, map->name, diag);
	}
	return r;
}

/* The object's bytes, in a map: with them a later host knows maps, types and classes as we do. */
static int pin_object(const void *object, size_t size, const char *folder, struct xslot_diag *diag)
{
	CLEANUP(close)
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "xslot_object", sizeof(uint32_t), size, 1, NULL);
	const uint32_t key = 0;
	char path[PATH_MAX];

	if (fd < 0 || bpf_map_update_elem(fd, &key, object, BPF_ANY) < 0)
		return fail(diag, -errno, "cannot keep the BPF object in a map: %s",
			permission_reason(errno, (char[PERMISSION_TEXT]){ 0 }));
	snprintf(path, sizeof(path), "%s/object", folder);
	return bpffs_pin(fd, path, "object", diag);
}

/* Of all programs of the object, in its order: loaded or not, so that the names do not depend on that. */
static int name_programs(const struct bpf_object *object, char ***ret_pins, size_t *ret_n)
{
	CLEANUP(free) const char **names = NULL;
	struct bpf_program *program;
	size_t n = 0;

	bpf_object__for_each_program(program, object)
	{
		const char **more = reallocarray(names, n + 1, sizeof(*more));

		if (!more)
			return -ENOMEM;
		names = more;
		names[n++] = bpf_program__name(program);
	}
	*ret_n = n;
	return pin_names_make(names, n, ret_pins);
}

static int pin_programs(const struct instance *instance, const char *folder, struct xslot_diag *diag)
{
	struct bpf_program *program;
	char path[PATH_MAX];
	size_t n = 0, i = 0;
	char **pins = NULL;
	int r;

	r = name_programs(instance->object, &pins, &n);
	if (r < 0)
		return fail(diag, r, "out of memory");
	bpf_object__for_each_program(program, instance->object)
	{
		const char *pin = pins[i++];

		if (r < 0 || !bpf_program__autoload(program))
			continue;
		snprintf(path, sizeof(path), "%s/programs/%s", folder, pin);
		r = bpffs_pin(bpf_program__fd(program), path, bpf_program__name(program), diag);
	}
	pin_names_free(pins, n);
	return r;
}

/* Behind our entry: what nothing but an fd or a program array holds, and an array holds only while it is
 * pinned. */
static int pin_foreign(const struct instance *instance, const char *folder, struct xslot_diag *diag)
{
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/entry", folder);
	r = bpffs_pin(bpf_map__fd(instance_entry(instance)), path, "entry", diag);
	snprintf(path, sizeof(path), "%s/programs", folder);
	if (r == 0)
		r = pindir_make(path, diag);
	return r < 0 ? r : pin_programs(instance, folder, diag);
}

int instance_pin(const struct instance *instance, const void *object, size_t size, const char *folder,
	struct xslot_diag *diag)
{
	char path[PATH_MAX];
	int r;

	r = pindir_make(folder, diag);
	if (r == 0)
		r = pin_maps(instance, folder, diag);
	if (r == 0)
		r = pin_object(object, size, folder, diag);
	if (r == 0 && instance->foreign.behind_entry)
		r = pin_foreign(instance, folder, diag);
	snprintf(path, sizeof(path), "%s/program", folder);
	if (r == 0)
		r = xslot_extension_pin(instance->extension, path, diag);
	return r;
}

int instance_read_object(const char *folder, void **ret_object, size_t *ret_size, struct xslot_diag *diag)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	CLEANUP(free) void *object = NULL;
	CLEANUP(close) int fd = -1;
	const uint32_t key = 0;
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/object", folder);
	r = bpffs_open(path, BPFFS_MAP, &fd, diag);
	if (r < 0)
		return r;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return fail(diag, -errno, "cannot look at pin %s: %s", path, strerror(errno));
	/* Of another kind, a look-up writes as many values as there are CPUs. */
	if (info.type != BPF_MAP_TYPE_ARRAY || info.key_size != sizeof(key) || info.value_size > OBJECT_MAX)
		return fail(diag, -EINVAL,
			"pin %s holds no BPF object: it is a map of type %u with values of %u bytes", path,
			info.type, info.value_size);
	object = malloc((size_t)info.value_size + 1);
	if (!object || bpf_map_lookup_elem(fd, &key, object) < 0)
		return fail(diag, -errno, "cannot read pin %s: %s", path, strerror(errno));
	*ret_object = TAKE_PTR(object);
	*ret_size = info.value_size;
	return 0;
}

static int program_path(const struct instance *instance, const char *folder, char ret_path[static PATH_MAX])
{
	struct bpf_program *program;
	char **pins = NULL;
	size_t n = 0, i = 0;
	int r;

	r = name_programs(instance->object, &pins, &n);
	if (r < 0)
		return r;
	bpf_object__for_each_program(program, instance->object)
	{
		if (program == instance->program)
			snprintf(ret_path, PATH_MAX, "%s/programs/%s", folder, pins[i]);
		i++;
	}
	pin_names_free(pins, n);
	return 0;
}

/* The id that status shows: of the program itself, not of our entry to it. */
static int adopted_program_id(
	const struct instance *instance, const char *folder, uint32_t *id, struct xslot_diag *diag)
{
	CLEANUP(close) int fd = -1;
	char path[PATH_MAX];
	int r;

	if (!instance->foreign.behind_entry)
		return 0;
	r = program_path(instance, folder, path);
	if (r < 0)
		return fail(diag, r, "out of memory");
	r = bpffs_open(path, BPFFS_PROGRAM, &fd, diag);
	return r < 0 ? r : pinned_id(fd, BPFFS_PROGRAM, id);
}

/* The program array stays open: see instance_private.h. */
static int adopt_entry(struct instance *instance, const char *folder, struct xslot_diag *diag)
{
	const struct carry_map declared = {
		.name = (char *)"entry",
		.type = BPF_MAP_TYPE_PROG_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(uint32_t),
		.max_entries = 1,
	};
	char path[PATH_MAX];
	int r;

	if (!instance_entry(instance))
		return 0;
	snprintf(path, sizeof(path), "%s/entry", folder);
	r = bpffs_open(path, BPFFS_MAP, &instance->entry_fd, diag);
	return r < 0 ? r : carry_check_map(&declared, instance->entry_fd, NULL, diag);
}

bool instance_is_behind_entry(const char *folder)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/entry", folder);
	return access(path, F_OK) == 0;
}

static int adopt_program(struct instance *instance, const char *folder, struct xslot_diag *diag)
{
	CLEANUP(program_close) struct program *program = NULL;
	CLEANUP(close) int fd = -1;
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/program", folder);
	r = bpffs_open(path, BPFFS_PROGRAM, &fd, diag);
	if (r < 0)
		return r;
	r = program_open_bare(fd, &program, diag);
	if (r < 0)
		return fail_within(diag, r, "pin %s", path);
	if (program->type != BPF_PROG_TYPE_EXT)
		return fail(diag, -EINVAL,
			"pin %s is program %s (id %u), which is not an extension but of type %s", path,
			program->name, program->id, libbpf_bpf_prog_type_str(program->type));
	instance->filler_id = instance->program_id = program->id;
	return adopted_program_id(instance, folder, &instance->program_id, diag);
}

static int adopt_map(struct instance *instance, size_t i, const char *folder, struct xslot_diag *diag)
{
	struct carry_map *map = &instance->maps.maps[i];
	struct bpf_map_info info = {};
	CLEANUP(close) int fd = -1;
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/maps/%s", folder, map->pin);
	r = bpffs_open(path, BPFFS_MAP, &fd, diag);
	if (r == 0)
		r = carry_check_map(map, fd, &info, diag);
	if (r < 0)
		return r;
	if (carry_is_sized(map))
		map->max_entries = info.max_entries;
	instance->listed[i].id = map->id = info.id;
	instance->listed[i].carried = MAP_KEPT;
	if (!carry_is_bytes(&instance->maps, map))
		map->fd = TAKE_FD(fd);
	return 0;
}

int instance_adopt(struct instance *instance, const char *folder, struct xslot_diag *diag)
{
	int r = adopt_program(instance, folder, diag);

	if (r == 0)
		r = adopt_entry(instance, folder, diag);
	for (size_t i = 0; r == 0 && i < instance->maps.n_maps; i++)
		r = adopt_map(instance, i, folder, diag);
	if (r < 0)
		return r;
	instance->adopted = instance->loaded = true;
	return 0;
}

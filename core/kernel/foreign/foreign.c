/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Most XDP programs can be loaded as extensions unchanged. Two kinds cannot. One has a signature that BTF
 * does not show, or that differs from the stub's: the kernel compares them. The other makes tail calls: their
 * targets are XDP programs, and if the program itself is among them, the kernel puts no extension into a
 * program array.
 *
 * Such a program stays an XDP program, and so do all programs that it may call. An extension of ours fills
 * the stub and tail-calls it (bpf/entry.bpf.c). All are loaded with expected attach type 0, which an
 * extension has: all programs in an array must agree in that.
 *
 * Only libbpf knows which program a static array holds, until it has loaded them, and the user decides what
 * fills another array later. So if an object has a program array that matters (foreign_reach.h), all its XDP
 * programs are loaded except optional ones, SEC("?…"); of any other object only the program that the slot
 * runs.
 */
#include "kernel/foreign/foreign.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "extension/btf_read.h"
#include "kernel/foreign/foreign_reach.h"
#include "kernel/types.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/text.h"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

enum role { ROLE_XDP, ROLE_MAP_ENTRY, ROLE_TARGET_OF_OTHERS, ROLE_OTHER };

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* A kind that ends in '/' has a name behind it; another stands alone, or has a name behind a '/'. */
static bool is_entry(const char *section, const char *kind)
{
	size_t length = strlen(kind);

	return begins(section, kind) &&
	       (kind[length - 1] == '/' || !section[length] || section[length] == '/');
}

/* By section, as libbpf does it; a section that it does not know says nothing, and is taken for XDP. */
static enum role role_of(const struct bpf_program *program, enum bpf_prog_type *ret_type)
{
	/* The last two: old libbpf's, each followed by a name. Another "xdp_cpumap_…" is the author's own
	 * word. */
	static const char *const entries[] = { "xdp/devmap", "xdp/cpumap", "xdp.frags/devmap",
		"xdp.frags/cpumap", "xdp_devmap/", "xdp_cpumap/" };
	const char *section = bpf_program__section_name(program);
	enum bpf_attach_type attach;

	*ret_type = BPF_PROG_TYPE_XDP;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		if (is_entry(section, entries[i]))
			return ROLE_MAP_ENTRY;
	if (libbpf_prog_type_by_name(section, ret_type, &attach) < 0)
		*ret_type = BPF_PROG_TYPE_XDP;
	switch (*ret_type) {
	case BPF_PROG_TYPE_XDP:
	case BPF_PROG_TYPE_EXT:
		return ROLE_XDP;
	case BPF_PROG_TYPE_SCHED_CLS: /* an object for both hooks may have arrays of these */
	case BPF_PROG_TYPE_SCHED_ACT:
		return ROLE_TARGET_OF_OTHERS;
	default:
		return ROLE_OTHER;
	}
}

static void list_programs(const struct bpf_object *bpf, bool xdp, struct text *out)
{
	struct bpf_program *program;
	enum bpf_prog_type type;

	bpf_object__for_each_program(program, bpf)
	{
		if ((role_of(program, &type) == ROLE_XDP) != xdp)
			continue;
		text_add(out, "%s%s", out->used ? ", " : "", bpf_program__name(program));
		if (!xdp)
			text_add(out, " (section \"%s\", type %s)", bpf_program__section_name(program),
				libbpf_bpf_prog_type_str(type));
	}
}

static int refuse_role(const struct bpf_program *program, enum role role, enum bpf_prog_type type,
	const char *others, struct xslot_diag *diag)
{
	const char *type_name = libbpf_bpf_prog_type_str(type);

	if (role == ROLE_MAP_ENTRY)
		return fail(diag, -EINVAL,
			"program %s (section \"%s\") is for the entries of a devmap or cpumap, and is put there by the program that fills the map; a slot runs an XDP program: %s",
			bpf_program__name(program), bpf_program__section_name(program),
			*others ? others : "the object has none");
	return fail(diag, -EINVAL,
		"program %s (section \"%s\") is of type %s: it runs in another hook of the kernel and sees no packet of an interface; a slot runs an XDP program: %s",
		bpf_program__name(program), bpf_program__section_name(program), type_name ? type_name : "?",
		*others ? others : "the object has none");
}

static int choose_failed(const struct bpf_object *bpf, const char *wanted, struct xslot_diag *diag)
{
	char all[400] = "", others[400] = "";
	struct text xdp = { .at = all, .size = sizeof(all) };
	struct text rest = { .at = others, .size = sizeof(others) };

	list_programs(bpf, true, &xdp);
	list_programs(bpf, false, &rest);
	if (!xdp.used && !rest.used)
		return fail(diag, -ENOENT, "the object contains no program");
	if (!xdp.used)
		return fail(diag, -EINVAL,
			"the object has no XDP program; its programs run in other hooks of the kernel and see no packet of an interface: %s",
			others);
	if (wanted)
		return fail(diag, -ENOENT, "the object has no program %s; it has: %s", wanted, all);
	return fail(diag, -EINVAL, "the object has several programs; name one: %s", all);
}

static int choose_program(struct object *object, const char *wanted, struct xslot_diag *diag)
{
	enum bpf_prog_type type;
	struct bpf_program *program;
	size_t n = 0;

	bpf_object__for_each_program(program, object->bpf)
	{
		enum role role = role_of(program, &type);
		char all[400] = "";
		struct text others = { .at = all, .size = sizeof(all) };

		if (wanted ? strcmp(bpf_program__name(program), wanted) != 0 : role != ROLE_XDP)
			continue;
		list_programs(object->bpf, true, &others);
		if (role != ROLE_XDP)
			return refuse_role(program, role, type, all, diag);
		object->program = program;
		n++;
	}
	return n == 1 ? 0 : choose_failed(object->bpf, wanted, diag);
}

/* int NAME(struct xdp_md *), and BTF says so. */
static bool fits_stub(const struct bpf_object *bpf, const char *name)
{
	const struct btf *btf = bpf_object__btf(bpf);
	int id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) : -ENOENT;
	const struct btf_type *function, *proto, *result, *argument;

	if (id < 0)
		return false;
	function = btf_read_type(btf, (uint32_t)id);
	proto = btf_read_type(btf, function->type);
	if (btf_vlen(function) != BTF_FUNC_GLOBAL || !btf_is_func_proto(proto) || btf_vlen(proto) != 1)
		return false;
	result = types_resolve(btf, proto->type);
	argument = types_resolve(btf, btf_params(proto)[0].type);
	if (!result || !btf_is_int(result) || !argument || !btf_is_ptr(argument))
		return false;
	argument = types_resolve(btf, argument->type);
	return argument && btf_is_struct(argument) && btf_read_is_named(btf, argument->name_off, "xdp_md");
}

/*
 * With frags a packet may have more bytes than lie before data_end. A program that was written for that says
 * so in its section's name; another one would silently see the first buffer only, so it is refused, as by the
 * kernel.
 */
static int check_frags(const struct bpf_program *program, struct xslot_diag *diag)
{
	const char *section = bpf_program__section_name(program);

	if (begins(section, "xdp.frags"))
		return 0;
	return fail(diag, -EINVAL,
		"the chain has frags = yes, and program %s does not declare that it handles frames in several buffers: its section is \"%s\", not \"xdp.frags\"",
		bpf_program__name(program), section);
}

/* To EXT and back: that takes libbpf's handler for the section off, which would set an attach type. */
static int make_xdp(struct bpf_program *program, bool frags, struct xslot_diag *diag)
{
	int r;

	r = bpf_program__set_type(program, BPF_PROG_TYPE_EXT);
	if (r == 0)
		r = bpf_program__set_type(program, BPF_PROG_TYPE_XDP);
	if (r == 0)
		r = bpf_program__set_expected_attach_type(program, 0);
	if (r == 0)
		r = bpf_program__set_flags(program, frags ? BPF_F_XDP_HAS_FRAGS : 0);
	if (r < 0)
		return fail(diag, r, "libbpf does not accept %s as an XDP program: %s",
			bpf_program__name(program), strerror(-r));
	return frags ? check_frags(program, diag) : 0;
}

int foreign_admit(struct bpf_program *program, bool frags, struct xslot_diag *diag)
{
	enum bpf_prog_type type;

	if (bpf_program__autoload(program))
		return 0;
	if (role_of(program, &type) != ROLE_XDP)
		return fail(diag, -EINVAL, "program %s is not an XDP program", bpf_program__name(program));
	bpf_program__set_autoload(program, true);
	return make_xdp(program, frags, diag);
}

static int choose_loaded(struct object *object, bool all, bool frags, struct xslot_diag *diag)
{
	struct bpf_program *program;
	enum bpf_prog_type type;
	int r = 0;

	bpf_object__for_each_program(program, object->bpf)
	{
		enum role role = role_of(program, &type);
		bool load = program == object->program ||
			    (all && bpf_program__autoload(program) &&
				    (role == ROLE_XDP || role == ROLE_TARGET_OF_OTHERS));

		bpf_program__set_autoload(program, load);
		if (r == 0 && load && role == ROLE_XDP)
			r = make_xdp(program, frags, diag);
	}
	return r;
}

int foreign_open(const struct foreign_source *source, struct foreign *ret_foreign, struct xslot_diag *diag)
{
	struct object *object = &ret_foreign->object;
	int r;

	*ret_foreign = (struct foreign){};
	r = blob_copy("xslot-object", source->bytes, source->size, &ret_foreign->bytes, diag);
	if (r == 0)
		r = object_read(ret_foreign->bytes, source->function, object, diag);
	if (r == 0)
		r = choose_program(object, source->function, diag);
	if (r == 0 && source->frags)
		r = check_frags(object->program, diag);
	if (r < 0)
		return r;
	ret_foreign->function = strdup(bpf_program__name(object->program));
	if (!ret_foreign->function)
		return fail(diag, -ENOMEM, "out of memory");
	ret_foreign->jumps = foreign_reaches_others(object->bpf, object->program);
	ret_foreign->refused_btf = source->behind_entry;
	ret_foreign->behind_entry =
		source->behind_entry || ret_foreign->jumps || !fits_stub(object->bpf, ret_foreign->function);
	if (ret_foreign->behind_entry)
		return choose_loaded(object, ret_foreign->jumps, source->frags, diag);
	object_close(object);
	return 0;
}

struct bpf_map *foreign_find_sized_map(const struct bpf_object *object, const char *name)
{
	char map[BPF_OBJ_NAME_LEN + 32];
	int end = 0;

	if (sscanf(name, "map.%47[A-Za-z0-9_].max_entries%n", map, &end) != 1 || !end || name[end])
		return NULL;
	return bpf_object__find_map_by_name(object, map);
}

/* Of these the kernel, or libbpf for it, knows how many entries there are. */
static bool needs_size(const struct bpf_map *map)
{
	switch ((int)bpf_map__type(map)) {
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case 32: /* BPF_MAP_TYPE_CGRP_STORAGE, Linux 6.2 */
	case BPF_MAP_TYPE_STRUCT_OPS:
		return false;
	default:
		return bpf_map__autocreate(map) && !bpf_map__is_internal(map);
	}
}

const char *foreign_unsized(const struct bpf_object *object)
{
	const struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		if (bpf_map__max_entries(map) == 0 && needs_size(map))
			return bpf_map__name(map);
	}
	return NULL;
}

int foreign_check_sizes(const struct bpf_object *object, bool foreign, struct xslot_diag *diag)
{
	const char *map = foreign_unsized(object);

	if (!map)
		return 0;
	if (!foreign)
		return fail(diag, -EINVAL,
			"map %s has no size: give it max_entries or XSLOT_ENTRIES() in the BPF program, or call xslot_map_entries() in check",
			map);
	return fail(diag, -EINVAL,
		"map %s has no size: the object leaves it to its own loader; set it in the slot: map.%s.max_entries = N",
		map, map);
}

void foreign_close(struct foreign *foreign)
{
	object_close(&foreign->object);
	blob_free(foreign->bytes);
	free(foreign->function);
	*foreign = (struct foreign){};
}

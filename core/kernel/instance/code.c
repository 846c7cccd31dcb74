/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a fused chain is made of. libbpf has an instance's code, with the maps in it, from the time that it
 * loaded it. For an adopted instance it has only the object: the program came from a pin, and the kernel
 * returns only what the verifier made of it. So the object is opened and loaded again, with the instance's
 * maps in the place of its own. A second object, not the instance's own: if the load fails, libbpf closes the
 * maps.
 */
#include "kernel/instance/code.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xslot/extension.h>

#include "extension/extension.h"
#include "extension/warnings.h"
#include "kernel/instance/instance_private.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/file.h"

DEFINE_CLEANUP(struct program *, program_close);

/*
 * libbpf puts the programs of a program array's initial value into it even where the map is not its own: the
 * running program would call them. Our entry's array has none.
 */
static int check_map(const struct instance *instance, const struct bpf_map *map, struct xslot_diag *diag)
{
	if (bpf_map__type(map) != BPF_MAP_TYPE_PROG_ARRAY || instance->foreign.behind_entry)
		return 0;
	return fail(diag, -EOPNOTSUPP, "%s has program array %s, and was adopted", instance->name,
		bpf_map__name(map));
}

static int share_maps(const struct instance *instance, struct bpf_object *twin, struct xslot_diag *diag)
{
	const struct bpf_map *own = NULL;
	struct bpf_map *map;
	int r;

	bpf_object__for_each_map(map, twin)
	{
		own = bpf_object__next_map(xslot_extension_object(instance->extension), own);
		if (!own || bpf_map__fd(own) < 0)
			return fail(diag, -EOPNOTSUPP, "%s was adopted without map %s", instance->name,
				bpf_map__name(map));
		r = check_map(instance, map, diag);
		if (r < 0)
			return r;
		r = bpf_map__set_pin_path(map, NULL);
		if (r == 0)
			r = bpf_map__reuse_fd(map, bpf_map__fd(own));
		if (r < 0)
			return fail(diag, r, "%s: cannot share map %s: %s", instance->name,
				bpf_map__name(map), strerror(-r));
	}
	return 0;
}

static int make_twin(struct instance *instance, const struct dispatcher *dispatcher, unsigned slot,
	enum bank bank, struct xslot_diag *diag)
{
	const struct xslot_extension *extension = instance->extension;
	CLEANUP(program_close) struct program *target = NULL;
	char function[DISPATCHER_FUNCTION_MAX];
	uint32_t function_id;
	struct warnings warnings = {};
	int r;

	r = object_open(extension->bytes, extension->wanted, extension->frags, &instance->twin, diag);
	if (r < 0)
		return r;
	warnings_begin(&warnings);
	r = share_maps(instance, instance->twin.bpf, diag);
	warnings_end();
	if (r == 0)
		r = program_open(dispatcher_fd(dispatcher), dispatcher_types(dispatcher), &target, diag);
	dispatcher_stub(slot, bank, function);
	if (r == 0)
		r = program_find_function(target, function, &function_id, diag);
	return r < 0 ? r : object_load(&instance->twin, target, function, function_id, diag);
}

int instance_code(struct instance *instance, const struct dispatcher *dispatcher, unsigned slot,
	enum bank bank, struct fuse_part *ret_part, struct xslot_diag *diag)
{
	const struct bpf_program *program = instance_filler(instance);
	const struct bpf_object *object = xslot_extension_object(instance->extension);
	int r;

	if (!instance->loaded || !program)
		return fail(diag, -EOPNOTSUPP, "%s: its code is not known", instance->name);
	if (instance->adopted) {
		r = make_twin(instance, dispatcher, slot, bank, diag);
		if (r < 0)
			return r;
		program = instance->twin.program;
		object = instance->twin.bpf;
	}
	r = blob_open(instance->extension->bytes, "xslot-object", &instance->object_fd);
	if (r < 0)
		return fail(diag, r, "%s: cannot hand out its object: %s", instance->name, strerror(-r));
	snprintf(instance->object_path, sizeof(instance->object_path), "/proc/self/fd/%d",
		instance->object_fd);
	*ret_part = (struct fuse_part){
		.name = instance->name,
		.insns = bpf_program__insns(program),
		.n_insns = bpf_program__insn_cnt(program),
		.program_fd = bpf_program__fd(program),
		.btf_fd = bpf_object__btf_fd(object),
		.object = instance->object_path,
	};
	return 0;
}

void instance_code_done(struct instance *instance)
{
	object_close(&instance->twin);
	if (instance->object_fd >= 0)
		close(TAKE_FD(instance->object_fd));
}

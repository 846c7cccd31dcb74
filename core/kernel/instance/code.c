/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a fused chain is made of. libbpf has an instance's code, with the descriptors of maps in it, while the
 * object that it loaded is open. That is closed soon, so the code is copied, with numbers in place of
 * descriptors, and gets new ones, from the pins, each time that a chain is fused.
 *
 * For an adopted instance there is only the object: the program came from a pin, and the kernel returns only
 * what the verifier made of it. So the object is opened and loaded again, with the instance's maps in the
 * place of its own, and its code is copied then.
 */
#include "kernel/instance/code.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xslot/extension.h>

#include "extension/extension.h"
#include "extension/warnings.h"
#include "kernel/fuse/insn.h"
#include "kernel/instance/instance_private.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/file.h"

static bool refers_to_map(const struct bpf_insn *insn)
{
	return insn->code == FUSE_LOAD_64 &&
	       (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE);
}

static int number_of_map(const struct bpf_object *object, int fd)
{
	const struct bpf_map *map;
	int number = 0;

	bpf_object__for_each_map(map, object)
	{
		if (bpf_map__fd(map) == fd)
			return number;
		number++;
	}
	return -ENOENT;
}

static int number_maps(const struct instance *instance, const struct bpf_object *object,
	struct bpf_insn *insns, size_t n, struct xslot_diag *diag)
{
	for (size_t i = 0; i < n; i++) {
		if (refers_to_map(&insns[i])) {
			insns[i].imm = number_of_map(object, insns[i].imm);
			if (insns[i].imm < 0)
				return fail(diag, -EOPNOTSUPP, "%s: it refers to a map that is not its own",
					instance->name);
		}
		/* A descriptor of that module's BTF, which libbpf closes with the object. */
		if (insns[i].code == FUSE_LOAD_64 && insns[i].src_reg == BPF_PSEUDO_BTF_ID && i + 1 < n &&
			insns[i + 1].imm)
			return fail(diag, -EOPNOTSUPP, "%s refers to a variable of a kernel module",
				instance->name);
		i += insns[i].code == FUSE_LOAD_64;
	}
	return 0;
}

static int copy_code(struct instance *instance, const struct bpf_object *object,
	const struct bpf_program *program, struct xslot_diag *diag)
{
	int btf_fd = bpf_object__btf_fd(object);
	struct instance_code *code = &instance->code;

	code->n_insns = bpf_program__insn_cnt(program);
	code->insns = reallocarray(NULL, code->n_insns + 1, sizeof(*code->insns));
	if (!code->insns)
		return fail(diag, -ENOMEM, "out of memory");
	memcpy(code->insns, bpf_program__insns(program), code->n_insns * sizeof(*code->insns));
	code->types = btf_fd >= 0 ? program_read_types(btf_fd) : NULL;
	if (btf_fd >= 0 && !code->types)
		return fail(diag, -errno, "%s: cannot read the types of its program: %s", instance->name,
			strerror(errno));
	return number_maps(instance, object, code->insns, code->n_insns, diag);
}

int instance_code_remember(struct instance *instance, const struct bpf_object *object,
	const struct bpf_program *program, struct xslot_diag *diag)
{
	int r;

	if (instance->code.insns)
		return 0;
	r = copy_code(instance, object, program, diag);
	if (r < 0)
		instance_code_forget(instance);
	return r;
}

void instance_code_forget(struct instance *instance)
{
	free(instance->code.insns);
	btf__free(instance->code.types);
	instance->code = (struct instance_code){};
}

/* The map of that number in the filler's object: our entry has one alone. */
static int open_map(const struct instance *instance, size_t number, int *ret_fd, struct xslot_diag *diag)
{
	int fd;

	if (!instance->foreign.behind_entry && number < instance->maps.n_maps)
		return carry_open_map(&instance->maps, &instance->maps.maps[number], ret_fd, diag);
	if (!instance->foreign.behind_entry || number > 0)
		return fail(diag, -EOPNOTSUPP, "%s was adopted without map %zu", instance->name, number);
	fd = fcntl(instance->entry_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return fail(diag, -errno, "%s: cannot hold its entry: %s", instance->name, strerror(errno));
	*ret_fd = fd;
	return 0;
}

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

static int share_map(
	const struct instance *instance, struct bpf_map *map, size_t number, struct xslot_diag *diag)
{
	CLEANUP(close) int fd = -1;
	int r;

	r = check_map(instance, map, diag);
	if (r == 0)
		r = open_map(instance, number, &fd, diag);
	if (r < 0)
		return r;
	r = bpf_map__set_pin_path(map, NULL);
	if (r == 0)
		r = bpf_map__reuse_fd(map, fd);
	return r < 0 ? fail(diag, r, "%s: cannot share map %s: %s", instance->name, bpf_map__name(map),
			       strerror(-r))
		     : 0;
}

static int share_maps(const struct instance *instance, struct bpf_object *twin, struct xslot_diag *diag)
{
	struct bpf_map *map;
	size_t number = 0;
	int r = 0;

	bpf_object__for_each_map(map, twin)
	{
		r = share_map(instance, map, number++, diag);
		if (r < 0)
			break;
	}
	return r;
}

static int learn_code(struct instance *instance, const struct dispatcher *dispatcher, unsigned slot,
	enum bank bank, struct xslot_diag *diag)
{
	const struct xslot_extension *extension = instance->extension;
	const struct program *target = dispatcher_program(dispatcher);
	char function[DISPATCHER_FUNCTION_MAX];
	struct object twin = {};
	struct warnings warnings = {};
	uint32_t function_id;
	int r;

	if (!target->btf)
		return fail(diag, -ENODATA, "the dispatcher's types are not known");
	r = object_open(extension->bytes, extension->wanted, extension->frags, &twin, diag);
	if (r < 0)
		return r;
	warnings_begin(&warnings);
	r = share_maps(instance, twin.bpf, diag);
	warnings_end();
	dispatcher_stub(slot, bank, function);
	if (r == 0)
		r = program_find_function(target, function, &function_id, diag);
	if (r == 0)
		r = object_load(&twin, target, function, function_id, diag);
	if (r == 0)
		r = instance_code_remember(instance, twin.bpf, twin.program, diag);
	object_close(&twin);
	return r;
}

/* A parameter's map is folded, or gathered with others' into one. */
static bool is_constant(const struct instance *instance, size_t number)
{
	return !instance->foreign.behind_entry && instance->maps.maps[number].flags & BPF_F_RDONLY_PROG;
}

static int open_maps(struct instance *instance, size_t *ret_n, struct xslot_diag *diag)
{
	struct instance_part *part = &instance->part;
	int r = 0;

	*ret_n = 0;
	part->n_maps = instance->foreign.behind_entry ? 1 : instance->maps.n_maps;
	part->insns = reallocarray(NULL, instance->code.n_insns + 1, sizeof(*part->insns));
	part->map_fds = reallocarray(NULL, part->n_maps + 1, sizeof(*part->map_fds));
	if (!part->insns || !part->map_fds) {
		part->n_maps = 0;
		return fail(diag, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < part->n_maps; i++)
		part->map_fds[i] = -1;
	memcpy(part->insns, instance->code.insns, instance->code.n_insns * sizeof(*part->insns));
	for (size_t i = 0; r == 0 && i < instance->code.n_insns; i++) {
		struct bpf_insn *insn = &part->insns[i];

		i += insn->code == FUSE_LOAD_64;
		if (!refers_to_map(insn))
			continue;
		if (part->map_fds[insn->imm] < 0) {
			*ret_n += !is_constant(instance, (size_t)insn->imm);
			r = open_map(instance, (size_t)insn->imm, &part->map_fds[insn->imm], diag);
		}
		insn->imm = part->map_fds[insn->imm];
	}
	return r;
}

static int open_object(struct instance *instance, struct xslot_diag *diag)
{
	struct instance_part *part = &instance->part;
	int r = blob_open(instance->extension->bytes, "xslot-object", &part->object_fd);

	if (r < 0)
		return fail(diag, r, "%s: cannot hand out its object: %s", instance->name, strerror(-r));
	snprintf(part->object_path, sizeof(part->object_path), "/proc/self/fd/%d", part->object_fd);
	return 0;
}

int instance_code(struct instance *instance, const struct dispatcher *dispatcher, unsigned slot,
	enum bank bank, struct fuse_part *ret_part, struct xslot_diag *diag)
{
	const struct bpf_program *filler = instance_filler(instance);
	struct instance_part *part = &instance->part;
	size_t n_maps = 0;
	int r = 0;

	if (!instance->loaded)
		return fail(diag, -EOPNOTSUPP, "%s: its code is not known", instance->name);
	if (!instance->code.insns)
		r = instance->released ? learn_code(instance, dispatcher, slot, bank, diag)
				       : instance_code_remember(instance,
						 xslot_extension_object(instance->extension), filler, diag);
	if (r == 0)
		r = instance_open_filler(instance, &part->program_fd, diag);
	if (r == 0)
		r = open_maps(instance, &n_maps, diag);
	if (r == 0)
		r = open_object(instance, diag);
	if (r < 0)
		return r;
	*ret_part = (struct fuse_part){
		.name = instance->name,
		.insns = part->insns,
		.n_insns = instance->code.n_insns,
		.program_fd = part->program_fd,
		.types = instance->code.types,
		.btf_fd = -1,
		.n_maps = n_maps,
		.object = part->object_path,
	};
	return 0;
}

void instance_code_done(struct instance *instance)
{
	struct instance_part *part = &instance->part;

	for (size_t i = 0; i < part->n_maps; i++)
		cleanup_close(&part->map_fds[i]);
	cleanup_close(&part->program_fd);
	cleanup_close(&part->object_fd);
	free(part->map_fds);
	free(part->insns);
	*part = (struct instance_part){ .program_fd = -1, .object_fd = -1 };
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An instance is an extension (libxslot) plus what a slot adds to it: parameters, and maps with a past.
 * Everything that can be known before the kernel is called is decided in open: a wrong parameter costs no
 * verification. Names of maps are kept here, because libbpf forgets a map's own name when the map is reused.
 * After open the previous instance is no longer needed: libbpf holds references of its own on the maps that
 * are carried over.
 *
 * Loading takes the same number of system calls in a long chain as in a short one: nothing here walks over
 * slots or ids.
 */
#include "kernel/instance/instance.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <xslot/extension.h>

#include "entry.bpf.h"
#include "extension/advice.h"
#include "extension/ext_load.h"
#include "extension/extension.h"
#include "extension/verifier.h"
#include "extension/warnings.h"
#include "kernel/instance/code.h"
#include "kernel/instance/instance_private.h"
#include "kernel/instance/rodata.h"
#include "kernel/instance/run_config.h"
#include "kernel/pinned.h"
#include "util/cleanup.h"
#include "util/diag.h"

DEFINE_CLEANUP(struct instance *, instance_free);

static int open_extension(struct instance *instance, const void *object, size_t size, const char *function,
	bool frags, struct xslot_diag *diag)
{
	struct xslot_extension_options options = {
		.size = sizeof(options),
		.program = function,
		.name = instance->name,
		.frags = frags,
	};

	return xslot_extension_open_memory(object, size, &options, &instance->extension, diag);
}

/* The extension is the object's own program, or our entry in front of a program that can be none. */
static int open_object(
	struct instance *instance, const struct instance_options *options, struct xslot_diag *diag)
{
	struct foreign *foreign = &instance->foreign;
	const char *function = options->function;
	const struct foreign_source source = {
		.bytes = options->object,
		.size = options->object_size,
		.function = function,
		.frags = options->frags,
		.behind_entry = options->behind_entry,
	};
	int r;

	if (options->foreign) {
		r = foreign_open(&source, foreign, diag);
		if (r < 0)
			return fail_within(diag, r, "%s", instance->name);
		function = foreign->function;
	}
	if (foreign->behind_entry)
		r = open_extension(instance, entry_bpf, sizeof(entry_bpf), NULL, options->frags, diag);
	else
		r = open_extension(
			instance, options->object, options->object_size, function, options->frags, diag);
	if (r < 0)
		return r;
	instance->object =
		foreign->behind_entry ? foreign->object.bpf : xslot_extension_object(instance->extension);
	instance->program = foreign->behind_entry ? foreign->object.program : instance_filler(instance);
	if (!instance->program)
		return fail(
			diag, -EINVAL, "%s: no program of the BPF object is to be loaded", instance->name);
	return 0;
}

static int share_maps(struct instance *instance, const struct instance_options *options, bool stays,
	struct xslot_diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < options->n_sharers; i++) {
		const struct instance_sharer *sharer = &options->sharers[i];
		const struct carry_sharer of = { &sharer->instance->maps, sharer->slot, stays };

		if (sharer->stays == stays)
			r = carry_share(&instance->maps, &of, instance->name, options->slot, diag);
	}
	return r;
}

static int choose_maps(
	struct instance *instance, const struct instance_options *options, struct xslot_diag *diag)
{
	int r = share_maps(instance, options, true, diag);

	if (r == 0 && options->previous)
		r = carry_over(&instance->maps, &options->previous->maps, !options->same_state_version,
			instance->name, diag);
	return r < 0 ? r : share_maps(instance, options, false, diag);
}

static int list_maps(struct instance *instance, struct xslot_diag *diag)
{
	instance->listed = calloc(instance->maps.n_maps + 1, sizeof(*instance->listed));
	if (!instance->listed)
		return fail(diag, -ENOMEM, "%s: out of memory", instance->name);
	for (size_t i = 0; i < instance->maps.n_maps; i++) {
		const struct carry_map *map = &instance->maps.maps[i];

		instance->listed[i] = (struct instance_map){ .name = map->name,
			.class = map->class,
			.carried = map->carried,
			.pin = map->pin,
			.messages = map->marks.messages && map->type == BPF_MAP_TYPE_RINGBUF,
			.marks = &map->marks };
	}
	return 0;
}

static int set_size(const struct instance *instance, struct bpf_map *map, const struct xslot_value *value,
	struct xslot_diag *diag)
{
	int r = value->type == XSLOT_UINT ? bpf_map__set_max_entries(map, (uint32_t)value->number) : 0;

	if (r < 0)
		return fail(diag, r, "%s: map %s: libbpf does not accept the size: %s", instance->name,
			bpf_map__name(map), strerror(-r));
	return 0;
}

/* A parameter of the name of a program array says what is in it. */
static int write_param(
	struct instance *instance, const struct instance_param *param, bool frags, struct xslot_diag *diag)
{
	struct bpf_map *map = NULL;
	int r;

	if (instance->foreign.bytes && (map = foreign_find_sized_map(instance->object, param->name)))
		return set_size(instance, map, param->value, diag);
	if (instance->foreign.bytes)
		map = bpf_object__find_map_by_name(instance->object, param->name);
	if (!map || bpf_map__type(map) != BPF_MAP_TYPE_PROG_ARRAY)
		return rodata_write(instance->object, instance->name, param, diag);
	if (param->value->type != XSLOT_STRING)
		return 0;
	if (!instance->foreign.behind_entry)
		return fail(diag, -EINVAL, "%s: program %s makes no tail call through program array %s",
			instance->name, bpf_program__name(instance->program), param->name);
	r = jumps_add(&instance->jumps, instance->object, map, param->value->text, frags, diag);
	return r < 0 ? fail_within(diag, r, "%s", instance->name) : 0;
}

static int write_params(struct instance *instance, const struct instance_options *options,
	const char **ret_param, struct xslot_diag *diag)
{
	/* slot.bpf.h's: may a packet be in several buffers, and does anyone read reasons? */
	const struct xslot_value yes = { .type = XSLOT_BOOL, .given = true, .boolean = true };
	const struct instance_param frags = { .name = "xslot_frags", .value = &yes, .optional = true };
	const struct instance_param reasons = { .name = "xslot_reasons", .value = &yes, .optional = true };
	int r = 0;

	for (size_t i = 0; i < options->n_params; i++) {
		struct instance_param param = options->params[i];

		param.optional |= instance_takes_size(instance, param.name);
		r = write_param(instance, &param, options->frags, diag);
		if (r < 0) {
			if (ret_param)
				*ret_param = options->params[i].name;
			return r;
		}
	}
	if (options->frags)
		r = rodata_write(instance->object, instance->name, &frags, diag);
	if (r == 0 && options->reasons)
		r = rodata_write(instance->object, instance->name, &reasons, diag);
	return r;
}

static int open_jumps(
	struct instance *instance, const struct instance_options *options, struct xslot_diag *diag)
{
	int r = 0;

	if (options->n_jumps)
		r = jump_objects_open(
			&instance->jump_objects, &instance->jumps, &instance->foreign, options, diag);
	return r < 0 ? fail_within(diag, r, "%s", instance->name) : 0;
}

int instance_open(const struct instance_options *options, struct instance **ret_instance,
	const char **ret_param, struct xslot_diag *diag)
{
	CLEANUP(instance_free) struct instance *instance = calloc(1, sizeof(*instance));
	int r;

	if (!instance)
		return fail(diag, -ENOMEM, "%s: out of memory", options->name);
	instance->entry_fd = instance->part.program_fd = instance->part.object_fd = -1;
	instance->name = strdup(options->name);
	if (!instance->name)
		return fail(diag, -ENOMEM, "%s: out of memory", options->name);
	ext_load_register();
	r = open_object(instance, options, diag);
	if (r < 0)
		return r;
	r = carry_classify(instance->object, instance->name, options->foreign, &instance->maps, diag);
	if (r == 0)
		r = write_params(instance, options, ret_param, diag);
	if (r == 0)
		r = instance_set_sizes(instance, options, ret_param, diag);
	if (r < 0)
		return r;
	r = open_jumps(instance, options, diag);
	if (r == 0)
		r = choose_maps(instance, options, diag);
	if (r < 0)
		return r;
	r = list_maps(instance, diag);
	if (r < 0)
		return r;
	*ret_instance = TAKE_PTR(instance);
	return 0;
}

/* What only the kernel knows: ids. */
static int learn_ids(struct instance *instance, struct xslot_diag *diag)
{
	const struct bpf_program *filler = instance_filler(instance);
	int r;

	r = pinned_id(bpf_program__fd(instance->program), BPFFS_PROGRAM, &instance->program_id);
	if (r == 0 && filler && bpf_program__fd(filler) >= 0) /* not as an XDP program */
		r = pinned_id(bpf_program__fd(filler), BPFFS_PROGRAM, &instance->filler_id);
	for (size_t i = 0; r == 0 && i < instance->maps.n_maps; i++) {
		struct carry_map *map = &instance->maps.maps[i];

		r = pinned_id(bpf_map__fd(map->map), BPFFS_MAP, &map->id);
		instance->listed[i].id = map->id;
	}
	if (r < 0)
		return fail(diag, r, "%s: the kernel does not report the ids of program and maps: %s",
			instance->name, strerror(-r));
	instance->loaded = true;
	return 0;
}

static int check_loadable(const struct instance *instance, struct xslot_diag *diag)
{
	if (instance->loaded)
		return fail(diag, -EALREADY, "%s: is already loaded", instance->name);
	if (!instance->object)
		return fail(diag, -EINVAL, "%s: its load failed before: open it again", instance->name);
	if (foreign_check_sizes(instance->object, instance->foreign.bytes != NULL, diag) < 0)
		return fail_within(diag, -EINVAL, "%s", instance->name);
	return 0;
}

/* A failed load costs the extension its object, with all that was set in it. */
static void forget_object(struct instance *instance)
{
	carry_deinit(&instance->maps);
	jumps_clear(&instance->jumps);
	jump_objects_close(&instance->jump_objects);
	instance->program = NULL;
	instance->object = NULL;
}

/* What is behind our entry: loaded as the XDP programs that they are. */
static int load_foreign(struct instance *instance, struct xslot_diag *diag)
{
	int r;

	r = object_load(&instance->foreign.object, NULL, NULL, 0, diag);
	if (r == 0)
		r = jump_objects_load(&instance->jump_objects, &instance->foreign, diag);
	if (r == 0)
		r = jumps_fill(&instance->jumps, diag);
	return r < 0 ? fail_within(diag, r, "%s", instance->name) : 0;
}

struct bpf_map *instance_entry(const struct instance *instance)
{
	const struct bpf_object *object = xslot_extension_object(instance->extension);

	if (!instance->foreign.behind_entry || !object)
		return NULL;
	return bpf_object__find_map_by_name(object, "xslot_entry");
}

static const char *why_behind_entry(const struct foreign *foreign)
{
	if (foreign->jumps)
		return "tail-calls";
	return foreign->refused_btf ? "has BTF that this kernel refuses"
				    : "is not declared as int NAME(struct xdp_md *) in BTF";
}

/* Put the foreign program behind the entry. Where extensions cannot tail-call, this is what the kernel
 * refuses. */
static int connect_entry(struct instance *instance, struct xslot_diag *diag)
{
	const struct bpf_map *entry = instance_entry(instance);
	const uint32_t zero = 0;
	int fd = bpf_program__fd(instance->program);

	if (entry && bpf_map_update_elem(bpf_map__fd(entry), &zero, &fd, BPF_ANY) == 0)
		return 0;
	return fail(diag, -errno,
		"%s: program %s %s, so it has to be called by an extension with a tail call, which this kernel refuses (%s): Linux 6.1 can",
		instance->name, bpf_program__name(instance->program), why_behind_entry(&instance->foreign),
		strerror(errno));
}

/* The kernel's words for "no BTF", for "BTF without func_info", and for BTF that it refused: libbpf then goes
 * on without. */
static bool refused_btf(const struct xslot_diag *diag)
{
	return diag->log && strstr(diag->log, "Program extension requires BTF");
}

bool instance_failed_jump(const struct instance *instance, size_t *ret_jump)
{
	return jump_objects_failed(&instance->jump_objects, ret_jump);
}

bool instance_wants_entry(const struct instance *instance)
{
	return instance->refused_btf && instance->foreign.bytes && !instance->foreign.behind_entry;
}

int instance_load(struct instance *instance, const struct dispatcher *dispatcher, unsigned slot,
	enum bank bank, struct xslot_diag *diag)
{
	char function[DISPATCHER_FUNCTION_MAX];
	int r;

	r = check_loadable(instance, diag);
	if (r == 0 && instance->foreign.behind_entry)
		r = load_foreign(instance, diag);
	if (r < 0)
		return r;
	dispatcher_stub(slot, bank, function);
	r = extension_load(
		instance->extension, dispatcher_fd(dispatcher), dispatcher_types(dispatcher), function, diag);
	if (r < 0)
		fail_within(diag, r, "%s", instance->name);
	if (r == 0 && instance->foreign.behind_entry)
		r = connect_entry(instance, diag);
	if (r < 0) {
		instance->refused_btf = diag && refused_btf(diag);
		forget_object(instance);
		return r;
	}
	return learn_ids(instance, diag);
}

/* The log is in the extension's buffer, which libbpf hands out. */
static int verify_failed(
	const struct instance *instance, int error, const struct warnings *warnings, struct xslot_diag *diag)
{
	size_t size = 0;
	const char *log = bpf_program__log_buf(instance->program, &size);
	char why[512], advice[256];

	advice_find(warnings->text, log ? log : "", advice, sizeof(advice));
	if (!log || !size || !*log)
		return fail(diag, error, "%s: the kernel does not load it: %s (%s)%s", instance->name,
			warnings->text, strerror(-error), advice);
	verifier_verdict(log, error, why, sizeof(why));
	if (diag && !diag->log)
		diag->log = strdup(log);
	return fail(diag, error, "%s: the verifier refuses %s(): %s (%s)%s", instance->name,
		bpf_program__name(instance->program), why, strerror(-error), advice);
}

int instance_verify_as_xdp(struct instance *instance, struct xslot_diag *diag)
{
	struct warnings warnings = {};
	int r;

	r = check_loadable(instance, diag);
	if (r < 0)
		return r;
	if (instance->foreign.behind_entry) {
		r = load_foreign(instance, diag);
		return r < 0 ? r : learn_ids(instance, diag);
	}
	warnings_begin(&warnings);
	r = bpf_program__set_type(instance->program, BPF_PROG_TYPE_EXT);
	if (r == 0)
		r = bpf_program__set_type(instance->program, BPF_PROG_TYPE_XDP);
	if (r == 0)
		r = bpf_object__load(instance->object);
	warnings_end();
	if (r < 0)
		return verify_failed(instance, r, &warnings, diag);
	return learn_ids(instance, diag);
}

/* The kernel compares signatures and the like again: all stubs are alike, and it was loaded for one. */
int instance_place(struct instance *instance, const struct dispatcher *dispatcher, unsigned slot,
	enum bank bank, struct xslot_link **ret_link, struct xslot_diag *diag)
{
	const struct program *target = dispatcher_program(dispatcher);
	char function[DISPATCHER_FUNCTION_MAX];
	CLEANUP(close) int fd = -1;
	uint32_t function_id;
	int r;

	dispatcher_stub(slot, bank, function);
	if (!target->btf)
		return fail(diag, -ENODATA, "%s: the types of dispatcher %u are not known", instance->name,
			target->id);
	r = instance_open_filler(instance, &fd, diag);
	if (r < 0)
		return r;
	r = program_find_function(target, function, &function_id, diag);
	if (r == 0)
		r = link_create(fd, target, function_id, ret_link, diag);
	if (r < 0)
		return fail_within(diag, r, "%s: cannot attach to %s() of program %s (id %u)", instance->name,
			function, target->name, target->id);
	return 0;
}

int instance_release(struct instance *instance, const char *pins, struct xslot_diag *diag)
{
	const struct bpf_map *entry = instance_entry(instance);
	int r;

	if (instance->released || !instance->loaded)
		return fail(diag, -EINVAL, "%s: there is nothing to release", instance->name);
	/* If it cannot, it is found out, and said, when it is to be fused. */
	if (!instance->adopted)
		instance_code_remember(instance, xslot_extension_object(instance->extension),
			instance_filler(instance), NULL);
	if (entry && !instance->adopted) {
		instance->entry_fd = fcntl(bpf_map__fd(entry), F_DUPFD_CLOEXEC, 3);
		if (instance->entry_fd < 0)
			return fail(diag, -errno, "%s: cannot hold its entry: %s", instance->name,
				strerror(errno));
	}
	r = carry_release(&instance->maps, pins, diag);
	if (r < 0)
		return fail_within(diag, r, "%s", instance->name);
	jumps_clear(&instance->jumps);
	instance->program = NULL;
	instance->object = NULL;
	object_close(&instance->foreign.object);
	blob_free(TAKE_PTR(instance->foreign.bytes));
	extension_release(instance->extension);
	instance->released = true;
	return 0;
}

void instance_free(struct instance *instance)
{
	if (!instance)
		return;
	carry_deinit(&instance->maps);
	jumps_clear(&instance->jumps);
	jump_objects_close(&instance->jump_objects);
	instance_code_done(instance);
	instance_code_forget(instance);
	cleanup_close(&instance->entry_fd);
	xslot_extension_free(instance->extension);
	foreign_close(&instance->foreign);
	free(instance->listed);
	free(instance->name);
	free(instance);
}

bool instance_has_variable(const struct instance *instance, const char *name)
{
	return rodata_has(instance->object, name);
}

size_t instance_spare_variables(const struct instance *instance, const struct instance_param *params,
	size_t n, const char **ret_names, size_t max)
{
	return rodata_spare(instance->object, params, n, ret_names, max);
}

uint32_t instance_filler_id(const struct instance *instance)
{
	return instance->filler_id;
}

uint32_t instance_program_id(const struct instance *instance)
{
	return instance->program_id;
}

uint32_t instance_jump_id(const struct instance *instance, const char *array, uint32_t index)
{
	int fd = instance_map_fd(instance, array, NULL);
	uint32_t id;

	return fd >= 0 && bpf_map_lookup_elem(fd, &index, &id) == 0 ? id : 0;
}

uint32_t instance_run_config(const struct instance *instance)
{
	if (!instance->object)
		return 0;
	return run_config_proceed(instance->object, bpf_program__name(instance->program));
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An extension is a small state machine around libbpf's object: it can go from each state to the next one and
 * back. libbpf's object can be loaded only once, so the bytes are kept, and each unload, and each load that
 * the kernel refused, creates a new object. Everything that can fail is done before anything live is changed.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extension/bpffs.h"
#include "extension/extension.h"
#include "extension/signature.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/reader.h"

#define OBJECT_MAX (64U << 20)

DEFINE_CLEANUP(struct xslot_extension *, xslot_extension_free);
DEFINE_CLEANUP(struct program *, program_close);

/* ---- open ---- */

static int extension_new(const char *name, const struct xslot_extension_options *options,
	struct xslot_extension **ret_extension)
{
	CLEANUP(xslot_extension_free) struct xslot_extension *extension = calloc(1, sizeof(*extension));

	if (!extension)
		return -ENOMEM;
	extension->fd = -1;
	extension->name = strdup(name ? name : "extension");
	extension->frags = options->frags;
	if (options->program)
		extension->wanted = strdup(options->program);
	if (!extension->name || (options->program && !extension->wanted))
		return -ENOMEM;
	*ret_extension = TAKE_PTR(extension);
	return 0;
}

/* A caller's older, shorter struct leaves what it does not know at 0. */
static int known_options(const struct xslot_extension_options *given,
	struct xslot_extension_options *ret_options, struct xslot_diag *diag)
{
	*ret_options = (struct xslot_extension_options){};
	if (!given)
		return 0;
	if (given->size < offsetof(struct xslot_extension_options, name))
		return fail(diag, -EINVAL,
			"size in struct xslot_extension_options is not set; set it to the size of the struct");
	memcpy(ret_options, given, given->size < sizeof(*ret_options) ? given->size : sizeof(*ret_options));
	return 0;
}

static int name_after_program(struct xslot_extension *extension, struct xslot_diag *diag)
{
	char *name = strdup(bpf_program__name(extension->object.program));

	if (!name)
		return fail(diag, -ENOMEM, "out of memory");
	free(extension->name);
	extension->name = name;
	return 0;
}

/* Takes the bytes over. `name` may be NULL: the program's. */
static int open_blob(struct blob *bytes, const char *name, const struct xslot_extension_options *options,
	struct xslot_extension **ret_extension, struct xslot_diag *diag)
{
	CLEANUP(xslot_extension_free) struct xslot_extension *extension = NULL;
	int r;

	r = extension_new(name, options, &extension);
	if (r < 0) {
		blob_free(bytes);
		return fail(diag, r, "out of memory");
	}
	extension->bytes = bytes;
	r = object_open(bytes, extension->wanted, extension->frags, &extension->object, diag);
	if (r == 0 && !name)
		r = name_after_program(extension, diag);
	if (r < 0)
		return fail_within(diag, r, "%s", extension->name);
	*ret_extension = TAKE_PTR(extension);
	return 0;
}

int xslot_extension_open_file(const char *path, const struct xslot_extension_options *given,
	struct xslot_extension **ret_extension, struct xslot_diag *diag)
{
	struct xslot_extension_options options;
	struct blob *bytes;
	int r = known_options(given, &options, diag);

	if (r == 0)
		r = blob_read(path, OBJECT_MAX, &bytes, diag);
	if (r < 0)
		return r;
	return open_blob(bytes, options.name ? options.name : path, &options, ret_extension, diag);
}

int xslot_extension_open_memory(const void *object, size_t size, const struct xslot_extension_options *given,
	struct xslot_extension **ret_extension, struct xslot_diag *diag)
{
	struct xslot_extension_options options;
	struct blob *bytes;
	int r = known_options(given, &options, diag);

	if (r == 0)
		r = blob_copy("xslot-extension", object, size, &bytes, diag);
	if (r < 0)
		return r;
	return open_blob(bytes, options.name, &options, ret_extension, diag);
}

int xslot_extension_from_pin(
	const char *path, struct xslot_extension **ret_extension, struct xslot_diag *diag)
{
	CLEANUP(xslot_extension_free) struct xslot_extension *extension = NULL;
	CLEANUP(close) int fd = -1;
	int r;

	r = bpffs_open(path, BPFFS_PROGRAM, &fd, diag);
	if (r < 0)
		return r;
	r = extension_new(path, &(struct xslot_extension_options){}, &extension);
	if (r < 0)
		return fail(diag, r, "%s: out of memory", path);
	r = program_open(fd, NULL, &extension->self, diag);
	if (r < 0)
		return fail_within(diag, r, "pin %s", path);
	if (extension->self->type != BPF_PROG_TYPE_EXT)
		return fail(diag, -EINVAL,
			"pin %s is program %s (id %u), which is not an extension but of type %s", path,
			extension->self->name, extension->self->id,
			libbpf_bpf_prog_type_str(extension->self->type));
	extension->fd = extension->self->fd;
	*ret_extension = TAKE_PTR(extension);
	return 0;
}

struct bpf_object *xslot_extension_object(const struct xslot_extension *extension)
{
	return extension->object.bpf;
}

/* ---- load, unload ---- */

static int extension_signature(
	const struct xslot_extension *extension, struct signature *ret_signature, struct xslot_diag *diag)
{
	if (!extension->self) {
		ret_signature->btf = bpf_object__btf(extension->object.bpf);
		return object_find_function(&extension->object, &ret_signature->function, diag);
	}
	if (!extension->self->n_functions)
		return fail(diag, -ENODATA, "%s: its BTF has no function", extension->name);
	ret_signature->btf = extension->self->btf;
	ret_signature->function = extension->self->functions[0];
	return 0;
}

int extension_find_place(const struct xslot_extension *extension, const struct program *target,
	const char *function, uint32_t *ret_function_id, struct xslot_diag *diag)
{
	struct signature there = { .btf = target->btf }, here = {};
	int r;

	r = program_find_function(target, function, &there.function, diag);
	if (r == 0)
		r = extension_signature(extension, &here, diag);
	if (r == 0)
		r = signature_compare(&there, &here, program_context(target->type), diag);
	if (r == 0)
		*ret_function_id = there.function;
	return r;
}

static int renew_object(struct xslot_extension *extension, struct xslot_diag *diag)
{
	struct object object;
	int r = object_open(extension->bytes, extension->wanted, extension->frags, &object, diag);

	if (r < 0)
		return fail_within(diag, r, "%s", extension->name);
	object_close(&extension->object);
	extension->object = object;
	return 0;
}

static int check_loadable(const struct xslot_extension *extension, struct xslot_diag *diag)
{
	if (extension->fd >= 0)
		return fail(diag, -EALREADY, "cannot load: it is already loaded; unload it first");
	if (!extension->bytes)
		return fail(diag, -EINVAL,
			"cannot load an extension that was opened from a pin: open its object file");
	return 0;
}

static int load_for(struct xslot_extension *extension, const struct program *target, const char *function,
	uint32_t *ret_function_id, struct xslot_diag *diag)
{
	int r;

	r = extension_find_place(extension, target, function, ret_function_id, diag);
	if (r < 0)
		return r;
	r = object_load(&extension->object, target, function, *ret_function_id, diag);
	if (r < 0)
		renew_object(extension, NULL);
	return r;
}

static int load(struct xslot_extension *extension, int target_fd, const struct btf *types,
	const char *function, bool names_target, struct xslot_diag *diag)
{
	CLEANUP(program_close) struct program *target = NULL;
	CLEANUP(free) char *function_copy = strdup(function);
	uint32_t function_id;
	int r;

	if (!function_copy)
		return fail(diag, -ENOMEM, "out of memory");
	r = check_loadable(extension, diag);
	if (r == 0)
		r = program_open(target_fd, types, &target, diag);
	if (r < 0)
		return r;
	r = load_for(extension, target, function, &function_id, diag);
	if (r < 0 && names_target)
		return fail_within(diag, r, "cannot load for %s() of program %s (id %u)", function,
			target->name, target->id);
	if (r < 0)
		return r;
	extension->fd = bpf_program__fd(extension->object.program);
	extension->target = TAKE_PTR(target);
	extension->function = TAKE_PTR(function_copy);
	extension->function_id = function_id;
	return 0;
}

int extension_load(struct xslot_extension *extension, int target_fd, const struct btf *types,
	const char *function, struct xslot_diag *diag)
{
	return load(extension, target_fd, types, function, false, diag);
}

int xslot_extension_load(
	struct xslot_extension *extension, int target_fd, const char *function, struct xslot_diag *diag)
{
	int r = load(extension, target_fd, NULL, function, true, diag);

	return r < 0 ? fail_within(diag, r, "%s", extension->name) : 0;
}

static void let_go(struct xslot_extension *extension)
{
	for (size_t i = 0; i < extension->n_links; i++)
		xslot_link_close(extension->links[i]);
	free(TAKE_PTR(extension->links));
	extension->n_links = 0;
	program_close(TAKE_PTR(extension->self));
	program_close(TAKE_PTR(extension->target));
	free(TAKE_PTR(extension->function));
	extension->fd = -1;
}

int xslot_extension_unload(struct xslot_extension *extension, struct xslot_diag *diag)
{
	struct object fresh = {};
	int r;

	if (extension->fd < 0)
		return fail(diag, -EINVAL, "%s: cannot unload: it is not loaded", extension->name);
	if (extension->bytes) {
		r = object_open(extension->bytes, extension->wanted, extension->frags, &fresh, diag);
		if (r < 0)
			return fail_within(diag, r, "%s", extension->name);
	}
	let_go(extension);
	object_close(&extension->object);
	extension->object = fresh;
	return 0;
}

void extension_release(struct xslot_extension *extension)
{
	let_go(extension);
	object_close(&extension->object);
}

void xslot_extension_free(struct xslot_extension *extension)
{
	if (!extension)
		return;
	extension_release(extension);
	blob_free(extension->bytes);
	free(extension->name);
	free(extension->wanted);
	free(extension);
}

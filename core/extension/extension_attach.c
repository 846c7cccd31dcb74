/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Operations on a loaded extension: attach, detach, hand over, pin.
 *
 * Attaching always names target and function to the kernel, which remembers those of the load only until they
 * have been used once. Links are known by id and not by pointer, so that a second detach is a plain error.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extension/bpffs.h"
#include "extension/extension.h"
#include "util/cleanup.h"
#include "util/diag.h"

DEFINE_CLEANUP(struct program *, program_close);

static int place_failed(const struct xslot_extension *extension, int error, const struct program *target,
	const char *function, struct xslot_diag *diag)
{
	return fail_within(diag, error, "%s: cannot attach to %s() of program %s (id %u)", extension->name,
		function, target->name, target->id);
}

static int add_link(struct xslot_extension *extension, const struct program *target, uint32_t function_id,
	uint32_t *ret_link_id, struct xslot_diag *diag)
{
	struct xslot_link **links, *link;
	int r;

	links = reallocarray(extension->links, extension->n_links + 1, sizeof(*links));
	if (!links)
		return fail(diag, -ENOMEM, "out of memory");
	extension->links = links;
	r = link_create(extension->fd, target, function_id, &link, diag);
	if (r < 0)
		return r;
	links[extension->n_links++] = link;
	*ret_link_id = link_id(link);
	return 0;
}

int xslot_extension_attach(struct xslot_extension *extension, uint32_t *ret_link_id, struct xslot_diag *diag)
{
	int r;

	if (extension->fd < 0)
		return fail(diag, -EINVAL, "%s: cannot attach before it is loaded", extension->name);
	if (!extension->target)
		return fail(diag, -EINVAL,
			"%s: it was opened from a pin, which does not record its target: name the target to attach to",
			extension->name);
	r = add_link(extension, extension->target, extension->function_id, ret_link_id, diag);
	if (r < 0)
		return place_failed(extension, r, extension->target, extension->function, diag);
	return 0;
}

/* Is it the program that we were loaded for? Then its BTF need not be read again. */
static bool is_program(const struct program *program, int fd)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	return program && bpffs_kind(fd) == BPFFS_PROGRAM && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
	       info.id == program->id;
}

static int attach_to(struct xslot_extension *extension, const struct program *target, const char *function,
	uint32_t *ret_link_id, uint32_t *ret_function_id, struct xslot_diag *diag)
{
	uint32_t function_id;
	int r;

	if (extension->target && extension->target->type != target->type)
		return fail(diag, -EINVAL,
			"cannot attach to program %s (id %u): it is of another type than %s (id %u)",
			target->name, target->id, extension->target->name, extension->target->id);
	r = extension_find_place(extension, target, function, &function_id, diag);
	if (r < 0)
		return r;
	r = add_link(extension, target, function_id, ret_link_id, diag);
	if (r == 0)
		*ret_function_id = function_id;
	return r;
}

int extension_attach_to(struct xslot_extension *extension, int target_fd, const struct btf *types,
	const char *function, uint32_t *ret_link_id, struct xslot_diag *diag)
{
	CLEANUP(program_close) struct program *opened = NULL;
	CLEANUP(free) char *function_copy = strdup(function);
	const struct program *target = extension->target;
	uint32_t function_id = 0;
	int r;

	if (extension->fd < 0)
		return fail(diag, -EINVAL, "%s: cannot attach before it is loaded", extension->name);
	if (!function_copy)
		return fail(diag, -ENOMEM, "%s: out of memory", extension->name);
	if (!is_program(target, target_fd)) {
		r = program_open(target_fd, types, &opened, diag);
		if (r < 0)
			return fail_within(diag, r, "%s", extension->name);
		target = opened;
	}
	r = attach_to(extension, target, function, ret_link_id, &function_id, diag);
	if (r < 0)
		return place_failed(extension, r, target, function, diag);
	if (!extension->target) { /* from a pin: the first target is as good as one it was loaded for */
		extension->target = TAKE_PTR(opened);
		extension->function = TAKE_PTR(function_copy);
		extension->function_id = function_id;
	}
	return 0;
}

int xslot_extension_attach_to(struct xslot_extension *extension, int target_fd, const char *function,
	uint32_t *ret_link_id, struct xslot_diag *diag)
{
	return extension_attach_to(extension, target_fd, NULL, function, ret_link_id, diag);
}

/* Out of the array, still attached. */
static struct xslot_link *remove_link(struct xslot_extension *extension, uint32_t id)
{
	for (size_t i = 0; i < extension->n_links; i++) {
		struct xslot_link *link = extension->links[i];

		if (link_id(link) != id)
			continue;
		extension->links[i] = extension->links[--extension->n_links];
		return link;
	}
	return NULL;
}

int xslot_extension_detach(struct xslot_extension *extension, uint32_t link_id, struct xslot_diag *diag)
{
	struct xslot_link *link = remove_link(extension, link_id);

	if (!link)
		return fail(diag, -ENOENT,
			"%s: cannot detach link %u: this extension owns no such link (detached, taken or another's)",
			extension->name, link_id);
	xslot_link_close(link);
	return 0;
}

int xslot_extension_take_link(struct xslot_extension *extension, uint32_t link_id,
	struct xslot_link **ret_link, struct xslot_diag *diag)
{
	struct xslot_link *link = remove_link(extension, link_id);

	if (!link)
		return fail(diag, -ENOENT,
			"%s: cannot take link %u: this extension owns no such link (detached, taken or another's)",
			extension->name, link_id);
	*ret_link = link;
	return 0;
}

int xslot_extension_fd(const struct xslot_extension *extension)
{
	return extension->fd < 0 ? -EINVAL : extension->fd;
}

int xslot_extension_get_info(const struct xslot_extension *extension, struct xslot_extension_info *ret_info,
	struct xslot_diag *diag)
{
	struct xslot_extension_info info = { .size = ret_info->size, .n_links = extension->n_links };
	struct bpf_prog_info program = {};
	uint32_t size = sizeof(program);

	if (info.size < offsetof(struct xslot_extension_info, name))
		return fail(
			diag, -EINVAL, "%s: size in struct xslot_extension_info is not set", extension->name);
	if (extension->fd < 0)
		return fail(diag, -EINVAL, "%s: no information before it is loaded", extension->name);
	if (bpf_obj_get_info_by_fd(extension->fd, &program, &size) < 0)
		return fail(diag, -errno, "%s: cannot look at the loaded program: %s", extension->name,
			strerror(errno));
	info.program_id = program.id;
	memcpy(info.name, program.name, sizeof(info.name));
	memcpy(info.tag, program.tag, sizeof(info.tag));
	if (extension->target) {
		info.target_id = extension->target->id;
		snprintf(info.target_function, sizeof(info.target_function), "%s", extension->function);
	}
	memcpy(ret_info, &info, info.size < sizeof(info) ? info.size : sizeof(info));
	return 0;
}

int xslot_extension_pin(struct xslot_extension *extension, const char *path, struct xslot_diag *diag)
{
	if (extension->fd < 0)
		return fail(diag, -EINVAL, "%s: cannot pin before it is loaded", extension->name);
	return bpffs_pin(extension->fd, path, extension->name, diag);
}

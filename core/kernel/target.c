/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel knows programs by id only. Operators also use pins, and names, which are cut to 15 characters
 * and need not be unique: then all ids are shown, and none is chosen.
 */
#include "kernel/target.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extension/bpffs.h"
#include "extension/btf_read.h"
#include "extension/holder.h"
#include "extension/permission.h"
#include "extension/program.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/text.h"

DEFINE_CLEANUP(struct program *, program_close);

static int not_permitted(const char *what, struct xslot_diag *diag)
{
	char why[PERMISSION_TEXT];

	permission_explain(why, true);
	return fail(diag, -EPERM, "cannot look up program %s: %s", what, why);
}

static int open_id(const char *word, int *ret_fd, struct xslot_diag *diag)
{
	char *end;
	unsigned long id = strtoul(word, &end, 10);
	int fd;

	if (*end || !id || id > UINT32_MAX)
		return fail(diag, -ENOENT, "\"%s\" is not the id of a program", word);
	fd = bpf_prog_get_fd_by_id((uint32_t)id);
	if (fd < 0 && errno == EPERM)
		return not_permitted(word, diag);
	if (fd < 0 && errno != ENOENT)
		return fail(diag, -errno, "cannot look up program %s: %s", word, strerror(errno));
	if (fd < 0)
		return fail(diag, -ENOENT,
			"there is no program with id %lu; `bpftool prog` lists those loaded", id);
	*ret_fd = fd;
	return 0;
}

static int open_name(const char *name, int *ret_fd, struct xslot_diag *diag)
{
	CLEANUP(close) int found = -1;
	char ids[256] = "";
	struct text text = { .at = ids, .size = sizeof(ids) };
	int unseen = 0;
	uint32_t id = 0;
	size_t n = 0;

	while (bpf_prog_get_next_id(id, &id) == 0) {
		CLEANUP(close) int fd = bpf_prog_get_fd_by_id(id);
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0) {
			unseen = errno == ENOENT ? unseen : -errno;
			continue;
		}
		if (strncmp(info.name, name, sizeof(info.name) - 1) != 0 || !*name)
			continue;
		text_add(&text, "%s%u", n++ ? ", " : "", id);
		if (found < 0)
			found = TAKE_FD(fd);
	}
	if (errno != ENOENT)
		unseen = -errno;
	if (unseen == -EPERM)
		return not_permitted(name, diag);
	if (unseen < 0)
		return fail(diag, unseen, "cannot look at every program to find \"%s\": %s", name,
			strerror(-unseen));
	if (n == 0)
		return fail(diag, -ENOENT,
			"there is no program called \"%s\"; `bpftool prog` lists those loaded", name);
	if (n > 1)
		return fail(diag, -ENOTUNIQ, "%zu programs are called \"%s\"; name one by its id: %s", n,
			name, ids);
	*ret_fd = TAKE_FD(found);
	return 0;
}

int target_open(const char *word, int *ret_fd, struct xslot_diag *diag)
{
	if (strchr(word, '/'))
		return bpffs_open(word, BPFFS_PROGRAM, ret_fd, diag);
	if (isdigit((unsigned char)word[0]))
		return open_id(word, ret_fd, diag);
	return open_name(word, ret_fd, diag);
}

static void describe_target(struct target_place *place, uint32_t function_id)
{
	CLEANUP(close) int fd = bpf_prog_get_fd_by_id(place->target_id);
	CLEANUP(program_close) struct program *target = NULL;
	const struct btf_type *type;

	if (fd < 0 || program_open(fd, NULL, &target, NULL) < 0)
		return;
	memcpy(place->target, target->name, sizeof(place->target));
	type = btf__type_by_id(target->btf, function_id);
	if (type)
		snprintf(place->function, sizeof(place->function), "%s",
			btf_read_name(target->btf, type->name_off));
	place->used = target->type != BPF_PROG_TYPE_XDP || holder_of_program(place->target_id) != 0;
}

int target_of_link(const struct xslot_link *link, struct target_place *ret_place, struct xslot_diag *diag)
{
	struct xslot_link_info info = { .size = sizeof(info) };
	struct bpf_prog_info program = {};
	uint32_t size = sizeof(program);
	struct target_place place = { .used = true };
	CLEANUP(close) int fd = -1;
	int r;

	r = xslot_link_get_info(link, &info, diag);
	if (r < 0)
		return r;
	place.link_id = info.link_id;
	place.program_id = info.program_id;
	place.target_id = info.target_id;
	fd = bpf_prog_get_fd_by_id(info.program_id);
	if (fd < 0 && errno == EPERM)
		return not_permitted("by id", diag);
	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &program, &size) == 0)
		memcpy(place.program, program.name, sizeof(place.program));
	if (info.target_id)
		describe_target(&place, info.target_btf_id);
	*ret_place = place;
	return 0;
}

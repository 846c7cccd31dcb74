/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A pinned link is all that an extension needs to live: it holds the program, its maps, and the target. So
 * nothing is written down beside it: the kernel reports what the link fills, and the time of the pin is the
 * time since when.
 */
#include "host/offline/extend.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/plugin/inspect.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/memory.h"
#include "util/text.h"

DEFINE_CLEANUP(struct xslot_extension *, xslot_extension_free);
DEFINE_CLEANUP(struct xslot_link *, xslot_link_close);
DEFINE_CLEANUP(struct blob *, blob_free);

static int check_name(const char *name, struct xslot_diag *diag)
{
	size_t length = strlen(name);

	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			length = 0;
	if (length == 0 || length > EXTEND_NAME_MAX)
		return fail(diag, -EINVAL,
			"\"%s\" cannot name an extension: use letters, digits, _ and -, at most %d of them",
			name, EXTEND_NAME_MAX);
	return 0;
}

static void pin_path(const char *bpffs, const char *name, char ret_path[static PATH_MAX])
{
	snprintf(ret_path, PATH_MAX, "%s/extend/%s", bpffs, name);
}

static int make_folder(const char *bpffs, struct xslot_diag *diag)
{
	char path[PATH_MAX];
	int r;

	r = pindir_check(bpffs, diag);
	if (r == 0)
		r = pindir_make(bpffs, diag);
	snprintf(path, sizeof(path), "%s/extend", bpffs);
	return r < 0 ? r : pindir_make(path, diag);
}

static int read_entry(const char *bpffs, const char *name, const struct xslot_link *link,
	struct extend_entry *ret_entry, struct xslot_diag *diag)
{
	struct extend_entry entry = {};
	char path[PATH_MAX];
	struct stat st;
	int r;

	r = target_of_link(link, &entry.place, diag);
	if (r < 0)
		return r;
	pin_path(bpffs, name, path);
	if (stat(path, &st) == 0)
		entry.since = st.st_mtime;
	snprintf(entry.name, sizeof(entry.name), "%s", name);
	*ret_entry = entry;
	return 0;
}

/* Under which name: the one asked for, or the program's. */
static int choose_name(const char *bpffs, const struct extend_request *request,
	const struct xslot_extension *extension, char ret_name[static EXTEND_NAME_MAX + 1],
	struct xslot_diag *diag)
{
	struct xslot_extension_info info = { .size = sizeof(info) };
	char path[PATH_MAX];
	int r;

	r = xslot_extension_get_info(extension, &info, diag);
	if (r == 0)
		r = check_name(request->name ? request->name : info.name, diag);
	if (r < 0)
		return r;
	snprintf(ret_name, EXTEND_NAME_MAX + 1, "%s", request->name ? request->name : info.name);
	pin_path(bpffs, ret_name, path);
	if (access(path, F_OK) == 0)
		return fail(diag, -EEXIST,
			"an extension called \"%s\" already exists: give this one another name", ret_name);
	return 0;
}

/* Live, and the caller's: it ends with the link, unless that is pinned. */
static int attach(struct xslot_extension *extension, struct xslot_link **ret_link, struct xslot_diag *diag)
{
	uint32_t id;
	int r;

	r = xslot_extension_attach(extension, &id, diag);
	return r < 0 ? r : xslot_extension_take_link(extension, id, ret_link, diag);
}

#define OBJECT_MAX (64u << 20)

/* Damaged ones are refused before they are read here. */
static int open_object(
	const struct extend_request *request, struct xslot_extension **ret_extension, struct xslot_diag *diag)
{
	const struct xslot_extension_options options = {
		.size = sizeof(options),
		.program = request->program,
		.name = request->file,
	};
	CLEANUP(blob_free) struct blob *blob = NULL;
	int r;

	r = blob_read(request->file, OBJECT_MAX, &blob, diag);
	if (r == 0)
		r = inspect_object(request->file, blob, request->program, false, diag);
	inspect_end();
	return r < 0 ? r : xslot_extension_open_memory(blob->data, blob->size, &options, ret_extension, diag);
}

int extend_fill(const char *bpffs, const struct extend_request *request, struct extend_entry *ret_entry,
	struct xslot_diag *diag)
{
	CLEANUP(xslot_extension_free) struct xslot_extension *extension = NULL;
	CLEANUP(xslot_link_close) struct xslot_link *link = NULL;
	char name[EXTEND_NAME_MAX + 1], path[PATH_MAX];
	CLEANUP(close) int target = -1;
	struct extend_entry entry;
	int r;

	r = request->name ? check_name(request->name, diag) : 0;
	if (r == 0)
		r = make_folder(bpffs, diag);
	if (r == 0)
		r = target_open(request->target, &target, diag);
	if (r == 0)
		r = open_object(request, &extension, diag);
	if (r == 0)
		r = xslot_extension_load(extension, target, request->function, diag);
	if (r == 0)
		r = choose_name(bpffs, request, extension, name, diag);
	if (r == 0)
		r = attach(extension, &link, diag);
	if (r == 0)
		r = read_entry(bpffs, name, link, &entry, diag);
	if (r < 0)
		return r;
	pin_path(bpffs, name, path);
	r = xslot_link_pin(link, path, diag);
	if (r == 0) {
		entry.since = time(NULL);
		*ret_entry = entry;
	}
	return r;
}

static int open_entry(
	const char *bpffs, const char *name, struct xslot_link **ret_link, struct xslot_diag *diag)
{
	char path[PATH_MAX];

	pin_path(bpffs, name, path);
	return xslot_link_open_pinned(path, ret_link, diag);
}

static int list_names(const char *bpffs, char ***ret_names, size_t *ret_n, struct xslot_diag *diag)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s/extend", bpffs);
	return pindir_list(folder, ret_names, ret_n, diag);
}

int extend_list(const char *bpffs, struct extend_entry **ret_entries, size_t *ret_n, struct xslot_diag *diag)
{
	struct extend_entry *entries;
	char **names = NULL;
	size_t n = 0;
	int r;

	r = pindir_check(bpffs, diag);
	if (r == 0)
		r = list_names(bpffs, &names, &n, diag);
	if (r < 0)
		return r;
	entries = calloc(n + 1, sizeof(*entries));
	if (!entries)
		memory_out();
	for (size_t i = 0; i < n; i++) {
		CLEANUP(xslot_link_close) struct xslot_link *link = NULL;
		struct xslot_diag why = {};

		if (open_entry(bpffs, names[i], &link, &why) == 0 &&
			read_entry(bpffs, names[i], link, &entries[i], &why) == 0)
			continue;
		snprintf(entries[i].name, sizeof(entries[i].name), "%s", names[i]);
		snprintf(entries[i].trouble, sizeof(entries[i].trouble), "%.255s", why.message);
		xslot_diag_clear(&why);
	}
	pindir_list_free(names, n);
	*ret_entries = entries;
	*ret_n = n;
	return 0;
}

static int no_such(const char *bpffs, const char *name, struct xslot_diag *diag)
{
	char there[512] = "none";
	struct text text = { .at = there, .size = sizeof(there) };
	char **names = NULL;
	size_t n = 0;

	if (list_names(bpffs, &names, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			text_add(&text, "%s%s", i ? ", " : "", names[i]);
	pindir_list_free(names, n);
	return fail(diag, -ENOENT, "there is no extension called \"%s\"; there are: %s", name, there);
}

int extend_detach(
	const char *bpffs, const char *name, struct extend_entry *ret_entry, struct xslot_diag *diag)
{
	CLEANUP(xslot_link_close) struct xslot_link *link = NULL;
	struct extend_entry entry = {};
	char path[PATH_MAX];
	int r;

	r = check_name(name, diag);
	if (r == 0)
		r = pindir_check(bpffs, diag);
	if (r < 0)
		return r;
	pin_path(bpffs, name, path);
	if (access(path, F_OK) < 0)
		return no_such(bpffs, name, diag);
	r = open_entry(bpffs, name, &link, diag);
	if (r == 0)
		r = read_entry(bpffs, name, link, &entry, diag);
	if (r == 0)
		r = xslot_link_unpin(link, diag); /* and the last close, ours, detaches */
	if (r == 0)
		*ret_entry = entry;
	return r;
}

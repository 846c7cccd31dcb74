/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * This is for the day when adoption fails, so it reads nothing: it only removes pins, those of interfaces
 * first, so that no packet meets a chain that is half gone. A link goes with its pin; what is attached
 * through netlink is taken off, if it is still what the pin says. The lock that a running host holds keeps
 * the two apart.
 */
#include "host/clean.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/takeoff.h"
#include "kernel/grace.h"
#include "kernel/netdev.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/diag.h"

DEFINE_CLEANUP(struct pindir *, pindir_close);
DEFINE_CLEANUP(struct grace *, grace_free);

static int detach_interfaces(const char *folder, struct xslot_diag *diag)
{
	char **names = NULL;
	size_t n = 0;
	int r = pindir_list(folder, &names, &n, diag);

	for (size_t i = 0; r == 0 && i < n; i++) {
		CLEANUP(free) char *path = NULL;

		if (asprintf(&path, "%s/%s", folder, names[i]) < 0)
			r = fail(diag, -ENOMEM, "out of memory");
		else
			r = netdev_detach_pinned(path, diag);
	}
	pindir_list_free(names, n);
	return r;
}

/* NAME, or what belongs to it: NAME@ and NAME@off, see store.h and takeoff.h. */
static bool is_wanted(const char *name, const char *only)
{
	size_t length = strcspn(name, "@");

	return !only || (strlen(only) == length && strncmp(name, only, length) == 0);
}

/* Remove ROOT/NAME/PART, or ROOT/NAME when there is no part, of every chain that is wanted. */
static int remove_parts(const char *root, char **names, size_t n, const char *only, const char *part,
	size_t *ret_n, struct xslot_diag *diag)
{
	size_t removed = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		CLEANUP(free) char *path = NULL;

		if (!is_wanted(names[i], only))
			continue;
		if (asprintf(&path, "%s/%s/%s", root, names[i], part) < 0)
			return fail(diag, -ENOMEM, "out of memory");
		if (!part[0])
			path[strlen(path) - 1] = 0;
		else
			r = detach_interfaces(path, diag);
		if (r == 0)
			r = pindir_remove(path, diag);
		removed += !takeoff_is_mark(names[i]);
	}
	*ret_n = removed;
	return r;
}

int clean_run(const char *bpffs, const char *only, size_t *ret_n, struct xslot_diag *diag)
{
	CLEANUP(pindir_close) struct pindir *pins = NULL;
	CLEANUP(grace_free) struct grace *grace = NULL;
	char **names = NULL;
	size_t n = 0, removed = 0;
	int r;

	r = pindir_open(bpffs, &pins, diag);
	if (r == 0)
		r = grace_new(&grace, diag);
	if (r == 0)
		r = pindir_list(pindir_root(pins), &names, &n, diag);
	if (r == 0)
		r = remove_parts(pindir_root(pins), names, n, only, "if", &removed, diag);
	if (r == 0 && removed > 0)
		r = grace_wait(grace, diag);
	if (r == 0)
		r = remove_parts(pindir_root(pins), names, n, only, "", &removed, diag);
	if (r == 0 && only && removed == 0)
		r = fail(diag, -ENOENT, "there is no chain \"%s\" in %s", only, pindir_root(pins));
	pindir_list_free(names, n);
	if (r == 0)
		*ret_n = removed;
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * This is for the day when adoption fails, and for the folders of dead namespaces, so it reads nothing: it
 * only removes pins, those of interfaces first, so that no packet meets a chain that is half gone. What they
 * lead to is taken off before, if it is still what the pin says: anyone may hold a link beside its pin.
 */
#include "host/kept/removal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/netdev/netdev.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

/* What store.c and tier.c make in a chain's folder. */
static const char *const parts[] = { "if", "fused_a", "fused_b", "fused_c", "fused_d", "code_a", "code_b",
	"code_c", "code_d", "slot", "inst", "manifest", "types", "counters", "state", "dispatcher" };
#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

static bool is_part(const char *name)
{
	for (size_t i = 0; i < N_PARTS; i++) {
		if (strcmp(parts[i], name) == 0)
			return true;
	}
	return false;
}

bool removal_is_off(const char *name)
{
	const char *at = strrchr(name, '@');

	return at && strcmp(at, REMOVAL_OFF) == 0;
}

static char *join(const char *folder, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		memory_out();
	return path;
}

static int is_folder(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISDIR(st.st_mode);
}

int removal_is_chain(const char *root, const char *name)
{
	CLEANUP(free) char *path = join(root, name);
	char **names = NULL;
	size_t n = 0;
	int r;

	r = is_folder(path);
	if (r != 1)
		return r;
	r = pindir_list(path, &names, &n, NULL);
	if (r < 0)
		return r;
	r = n == 0;
	for (size_t i = 0; i < n; i++)
		r |= is_part(names[i]);
	pindir_list_free(names, n);
	return r;
}

static int remove_parts(const char *folder, struct xslot_diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < N_PARTS; i++) {
		CLEANUP(free) char *path = join(folder, parts[i]);

		r = pindir_remove(path, diag);
	}
	return r;
}

int removal_forget(const char *folder, struct xslot_diag *diag)
{
	char **names = NULL;
	size_t n = 0;
	int r;

	r = remove_parts(folder, diag);
	if (r == 0)
		r = pindir_list(folder, &names, &n, diag);
	for (size_t i = 0; r == 0 && i < n; i++)
		log_warning("%s/%s was not made by xslotd: it is left alone", folder, names[i]);
	if (r == 0 && n == 0)
		r = pindir_remove(folder, diag);
	pindir_list_free(names, n);
	return r;
}

static int detach_interfaces(const char *folder, struct xslot_diag *diag)
{
	CLEANUP(free) char *path = join(folder, "if");
	char **names = NULL;
	size_t n = 0;
	int r = pindir_list(path, &names, &n, diag);

	for (size_t i = 0; r == 0 && i < n; i++) {
		CLEANUP(free) char *pin = join(path, names[i]);

		r = netdev_detach_pinned(pin, diag);
	}
	pindir_list_free(names, n);
	return r < 0 ? r : pindir_remove(path, diag);
}

/* NAME, or what belongs to it: NAME@ and NAME@off, see chain/store.h and REMOVAL_OFF. */
static bool is_wanted(const char *name, const char *only)
{
	size_t length = strcspn(name, "@");

	return !only || (strlen(only) == length && strncmp(name, only, length) == 0);
}

/* `ends`: the second time, after packets have left. */
static int remove_one(const char *root, const char *name, bool ends, size_t *n, struct xslot_diag *diag)
{
	CLEANUP(free) char *folder = join(root, name);
	bool mark = removal_is_off(name);
	int r = mark ? is_folder(folder) : removal_is_chain(root, name);

	if (r < 0)
		return fail(diag, r, "cannot look at %s: %s", folder, strerror(-r));
	if (r == 0 && ends)
		log_warning("%s was not made by xslotd: it is left alone", folder);
	if (r == 0)
		return 0;
	if (mark)
		return ends ? pindir_remove(folder, diag) : 0;
	*n += 1;
	return ends ? removal_forget(folder, diag) : detach_interfaces(folder, diag);
}

static int remove_all(
	const char *root, char **names, size_t n_names, const char *only, bool ends, struct xslot_diag *diag)
{
	size_t n = 0;

	for (size_t i = 0; i < n_names; i++) {
		int r = is_wanted(names[i], only) ? remove_one(root, names[i], ends, &n, diag) : 0;

		if (r < 0)
			return r;
	}
	return (int)n;
}

int removal_run(
	const char *root, const char *only, struct grace *grace, size_t *ret_n, struct xslot_diag *diag)
{
	char **names = NULL;
	size_t n_names = 0;
	int n = 0, r;

	r = pindir_list(root, &names, &n_names, diag);
	if (r == 0)
		r = n = remove_all(root, names, n_names, only, false, diag);
	if (n > 0)
		r = grace_wait(grace, diag);
	if (r >= 0)
		r = n = remove_all(root, names, n_names, only, true, diag);
	pindir_list_free(names, n_names);
	if (r < 0)
		return r;
	*ret_n = (size_t)n;
	return 0;
}

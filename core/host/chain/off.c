/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A chain that is off is marked by a folder of its name beside the folders of chains. The mark comes before
 * anything of the chain is removed, so that a host that is killed in between leaves a chain that stays off.
 */
#include "host/chain/off.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/kept/removal.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"

bool off_has(const struct dataplane *dataplane, const char *chain)
{
	for (size_t i = 0; i < dataplane->n_off; i++) {
		if (strcmp(dataplane->off[i], chain) == 0)
			return true;
	}
	return false;
}

static void add(struct dataplane *dataplane, const char *name, size_t length)
{
	char **more = reallocarray(dataplane->off, dataplane->n_off + 1, sizeof(*more));

	if (!more || !(more[dataplane->n_off] = strndup(name, length)))
		memory_out();
	dataplane->off = more;
	dataplane->n_off++;
}

static char *mark_of(const struct dataplane *dataplane, const char *chain)
{
	char *path;

	if (asprintf(&path, "%s/%s" REMOVAL_OFF, pindir_root(dataplane->pins), chain) < 0)
		memory_out();
	return path;
}

int off_mark(struct dataplane *dataplane, const char *chain, struct xslot_diag *diag)
{
	CLEANUP(free) char *path = mark_of(dataplane, chain);
	int r = pindir_make(path, diag);

	if (r == 0)
		add(dataplane, chain, strlen(chain));
	return r;
}

int off_read(struct dataplane *dataplane, struct xslot_diag *diag)
{
	char **names = NULL;
	size_t n = 0;
	int r = pindir_list(pindir_root(dataplane->pins), &names, &n, diag);

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (removal_is_off(names[i]))
			add(dataplane, names[i], strlen(names[i]) - strlen(REMOVAL_OFF));
	}
	pindir_list_free(names, n);
	return r;
}

int off_drop(const struct dataplane *dataplane, struct xslot_diag *diag)
{
	const char *root = pindir_root(dataplane->pins);
	char **names = NULL;
	size_t n = 0;
	int r = pindir_list(root, &names, &n, diag);

	for (size_t i = 0; r == 0 && i < n; i++) {
		CLEANUP(free) char *path = NULL;

		if (!removal_is_off(names[i]))
			continue;
		log_warning(
			"chain %.*s was OFF, and all interfaces are gone that had a chain here: its network namespace may have been another one, so it is no longer off",
			(int)(strlen(names[i]) - strlen(REMOVAL_OFF)), names[i]);
		if (asprintf(&path, "%s/%s", root, names[i]) < 0)
			memory_out();
		r = pindir_remove(path, diag);
	}
	pindir_list_free(names, n);
	return r;
}

void off_apply(const struct dataplane *dataplane, struct setup *setup)
{
	for (size_t i = 0; i < dataplane->n_off; i++)
		setup_leave_out(setup, dataplane->off[i]);
	for (size_t i = 0; i < dataplane->n_chains; i++)
		dataplane->chains[i]->off = off_has(dataplane, dataplane->chains[i]->name);
}

void off_end(struct dataplane *dataplane)
{
	for (size_t i = 0; i < dataplane->n_off; i++) {
		CLEANUP(free) char *path = mark_of(dataplane, dataplane->off[i]);
		struct xslot_diag diag = {};

		if (pindir_remove(path, &diag) < 0)
			log_warning("%s", diag.message);
		xslot_diag_clear(&diag);
		free(dataplane->off[i]);
	}
	free(dataplane->off);
	dataplane->off = NULL;
	dataplane->n_off = 0;
}

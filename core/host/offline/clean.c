/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Without a host: the lock of a running host keeps the two apart. removal.c explains how chains are removed.
 */
#include "host/offline/clean.h"

#include <errno.h>

#include "host/kept/namespace.h"
#include "host/kept/removal.h"
#include "kernel/dispatcher/grace.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/diag.h"

DEFINE_CLEANUP(struct pindir *, pindir_close);
DEFINE_CLEANUP(struct grace *, grace_free);

int clean_run(const char *bpffs, const char *only, size_t *ret_n, struct xslot_diag *diag)
{
	CLEANUP(pindir_close) struct pindir *pins = NULL;
	CLEANUP(grace_free) struct grace *grace = NULL;
	size_t removed = 0, elsewhere = 0;
	int r;

	thread_is_alone();
	r = pindir_open(bpffs, &pins, diag);
	if (r == 0)
		r = grace_new(&grace, diag);
	if (r == 0)
		r = removal_run(pindir_root(pins), only, grace, &removed, diag);
	if (r == 0 && !only)
		r = namespace_sweep(bpffs, pins, grace, &elsewhere, diag);
	if (r == 0 && only && removed == 0)
		r = fail(diag, -ENOENT, "there is no chain \"%s\" in %s", only, pindir_root(pins));
	if (r == 0)
		*ret_n = removed + elsewhere;
	return r;
}

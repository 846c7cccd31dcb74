/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "host/offline/remains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/adopt/adoption.h"
#include "host/adopt/surroundings.h"
#include "host/chain/show.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/memory.h"

DEFINE_CLEANUP(struct status *, status_free);

static int fill(const struct dataplane *dataplane, const char *only, struct status *status,
	struct xslot_diag *diag) ON_LOOP
{
	if (show_chains(dataplane->chains, dataplane->n_chains, only, status) < 0)
		return fail(
			diag, -ENOENT, "there is no chain \"%s\" in %s", only, pindir_root(dataplane->pins));
	status->off = calloc(dataplane->n_off + 1, sizeof(*status->off));
	if (!status->off)
		return fail(diag, -ENOMEM, "out of memory");
	for (size_t i = 0; i < dataplane->n_off; i++)
		status->off[status->n_off++] = memory_copy(dataplane->off[i]);
	status_reload_clear(&status->last_reload);
	return 0;
}

int remains_look(const char *bpffs, const char *only, struct status **ret_status, struct report *notes,
	struct xslot_diag *diag)
{
	CLEANUP(status_free) struct status *status = status_new();
	struct setup nothing = { .refs = 1 }; /* no files say what is wanted */
	struct dataplane dataplane = {};
	int r;

	thread_is_alone();
	if (!status)
		return fail(diag, -ENOMEM, "out of memory");
	r = pindir_look(bpffs, &dataplane.pins, diag);
	if (r == 0)
		r = adoption_look(&dataplane, &nothing, notes, diag);
	if (r == 0)
		r = fill(&dataplane, only, status, diag);
	surroundings_forget(&dataplane);
	dataplane_close(&dataplane, true);
	if (r == 0)
		*ret_status = TAKE_PTR(status);
	return r;
}

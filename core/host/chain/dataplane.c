/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* How chains end: interfaces first, then a grace period, then all the rest. */
#include "host/chain/dataplane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/chain/attachment.h"
#include "host/chain/off.h"
#include "host/chain/store.h"
#include "host/plugin/crash.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"

struct chain *dataplane_chain(const struct dataplane *dataplane, const char *name)
{
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		if (strcmp(dataplane->chains[i]->name, name) == 0)
			return dataplane->chains[i];
	}
	return NULL;
}

char *dataplane_no_chain(const struct dataplane *dataplane, const char *name)
{
	bool off = off_has(dataplane, name);
	char *text;

	if (asprintf(&text, "there is no chain \"%s\"%s", name,
		    off ? ": \"xslotctl clean\" took it off, \"xslotctl reload\" puts it back" : "") < 0)
		memory_out();
	return text;
}

void dataplane_resume_watches(struct dataplane *dataplane)
{
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		struct chain *chain = dataplane->chains[i];

		for (size_t j = 0; j < chain->n_slots; j++)
			context_resume(&chain->slots[j].occupant->context);
	}
}

#define FIRST_PAUSE_US 10000
#define LONGEST_PAUSE_US 1000000
#define LAST_TRIES 3 /* of a process that is to end */

void dataplane_wait(struct dataplane *dataplane)
{
	unsigned tries = 0, pause_us = FIRST_PAUSE_US;
	struct xslot_diag diag = {};

	while (dataplane->grace && grace_wait(dataplane->grace, &diag) < 0) {
		if (tries++ == 0)
			log_error("%s; the old programs stay, and nothing else is changed, until that works",
				diag.message);
		xslot_diag_clear(&diag);
		if (dataplane->stopping && tries >= LAST_TRIES) {
			log_error(
				"the host ends at once, without removing programs that packets may still be in; the next start removes them");
			crash_end_process();
		}
		usleep(pause_us);
		pause_us = pause_us < LONGEST_PAUSE_US / 2 ? 2 * pause_us : LONGEST_PAUSE_US;
	}
	if (tries > 0)
		log_warning("the grace period is over at last: no packet is in the old programs any more");
	xslot_diag_clear(&diag);
}

static void detach_all(struct chain *chain)
{
	for (size_t i = 0; i < chain->n_interfaces; i++)
		attachment_end(chain, &chain->interfaces[i]);
}

void dataplane_detach(struct dataplane *dataplane, struct chain **chains, size_t n)
{
	for (size_t i = 0; i < n; i++)
		detach_all(chains[i]);
	if (n > 0)
		dataplane_wait(dataplane);
}

void dataplane_forget(struct chain **chains, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		chain_stop(chains[i]);
		store_forget_chain(chains[i]);
		chain_free(chains[i]);
	}
}

void dataplane_close(struct dataplane *dataplane, bool keep)
{
	thread_is_alone(); /* the worker is gone */
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		chain_refresh(dataplane->chains[i]);
		if (keep)
			store_running(dataplane->chains[i]);
		else
			detach_all(dataplane->chains[i]);
	}
	if (!keep)
		dataplane_wait(dataplane);
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		chain_stop(dataplane->chains[i]);
		if (!keep)
			store_forget_chain(dataplane->chains[i]);
		chain_free(dataplane->chains[i]);
	}
	free(dataplane->chains);
	setup_unref(dataplane->setup);
	modules_free(dataplane->modules);
	grace_free(dataplane->grace);
	pindir_close(dataplane->pins);
	history_close(&dataplane->history);
	for (size_t i = 0; i < dataplane->n_off; i++)
		free(dataplane->off[i]);
	free(dataplane->off);
	free(dataplane->bpffs);
	*dataplane = (struct dataplane){};
}

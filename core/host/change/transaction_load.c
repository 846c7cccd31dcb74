/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The two sides that a transaction compares: the files, or the kept ones, with their plugins; and the running
 * chains.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/adopt/adoption.h"
#include "host/adopt/stand_in.h"
#include "host/adopt/surroundings.h"
#include "host/chain/off.h"
#include "host/change/transaction_private.h"
#include "host/kept/namespace.h"
#include "host/plugin/quarantine.h"
#include "kernel/pindir.h"

/* The first time: what an earlier host left in bpffs is what runs. */
static int adopt(struct transaction *transaction) ON_WORKER
{
	struct dataplane *dataplane = transaction->dataplane;
	const struct config *config = transaction->setup->config;
	struct xslot_diag diag = {};
	int r;

	if (dataplane->chains) {
		if (strcmp(dataplane->bpffs, config->host.bpffs) == 0)
			return pindir_check_same(dataplane->pins, &diag) < 0
				       ? report_take(&transaction->report, config->file, 0, &diag)
				       : 0;
		return report_add(&transaction->report, config->file, 0,
			"[host] bpffs cannot change from %s to %s while the host runs: restart xslotd",
			dataplane->bpffs, config->host.bpffs);
	}
	if (!dataplane->pins) {
		dataplane->bpffs = strdup(config->host.bpffs);
		if (!dataplane->bpffs)
			return -ENOMEM;
		r = adoption_of(dataplane, transaction->setup, &diag);
	} else { /* once more, see transaction_hold.c */
		r = adoption_run(dataplane, transaction->setup, false, &diag);
	}
	return r < 0 ? report_take(&transaction->report, config->file, 0, &diag) : 0;
}

/* The machine's files, or those that the history says. */
static int choose_files(struct transaction *transaction) ON_WORKER
{
	const struct history_ask ask = { transaction->wish, transaction->confirm };
	struct history *history = &transaction->dataplane->history;
	struct xslot_diag diag = {};
	char *file;
	int r;

	r = history_open(history, transaction->file, &diag);
	if (r == 0 && !transaction->dataplane->pins)
		history_settle_namespace(history, namespace_would_be_dead(history->host.bpffs) == 1);
	if (r == 0)
		r = history_choose(history, &ask, transaction->file, &transaction->files, &file, &diag);
	if (r < 0)
		return report_take(&transaction->report, NULL, 0, &diag);
	if (history->dir)
		quarantine_open(statedir_path(history->dir), false);
	free(transaction->file);
	transaction->file = file;
	/* Nobody is there to say it, and going back matters more. */
	transaction->allow_detach |= transaction->files->root && transaction->wish != HISTORY_PREVIOUS;
	return 0;
}

bool transaction_stand_in(struct transaction *transaction)
{
	const struct dataplane *dataplane = transaction->dataplane;

	/* A chain without interfaces is one that a crash left half made: no packet meets it. */
	for (size_t i = 0; i < dataplane->n_chains; i++)
		transaction->stands_in |= dataplane->chains[i]->n_interfaces > 0;
	return transaction->stands_in;
}

/*
 * The files ask for a plugin that is quarantined. A reload is refused for it, but at a start somebody has to
 * mind what runs in the kernel: it is adopted as it is.
 */
static int refuse_quarantined(struct transaction *transaction) ON_WORKER
{
	struct dataplane *dataplane = transaction->dataplane;

	if (dataplane->chains ||
		history_place(&dataplane->history, transaction->files, transaction->setup->config,
			&transaction->report) < 0 ||
		adopt(transaction) < 0)
		return -EINVAL;
	transaction_stand_in(transaction);
	return -EINVAL;
}

/* What is wanted: what the files say. */
int transaction_load(struct transaction *transaction, bool only_check)
{
	struct dataplane *dataplane = transaction->dataplane;
	int r;

	if (transaction->interfaces_only) {
		transaction->setup =
			dataplane->setup ? setup_ref(dataplane->setup) : stand_in_setup(dataplane);
		return 0;
	}
	r = only_check ? 0 : choose_files(transaction);
	if (r < 0)
		return r;
	r = setup_load(transaction->files, transaction->file, NULL, dataplane->modules, &transaction->setup,
		&transaction->report);
	if (r == -EOWNERDEAD && !only_check)
		return refuse_quarantined(transaction);
	if (r == 0 && !only_check)
		r = history_place(&dataplane->history, transaction->files, transaction->setup->config,
			&transaction->report);
	if (r == 0 && !only_check && transaction->wish == HISTORY_FILES && !transaction->confirm &&
		!transaction->dry_run)
		history_read(
			&dataplane->history, transaction->files, transaction->file, transaction->allow_bare);
	if (r < 0)
		return r;
	return only_check ? surroundings_look(
				    dataplane, transaction->setup, &transaction->beside, &transaction->report)
			  : adopt(transaction);
}

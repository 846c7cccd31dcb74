/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A start can ask no one. Files that would remove the firewall are more likely lost than intended, and a
 * mixture of them and the previous configuration is one that no one ever reviewed. So the whole configuration
 * that was accepted last stays, including plugins and files of parameters, and the operator is told how to
 * apply the files.
 *
 * What was adopted by then knows only the plugins of the files. It is released, as if the host died, and
 * adopted again: then slots whose content equals the kept one stay untouched.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/change/transaction_private.h"
#include "host/review/consent.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"

DEFINE_CLEANUP(struct config *, config_free);

/* The chains of `kept` of which the files do not say that they are to go. Caller frees. */
static char *list_lost(const struct config *kept, const struct config *config)
{
	char *text = NULL;
	size_t size = 0, n = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		memory_out();
	for (size_t i = 0; i < kept->n_chains; i++) {
		const struct config_chain *chain = &kept->chains[i];
		bool lost = false;

		for (size_t k = 0; k < chain->n_interfaces; k++)
			lost |= !config_says_detach(config, chain->name, chain->interfaces[k].name);
		if (lost)
			fprintf(out, "%s%s", n++ ? ", " : "", chain->name);
	}
	if (fclose(out) != 0)
		memory_out();
	return text;
}

/* Nothing runs, after a reboot or a stop that took everything off, and nothing would. */
static void look_for_chains(struct transaction *transaction, const struct config *kept)
{
	const struct config *config = transaction->setup->config;
	CLEANUP(free) char *lost = NULL;

	if (config->n_chains > 0 || transaction->held.n_errors > 0 ||
		!history_has_current(&transaction->dataplane->history))
		return;
	/* Without an answer to what there was, it counts as something. */
	lost = kept ? list_lost(kept, config) : strdup("chains that cannot be read");
	if (!lost)
		memory_out();
	if (*lost)
		report_add(&transaction->held, config->file, 0,
			"there is no chain in the files, and the last configuration had %s. If that is intended, use \"xslotctl reload --allow-bare\", or write a section [chain NAME] with \"detach = yes\" for each",
			lost);
}

bool transaction_would_bare(struct transaction *transaction)
{
	CLEANUP(config_free) struct config *kept = NULL;
	struct consent consent = {
		.setup = transaction->setup,
		.view = transaction->view,
		.plan = transaction->plan,
	};

	if (transaction->wish != HISTORY_START || transaction->files->root ||
		transaction->dataplane->history.requested_bare)
		return false;
	kept = history_kept(&transaction->dataplane->history);
	consent.running = kept;
	consent_to_bare(&consent, &transaction->held);
	look_for_chains(transaction, kept);
	/* What was accepted, and not carried out to its end: there is nothing else to go on with. */
	if (transaction->held.n_errors > 0 &&
		history_is_current(&transaction->dataplane->history, transaction->files))
		report_clear(&transaction->held);
	return transaction->held.n_errors > 0;
}

static void let_go(struct transaction *transaction) ON_WORKER
{
	struct dataplane *dataplane = transaction->dataplane;

	for (size_t i = 0; i < dataplane->n_chains; i++)
		chain_free(dataplane->chains[i]);
	free(TAKE_PTR(dataplane->chains));
	dataplane->n_chains = 0;
	plan_free(TAKE_PTR(transaction->plan));
	view_free(TAKE_PTR(transaction->view));
	setup_unref(TAKE_PTR(transaction->setup));
	files_free(TAKE_PTR(transaction->files));
	lines_clear(&transaction->lines);
}

int transaction_hold(struct transaction *transaction)
{
	struct history *history = &transaction->dataplane->history;

	if (history_hold(history, HOLD_BARE) < 0) {
		/* These are the reasons why it is refused, then. */
		transaction->report = transaction->held;
		transaction->held = (struct report){};
		transaction_stand_in(transaction);
		return -EINVAL;
	}
	for (size_t i = 0; i < transaction->held.n_kept; i++) {
		CLEANUP(free) char *text = report_format(&transaction->held.errors[i]);

		log_error("%s", text);
		history_give_reason(history, text);
	}
	let_go(transaction);
	return 0;
}

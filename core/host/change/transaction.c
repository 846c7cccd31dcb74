/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * All chains are prepared before the first store; after it only stores and link updates remain. A transaction
 * owns everything that it made until that is adopted, so a rollback is the same work at every point.
 */
#include "host/change/transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/adopt/leftover.h"
#include "host/adopt/stand_in.h"
#include "host/chain/lost.h"
#include "host/chain/off.h"
#include "host/chain/store.h"
#include "host/change/describe.h"
#include "host/change/transaction_private.h"
#include "host/review/consent.h"
#include "host/review/refuse.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"

struct transaction *transaction_new(struct dataplane *dataplane, const struct transaction_options *options)
{
	struct transaction *transaction = memory_must(calloc(1, sizeof(*transaction)));

	transaction->dataplane = dataplane;
	transaction->allow_detach = options->allow_detach;
	transaction->allow_bare = options->allow_bare;
	transaction->wish = options->wish;
	transaction->confirm = options->confirm;
	transaction->put_back = options->put_back;
	transaction->dry_run = options->dry_run;
	transaction->interfaces_only = options->interfaces_only;
	transaction->reports = dataplane->reports;
	transaction->file = memory_copy(options->file);
	return transaction;
}

void transaction_free(struct transaction *transaction)
{
	if (!transaction)
		return;
	history_done(&transaction->dataplane->history);
	free(transaction->changes);
	plan_free(transaction->plan);
	view_free(transaction->view);
	setup_unref(transaction->setup);
	setup_unref(transaction->previous);
	files_free(transaction->files);
	lines_clear(&transaction->lines);
	report_clear(&transaction->report);
	report_clear(&transaction->held);
	free(transaction->removed);
	free(transaction->file);
	free(transaction);
}

/* How that differs from what runs. */
static int make_plan(struct transaction *transaction, bool only_check) ON_WORKER
{
	struct dataplane *dataplane = transaction->dataplane;
	struct xslot_diag diag = {};
	int r = transaction_load(transaction, only_check), looked;
	const struct view_seen seen = { dataplane->chains, dataplane->n_chains, transaction->reports };

	looked = view_look(&seen,
		only_check || transaction->dry_run ? VIEW_ONLY
		: transaction->interfaces_only	   ? VIEW_UNASKED
						   : VIEW_ASKED,
		&diag);
	if (r < 0)
		return r;
	if (!transaction->put_back && !transaction->beside)
		off_apply(dataplane, transaction->setup);
	r = looked;
	if (r == 0)
		r = view_new(
			&seen, transaction->setup, transaction->interfaces_only, &transaction->view, &diag);
	if (r < 0)
		return diag.message[0] ? report_take(&transaction->report, transaction->file, 0, &diag) : r;
	r = plan_new(transaction->view->running, dataplane->n_chains, transaction->view->wanted,
		transaction->setup->n_chains, view_same, &transaction->plan);
	if (r < 0)
		return r;
	if (transaction->interfaces_only) /* describe_unasked() tells of those */
		return 0;
	transaction->lines.beside = transaction->beside;
	describe_fuse(dataplane->setup, transaction->setup, transaction->plan, &transaction->lines);
	return describe_plan(dataplane->chains, transaction->setup, transaction->plan, &transaction->lines);
}

/* Going back because nobody confirmed was promised, whatever it takes off; for a start see
 * transaction_hold.c. */
static bool may_bare(const struct transaction *transaction)
{
	return transaction->allow_bare || transaction->interfaces_only ||
	       transaction->wish == HISTORY_START || transaction->wish == HISTORY_REVERT;
}

static int refuse_bared(struct transaction *transaction)
{
	const struct setup *running = transaction->dataplane->setup;
	const struct consent consent = {
		.running = running ? running->config : NULL,
		.setup = transaction->setup,
		.view = transaction->view,
		.plan = transaction->plan,
		.rollback = transaction->wish == HISTORY_PREVIOUS,
	};

	return may_bare(transaction) ? 0 : consent_to_bare(&consent, &transaction->report);
}

/* Begin a change for every chain that is not as it should be. */
static int begin_changes(struct transaction *transaction, const char *root, bool with_dispatcher) ON_WORKER
{
	const struct change_options options = {
		.setup = transaction->setup,
		.running = transaction->dataplane->chains,
		.root = root,
		.with_dispatcher = with_dispatcher,
		.lenient = transaction->interfaces_only,
	};
	int result = 0;

	transaction->n_changes = transaction->plan->n_chains;
	transaction->changes = calloc(transaction->n_changes + 1, sizeof(*transaction->changes));
	if (!transaction->changes)
		return -ENOMEM;
	for (size_t i = 0; i < transaction->n_changes && !transaction->report.no_descriptors; i++) {
		if (transaction->plan->chains[i].unchanged)
			continue;
		if (change_begin(&transaction->changes[i], &options, &transaction->setup->chains[i],
			    &transaction->plan->chains[i], &transaction->report) < 0)
			result = -EINVAL;
	}
	return result;
}

/*
 * Links to interfaces that are gone from here. Where they went our program has no business; and one that came
 * back under another index must be bare, to be attached to.
 */
static void strip_lost(const struct dataplane *dataplane, const struct view *view)
{
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		const struct chain *chain = dataplane->chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++) {
			if (chain->interfaces[j].netdev && view->running[i].interfaces[j].stale)
				lost_strip(chain, &chain->interfaces[j]);
		}
	}
}

/* Do one phase for all changes, so that every chain's errors are found. */
static int each_change(struct transaction *transaction, int (*phase)(struct change *, struct report *))
{
	int result = 0;

	for (size_t i = 0; i < transaction->n_changes && !transaction->report.no_descriptors; i++) {
		if (transaction->changes[i].step && phase(&transaction->changes[i], &transaction->report) < 0)
			result = -EINVAL;
	}
	return result;
}

/* A failure that put nothing into the report (memory) still needs words. */
static int explain(struct transaction *transaction, int r)
{
	if (r < 0 && transaction->report.n_errors == 0)
		report_add(&transaction->report, transaction->file, 0, "cannot reload: %s", strerror(-r));
	return r;
}

static int prepare_changes(struct transaction *transaction) ON_WORKER
{
	int r = refuse_plan(transaction->view, transaction->plan, transaction->setup,
		transaction->allow_detach, transaction->interfaces_only, &transaction->report);

	r |= refuse_bared(transaction);
	strip_lost(transaction->dataplane, transaction->view);
	if (r == 0)
		r = begin_changes(transaction, pindir_root(transaction->dataplane->pins), true);
	if (r == 0)
		r = each_change(transaction, change_check);
	if (r == 0)
		r = each_change(transaction, change_load);
	if (r == 0)
		r = each_change(transaction, change_place);
	if (r == 0)
		r = each_change(transaction, change_attach);
	for (size_t i = 0; r == 0 && transaction->interfaces_only && i < transaction->n_changes; i++) {
		if (transaction->changes[i].step)
			describe_unasked(&transaction->changes[i], transaction->dataplane->chains);
	}
	return r;
}

/* A start is not refused for it: it goes on with what is kept, see transaction_hold.c. */
static void warn_bared(struct transaction *transaction)
{
	struct report report = transaction->report;

	transaction->report = (struct report){};
	refuse_bared(transaction);
	for (size_t i = 0; i < transaction->report.n_kept; i++)
		report_warn(&report, transaction->report.errors[i].file, transaction->report.errors[i].line,
			"a start would not run these files, but the kept configuration: %s",
			transaction->report.errors[i].message);
	report_clear(&transaction->report);
	transaction->report = report;
}

/* All that is found out without making anything that outlives this. */
static int try_changes(struct transaction *transaction, bool with_dispatcher, bool at_start) ON_WORKER
{
	int r = refuse_plan(transaction->view, transaction->plan, transaction->setup,
		transaction->allow_detach, false, &transaction->report);

	if (at_start)
		warn_bared(transaction);
	else
		r |= refuse_bared(transaction);
	if (r == 0)
		r = begin_changes(transaction, NULL, with_dispatcher);
	if (r == 0)
		r = each_change(transaction, change_try);
	if (r == 0)
		r = each_change(transaction, change_check);
	if (r == 0)
		r = each_change(transaction, change_load);
	return r;
}

static int keep(struct transaction *transaction) ON_WORKER
{
	const struct history_ask ask = { transaction->wish, transaction->confirm };
	struct xslot_diag diag = {};

	if (history_keep(&transaction->dataplane->history, &ask, transaction->files, transaction->file,
		    transaction->plan->unchanged, &diag) < 0)
		return report_take(&transaction->report, NULL, 0, &diag);
	return 0;
}

/* What was wrong was not in the machine's files, though it bears their names. */
static void explain_kept(struct transaction *transaction)
{
	const char *root = transaction->files->root;

	if (transaction->wish == HISTORY_START)
		report_add(&transaction->report, NULL, 0,
			"this is about the copies kept in %s; to start with the files instead, remove %s/record",
			root, transaction->dataplane->history.host.state);
	else
		report_add(&transaction->report, NULL, 0, "this is about the copies kept in %s", root);
}

/*
 * Between changes. A pin that stays holds an instance with all of its maps; and a link keeps a stub filled,
 * which the next change may need.
 */
static void tidy(const struct dataplane *dataplane)
{
	if (dataplane->pins && store_was_untidy())
		leftover_again(dataplane->chains, dataplane->n_chains);
}

int transaction_prepare(struct transaction *transaction)
{
	int r;

	tidy(transaction->dataplane);
	r = make_plan(transaction, false);
	if (r == 0 && transaction_would_bare(transaction)) {
		r = transaction_hold(transaction);
		if (r == 0)
			r = make_plan(transaction, false);
	}
	if (r == 0 && !transaction->plan->unchanged)
		r = transaction->dry_run ? try_changes(transaction, true, false)
					 : prepare_changes(transaction);
	if (r == 0 && !transaction->interfaces_only && !transaction->dry_run)
		r = keep(transaction);
	if (r < 0 && transaction->files && transaction->files->root)
		explain_kept(transaction);
	return explain(transaction, r);
}

int transaction_check(struct transaction *transaction, bool freplace, bool *ret_reload)
{
	int r = make_plan(transaction, true);

	if (r == 0)
		r = try_changes(transaction, freplace, !transaction->beside);
	*ret_reload = transaction->beside;
	return explain(transaction, r);
}

static int write_all(struct transaction *transaction) ON_LOOP
{
	for (size_t i = 0; i < transaction->n_changes; i++) {
		if (transaction->changes[i].step &&
			change_write(&transaction->changes[i], &transaction->report) < 0)
			return -EINVAL;
	}
	return 0;
}

static void swap_all(struct transaction *transaction) ON_LOOP
{
	for (size_t i = 0; i < transaction->n_changes; i++) {
		if (transaction->changes[i].step)
			change_swap(&transaction->changes[i]);
	}
	transaction->stored = true;
}

/* Interfaces that come from another dispatcher; when one refuses, everything is stored back. */
static int update_all(struct transaction *transaction) ON_LOOP
{
	struct chain **running = transaction->dataplane->chains;

	for (size_t i = 0; i < transaction->n_changes; i++) {
		if (!transaction->changes[i].step ||
			change_update(&transaction->changes[i], running, &transaction->report) == 0)
			continue;
		while (i-- > 0) {
			if (transaction->changes[i].step)
				change_update_back(&transaction->changes[i], running);
		}
		swap_all(transaction);
		return -EINVAL;
	}
	return 0;
}

/* What plugins asked to watch, in start and live, or in resume when they were adopted. */
static void activate(const struct chain *chain, sd_event *event) ON_LOOP
{
	for (size_t i = 0; i < chain->n_slots; i++) {
		struct occupant *occupant = chain->slots[i].occupant;
		int r = context_activate(&occupant->context, event);

		if (r < 0)
			log_error("%s: cannot add the watches of plugin %s: %s", occupant->name,
				occupant->plugin->name, strerror(-r));
	}
}

/* The dataplane's list of chains becomes the wanted one; what is in no change goes on or is removed. */
static void adopt_list(struct transaction *transaction, struct chain **chains)
{
	struct dataplane *dataplane = transaction->dataplane;

	for (size_t i = 0; i < transaction->n_changes; i++)
		chains[i] = transaction->changes[i].step
				    ? transaction->changes[i].chain
				    : dataplane->chains[transaction->plan->chains[i].from];
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		if (transaction->plan->removed[i])
			transaction->removed[transaction->n_removed++] = dataplane->chains[i];
	}
	free(dataplane->chains);
	dataplane->chains = chains;
	dataplane->n_chains = transaction->n_changes;
}

int transaction_commit(struct transaction *transaction, sd_event *event)
{
	struct dataplane *dataplane = transaction->dataplane;
	CLEANUP(free) struct chain **chains = calloc(transaction->n_changes + 1, sizeof(*chains));
	int r;

	transaction->removed = calloc(dataplane->n_chains + 1, sizeof(*transaction->removed));
	if (!chains || !transaction->removed)
		return explain(transaction, -ENOMEM);
	r = write_all(transaction);
	if (r < 0)
		return r;
	swap_all(transaction);
	r = update_all(transaction);
	if (r < 0)
		return r;
	if (transaction->put_back)
		off_end(dataplane);
	for (size_t i = 0; i < transaction->n_changes; i++) {
		if (transaction->changes[i].step)
			change_take_interfaces(&transaction->changes[i], dataplane->chains);
	}
	for (size_t i = 0; i < transaction->n_changes; i++) {
		if (!transaction->changes[i].step)
			continue;
		describe_taken(&transaction->changes[i], &transaction->lines);
		change_commit(&transaction->changes[i]);
	}
	adopt_list(transaction, TAKE_PTR(chains));
	for (size_t i = 0; i < transaction->n_changes; i++) {
		if (transaction->changes[i].step)
			store_show_slots(transaction->changes[i].chain);
	}
	for (size_t i = 0; i < dataplane->n_chains; i++)
		activate(dataplane->chains[i], event);
	if (!transaction->interfaces_only) {
		transaction->previous = dataplane->setup;
		dataplane->setup = setup_ref(transaction->setup);
	}
	return 0;
}

void transaction_conclude(struct transaction *transaction, sd_event *event)
{
	struct dataplane *dataplane = transaction->dataplane;

	for (size_t i = 0; i < dataplane->n_chains; i++)
		activate(dataplane->chains[i], event);
	if (transaction->stands_in) {
		stand_in_expect(dataplane, transaction->setup);
		return;
	}
	if (transaction->put_back) /* what the files have no more */
		off_end(dataplane);
	if (!dataplane->setup && !transaction->interfaces_only)
		dataplane->setup = setup_ref(transaction->setup);
}

void transaction_rollback(struct transaction *transaction)
{
	if (transaction->stored)
		dataplane_wait(transaction->dataplane);
	for (size_t i = 0; i < transaction->n_changes; i++)
		change_rollback(&transaction->changes[i]);
	tidy(transaction->dataplane);
	history_undo(&transaction->dataplane->history);
}

void transaction_settle(struct transaction *transaction)
{
	if (transaction->dataplane->history.behind)
		keep(transaction);
	dataplane_wait(transaction->dataplane);
	for (size_t i = 0; i < transaction->n_changes; i++) {
		if (transaction->changes[i].step)
			change_settle(&transaction->changes[i]);
	}
}

void transaction_retire(struct transaction *transaction)
{
	for (size_t i = 0; i < transaction->n_changes; i++) {
		if (transaction->changes[i].step)
			change_retire(&transaction->changes[i]);
	}
	for (size_t i = 0; i < transaction->n_removed; i++) {
		struct chain *chain = transaction->removed[i];

		for (size_t j = 0; j < chain->n_slots; j++)
			context_deactivate(&chain->slots[j].occupant->context);
	}
}

/* Renamed chains, and those that had to stand beside their predecessor, get the folder of their name. */
static void name_folders(struct transaction *transaction)
{
	const struct dataplane *dataplane = transaction->dataplane;

	for (size_t i = 0; i < dataplane->n_chains; i++) {
		struct xslot_diag diag = {};

		if (chain_is_namesake(dataplane->chains[i]))
			continue;
		if (store_name_folder(dataplane->chains[i], pindir_root(dataplane->pins),
			    transaction->removed, transaction->n_removed, &diag) < 0)
			log_warning("%s", diag.message);
		xslot_diag_clear(&diag);
	}
}

void transaction_release(struct transaction *transaction)
{
	for (size_t i = 0; i < transaction->n_changes; i++) {
		if (transaction->changes[i].step)
			change_release(&transaction->changes[i]);
	}
	dataplane_detach(transaction->dataplane, transaction->removed, transaction->n_removed);
	name_folders(transaction);
	dataplane_forget(transaction->removed, transaction->n_removed);
	transaction->n_removed = 0;
	tidy(transaction->dataplane);
	for (size_t i = 0; i < transaction->n_changes; i++) {
		if (transaction->changes[i].step)
			change_live(&transaction->changes[i]);
	}
}

void transaction_activate(struct transaction *transaction, sd_event *event)
{
	for (size_t i = 0; i < transaction->dataplane->n_chains; i++)
		activate(transaction->dataplane->chains[i], event);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The record is written before the store that makes it true, so whatever was asked for is finished by the
 * next start when the host is killed in between: a rollback by the hold that the record has then, a trial by
 * going back. A trial needs no clock on disk for that: the host that could have heard of the confirmation is
 * gone, so whoever starts goes back, after a reboot too; and one that is still being prepared has the running
 * configuration held, lest a plugin that crashes there be tried unasked.
 *
 * A reload of the files is finished by reading them, whatever the record says. So it need not wait for the
 * disk, which on a busy machine takes longer than all else: packets first, then the copy. Whoever starts in
 * the place of a host that died between the two keeps what the files say; what the record calls current ran
 * before that, and so becomes the previous one.
 *
 * A full disk must not keep an operator from changing a rule. So a reload that cannot be kept goes on with a
 * warning, and so does a rollback; only what is worth nothing without the record is refused.
 */
#include "host/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/namespace.h"
#include "kernel/ask.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

int history_open(struct history *history, const char *file, struct xslot_diag *diag)
{
	struct xslot_diag why = {};
	int r;

	if (history->opened)
		return 0;
	history->host_known = config_load_host(file, &history->host) == 0;
	if (!history->host.state)
		return fail(diag, -ENOMEM, "out of memory");
	history->opened = true;
	r = statedir_open(history->host.state, &history->dir, &why);
	if (r == -EBUSY && !history->host_known) /* maybe not our folder: the files' errors say more */
		r = 0;
	else if (r == -EBUSY || ask_is_shortage(r)) /* what is to be held or returned to is not known */
		fail(diag, r, "%s", why.message);
	else if (r < 0)
		log_error("%s; the host runs without it: \"xslotctl rollback\" and \"reload --confirm\" "
			  "cannot be had",
			why.message);
	if (!history->dir)
		history->why = strdup(why.message);
	xslot_diag_clear(&why);
	return r == -EBUSY || ask_is_shortage(r) ? r : 0;
}

/* A new namespace's host was never told to hold anything. */
static int drop_hold(struct history *history, bool may_be_another, struct xslot_diag *diag)
{
	struct statedir_record record = *statedir_record(history->dir);
	const char *state = statedir_path(history->dir);
	int r = namespace_of_state_is_another(state);

	if (r < 0)
		log_error(
			"cannot see in which network namespace %s was written: %s; it is taken for this one",
			state, strerror(-r));
	if (record.hold && (r == 1 || may_be_another)) {
		log_warning("the configuration kept in %s was HELD in a network namespace that is gone: this "
			    "one's "
			    "host applies the files",
			state);
		record.hold = HOLD_NONE;
		r = statedir_set(history->dir, &record, diag);
		if (r < 0)
			return r;
	}
	return namespace_mark_state(state, diag);
}

void history_settle_namespace(struct history *history, bool may_be_another)
{
	struct xslot_diag diag = {};

	if (history->dir && drop_hold(history, may_be_another, &diag) < 0)
		log_warning(
			"%s; the next start may take another network namespace for this one", diag.message);
	xslot_diag_clear(&diag);
}

void history_close(struct history *history)
{
	statedir_close(history->dir);
	if (history->opened)
		config_host_deinit(&history->host);
	free(history->why);
	*history = (struct history){};
}

/* NULL: the files. */
static const struct statedir_snapshot *wanted(const struct statedir_record *record, enum history_wish wish)
{
	if (wish == HISTORY_PREVIOUS || wish == HISTORY_REVERT || (wish == HISTORY_START && record->trial))
		return &record->previous;
	return wish == HISTORY_START && record->hold ? &record->current : NULL;
}

/* Until the trial is on record itself. */
static int hold_before_trial(struct history *history, struct xslot_diag *diag)
{
	struct statedir_record record;

	if (!history->dir)
		return fail(
			diag, -ENOENT, "nothing could be returned to when nobody confirms: %s", history->why);
	record = history->before;
	if (!record.current.number)
		return fail(diag, -ENOENT,
			"nothing could be returned to when nobody confirms: what runs is not kept in %s",
			statedir_path(history->dir));
	record.hold = HOLD_UNCONFIRMED;
	history->changed = true;
	return statedir_set(history->dir, &record, diag);
}

int history_choose(struct history *history, enum history_wish wish, const char *file, bool confirm,
	struct files **ret_files, char **ret_file, struct xslot_diag *diag)
{
	const struct statedir_snapshot *snapshot;
	CLEANUP(free) char *root = NULL;
	int r;

	history->changed = history->behind = false;
	if (history->dir)
		history->before = *statedir_record(history->dir);
	if (wish >= HISTORY_PREVIOUS && !history->dir)
		return fail(diag, -ENOENT, "there is no previous configuration: %s",
			history->why ? history->why : "the state folder is not open");
	snapshot = history->dir ? wanted(statedir_record(history->dir), wish) : NULL;
	if (snapshot && !snapshot->number)
		return fail(diag, -ENOENT,
			"there is no previous configuration in %s: the host has run one only",
			statedir_path(history->dir));
	if (snapshot)
		root = statedir_root(history->dir, snapshot->number);
	if (wish == HISTORY_START && snapshot && statedir_record(history->dir)->trial)
		log_error("nobody confirmed the last configuration before the host ended: going back to the "
			  "one before, kept in %s",
			root);
	r = confirm ? hold_before_trial(history, diag) : 0;
	if (r < 0)
		return r;
	*ret_file = strdup(snapshot ? snapshot->file : file);
	if (!*ret_file)
		return fail(diag, -ENOMEM, "out of memory");
	*ret_files = files_new(root);
	if (*ret_files)
		return 0;
	free(TAKE_PTR(*ret_file));
	return fail(diag, -ENOMEM, "out of memory");
}

static void replace(char **text, const char *with)
{
	char *copy = strdup(with);

	if (!copy)
		memory_out();
	free(*text);
	*text = copy;
}

int history_place(const struct history *history, const struct files *files, struct config *config,
	struct report *report)
{
	const struct config_place *place = &config->host.state_place;

	if (!history->host_known)
		return 0;
	if (!files->root && strcmp(config->host.state, history->host.state) != 0)
		return report_add(report, place->file ? place->file : config->file, place->line,
			"[host] state cannot change from %s to %s while the host runs; restart xslotd for "
			"that",
			history->host.state, config->host.state);
	if (!files->root)
		return 0;
	replace(&config->host.socket, history->host.socket);
	replace(&config->host.bpffs, history->host.bpffs);
	replace(&config->host.state, history->host.state);
	return 0;
}

/* What was read from the files, as `record->current`; `another` dataplane than the one that it had. */
static int keep_files(struct history *history, const struct files *files, const char *file, bool another,
	struct statedir_record *record, struct xslot_diag *diag)
{
	const struct statedir_record *before = &history->before;
	struct statedir_snapshot snapshot;
	int r;

	record->hold = HOLD_NONE;
	if (statedir_same(history->dir, before->current.number, files))
		return 0;
	if (statedir_same(history->dir, before->previous.number, files)) {
		record->current = before->previous;
		record->previous = before->current;
		return 0;
	}
	r = statedir_save(history->dir, files, file, &snapshot, diag);
	if (r < 0)
		return r;
	/* The same dataplane in other words takes the place of what it says again. */
	if (another && before->current.number)
		record->previous = before->current;
	record->current = snapshot;
	return 0;
}

static void swap(struct statedir_record *record, enum statedir_hold hold)
{
	struct statedir_snapshot current = record->current;

	record->current = record->previous;
	record->previous = current;
	record->hold = hold;
	record->trial = false;
}

/* Nothing of what will run is kept: what is kept of the one before can still be returned to. */
static void go_on_unsaved(struct history *history, struct xslot_diag *diag)
{
	struct statedir_record record = {};

	log_warning(
		"%s; the configuration runs all the same, but \"xslotctl rollback\" will not return to it",
		diag->message);
	xslot_diag_clear(diag);
	record.previous = history->before.current.number ? history->before.current : history->before.previous;
	history->changed = true;
	statedir_set(history->dir, &record, NULL);
}

static int write_record(
	struct history *history, const struct statedir_record *record, bool must, struct xslot_diag *diag)
{
	int r = statedir_set(history->dir, record, diag);

	history->changed = true;
	if (r == 0 || must)
		return r;
	log_error("%s; the change is made all the same, but a restart will not know of it", diag->message);
	xslot_diag_clear(diag);
	return 0;
}

/* A restart would do the same without the record. */
static bool packets_first(const struct history *history, enum history_wish wish, bool confirm)
{
	return wish == HISTORY_FILES && !confirm && !history->before.hold && !history->before.trial;
}

int history_keep(struct history *history, enum history_wish wish, const struct files *files, const char *file,
	bool unchanged, bool confirm, struct xslot_diag *diag)
{
	struct statedir_record record = history->before;
	bool must = confirm || record.hold;
	int r;

	if (!history->dir)
		return 0;
	history->behind = !history->behind && !unchanged && packets_first(history, wish, confirm);
	if (history->behind)
		return 0;
	if (wish == HISTORY_PREVIOUS || wish == HISTORY_REVERT || (wish == HISTORY_START && record.trial)) {
		swap(&record, wish == HISTORY_PREVIOUS ? HOLD_ROLLBACK : HOLD_UNCONFIRMED);
		record.trial = confirm && !unchanged;
		return write_record(history, &record, confirm, diag);
	}
	if (files->root)
		return 0;
	/* A start may come after a host that died before it kept what runs. */
	r = keep_files(history, files, file, !unchanged || wish == HISTORY_START, &record, diag);
	if (r < 0 && must)
		return r;
	if (r < 0) {
		go_on_unsaved(history, diag);
		return 0;
	}
	record.trial = confirm && !unchanged && record.current.number != history->before.current.number;
	if (memcmp(&record, statedir_record(history->dir), sizeof(record)) == 0)
		return 0;
	return write_record(history, &record, must, diag);
}

void history_undo(struct history *history)
{
	struct xslot_diag diag = {};

	if (history->changed && statedir_set(history->dir, &history->before, &diag) < 0)
		log_error("%s; a restart will try again what was refused now", diag.message);
	xslot_diag_clear(&diag);
	history->changed = history->behind = false;
	if (history->dir)
		statedir_sweep(history->dir);
}

void history_done(struct history *history)
{
	if (history->changed)
		statedir_sweep(history->dir);
	history->changed = false;
}

int history_confirm(struct history *history, struct xslot_diag *diag)
{
	struct statedir_record record = *statedir_record(history->dir);

	record.trial = false;
	return statedir_set(history->dir, &record, diag);
}

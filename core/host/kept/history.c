/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The record is written before the store that makes it true, so if the host is killed in between, the next
 * start completes what was requested: a rollback because the record holds its configuration, a trial by going
 * back. A trial needs no time on disk for that: the host that could have received the confirmation is gone,
 * so any start goes back, also after a reboot. While a trial is prepared, the running configuration is held,
 * so that a plugin that crashes the host there is not tried again unasked.
 *
 * A reload of the files is completed by reading them, whatever the record says. So it need not wait for the
 * disk, which on a busy machine takes longer than everything else: packets first, then the copy. If a host
 * dies between the two, the next one keeps what the files say; the configuration that the record calls
 * current ran before that, and so becomes the previous one.
 *
 * A full disk must not keep an operator from changing a rule. So a reload that cannot be kept continues with
 * a warning. So do a rollback and the end of a hold, though the next start may not know of them; only a
 * trial, which is worth nothing without the record, is refused.
 *
 * Edits that nobody reloaded must not become live because a host crashed. So a start after a host that did
 * not stop by itself runs the configuration that was accepted last, unless a reload of these very files was
 * under way: see session.h.
 */
#include "host/kept/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/kept/differ.h"
#include "host/kept/namespace.h"
#include "host/kept/session.h"
#include "kernel/ask.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

DEFINE_CLEANUP(struct files *, files_free);

/* NULL: all is well. */
static void set_trouble(struct history *history, const char *why)
{
	free(history->why);
	history->why = why ? memory_copy(why) : NULL;
}

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
		log_error(
			"%s; the host runs without it, but \"xslotctl rollback\" and \"reload --confirm\" do not work",
			why.message);
	if (!history->dir)
		set_trouble(history, why.message);
	xslot_diag_clear(&why);
	return r == -EBUSY || ask_is_shortage(r) ? r : 0;
}

/* A new namespace's host was never told to hold anything. */
static int drop_hold(struct history *history, bool may_be_another, struct xslot_diag *diag) ON_WORKER
{
	struct statedir_record record = *statedir_record(history->dir);
	const char *state = statedir_path(history->dir);
	int r = namespace_of_state_is_another(state);

	if (r < 0)
		log_error("cannot see in which network namespace %s was written: %s; assuming this one",
			state, strerror(-r));
	if (record.hold && (r == 1 || may_be_another)) {
		log_warning(
			"the configuration kept in %s was HELD in a network namespace that is gone: the files apply in this one",
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
		log_warning("%s; the next start may mistake another network namespace for this one",
			diag.message);
	xslot_diag_clear(&diag);
}

static void history_clear_reasons(struct history *history)
{
	for (size_t i = 0; i < history->n_reasons; i++)
		free(history->reasons[i]);
	free(TAKE_PTR(history->reasons));
	history->n_reasons = 0;
}

void history_give_reason(struct history *history, const char *sentence)
{
	char **more = reallocarray(history->reasons, history->n_reasons + 1, sizeof(*more));

	if (!more || !(more[history->n_reasons] = strdup(sentence)))
		memory_out();
	history->reasons = more;
	history->n_reasons++;
}

void history_close(struct history *history)
{
	if (history->marked)
		session_end(statedir_path(history->dir));
	statedir_close(history->dir);
	if (history->opened)
		config_host_deinit(&history->host);
	free(history->why);
	history_clear_reasons(history);
	free(history->description);
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
static int hold_before_trial(struct history *history, struct xslot_diag *diag) ON_WORKER
{
	struct statedir_record record;

	if (!history->dir)
		return fail(diag, -ENOENT, "there would be nothing to return to if nobody confirms: %s",
			history->why);
	record = history->before;
	if (!record.current.number)
		return fail(diag, -ENOENT,
			"there would be nothing to return to if nobody confirms: the running configuration is not kept in %s",
			statedir_path(history->dir));
	record.hold = HOLD_UNCONFIRMED;
	history->changed = true;
	return statedir_set(history->dir, &record, diag);
}

bool history_has_current(const struct history *history)
{
	return history->dir && statedir_record(history->dir)->current.number;
}

bool history_is_current(const struct history *history, const struct files *files)
{
	return history_has_current(history) &&
	       statedir_same(history->dir, statedir_record(history->dir)->current.number, files);
}

int history_hold(struct history *history, enum statedir_hold hold)
{
	struct statedir_record record;
	struct xslot_diag diag = {};

	if (!history_has_current(history))
		return -ENOENT;
	record = *statedir_record(history->dir);
	record.hold = hold;
	record.trial = false;
	history->changed = true;
	if (statedir_set(history->dir, &record, &diag) < 0)
		log_error("%s; a restart will decide again whether a configuration is held", diag.message);
	xslot_diag_clear(&diag);
	return 0;
}

static void give_difference(void *data, const char *sentence)
{
	struct history *history = data;

	if (history->n_reasons >= REPORT_KEPT_MAX)
		return;
	log_error("%s", sentence);
	history_give_reason(history, sentence);
}

/* As many as errors are kept of a reload; the rest is counted. */
static void name_differences(struct history *history, const char *root, const char *file)
{
	size_t before = history->n_reasons, n = differ_list(root, file, give_difference, history);
	char more[64];

	if (n <= history->n_reasons - before)
		return;
	snprintf(more, sizeof(more), "and %zu more files", n - (history->n_reasons - before));
	log_error("%s", more);
	history_give_reason(history, more);
}

/* Is it the file that what is kept was read from? An operator who names another one asks for that. */
static bool is_main_file(const struct statedir_snapshot *snapshot, const char *file)
{
	CLEANUP(free) char *mirror = *file == '/' ? NULL : files_mirror(file);

	return strcmp(snapshot->file, mirror ? mirror : file) == 0;
}

/*
 * Edits that nobody reloaded are no configuration, only because a host crashed. A reload that was cut off is
 * finished, when its files are as it read them.
 */
static void look_back(struct history *history, const char *file) ON_WORKER
{
	const char *state = statedir_path(history->dir);
	const struct statedir_record *record = statedir_record(history->dir);
	CLEANUP(free) char *root = NULL;

	if (history->live)
		return;
	history->cut_off = session_was_cut_off(state);
	if (!record->current.number || record->trial)
		return;
	root = statedir_root(history->dir, record->current.number);
	if (record->hold) {
		name_differences(history, root, record->current.file);
		return;
	}
	if (!history->cut_off || !is_main_file(&record->current, file) ||
		differ_list(root, record->current.file, NULL, NULL) == 0)
		return;
	history->requested = session_is_requested(state, &history->requested_bare);
	if (history->requested) {
		log_warning("the previous host ended in the middle of a reload: finishing it");
		return;
	}
	log_error(
		"the previous host did not stop by itself, and files were changed that it had not reloaded:");
	name_differences(history, root, record->current.file);
	history_hold(history, HOLD_CRASH);
}

int history_choose(struct history *history, const struct history_ask *ask, const char *file,
	struct files **ret_files, char **ret_file, struct xslot_diag *diag)
{
	enum history_wish wish = ask->wish;
	const struct statedir_snapshot *snapshot;
	CLEANUP(free) char *root = NULL;
	int r;

	history->changed = history->behind = false;
	if (history->dir && wish == HISTORY_START)
		look_back(history, file);
	if (history->dir)
		history->before = *statedir_record(history->dir);
	if (wish >= HISTORY_PREVIOUS && !history->dir)
		return fail(diag, -ENOENT, "there is no previous configuration: %s",
			history->why ? history->why : "the state folder is not open");
	snapshot = history->dir ? wanted(statedir_record(history->dir), wish) : NULL;
	if (snapshot && !snapshot->number)
		return fail(diag, -ENOENT,
			"there is no previous configuration in %s: the host has run only one",
			statedir_path(history->dir));
	if (snapshot)
		root = statedir_root(history->dir, snapshot->number);
	if (wish == HISTORY_START && snapshot && statedir_record(history->dir)->trial)
		log_error(
			"the last configuration was not confirmed before the host ended: going back to the previous one, kept in %s",
			root);
	r = ask->confirm ? hold_before_trial(history, diag) : 0;
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
			"[host] state cannot change from %s to %s while the host runs; restart xslotd for that",
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
	struct statedir_record *record, struct xslot_diag *diag) ON_WORKER
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

/* The operator asked for the files, and has them; the disk says otherwise. */
static void warn_of_hold(const struct history *history, int error)
{
	if (error < 0 && history->before.hold)
		log_warning(
			"a restart goes back to the configuration that was held, kept in %s: reload again when %s can be written",
			statedir_path(history->dir), statedir_path(history->dir));
}

/* Nothing of what will run is kept: what is kept of the one before can still be returned to. */
static void go_on_unsaved(struct history *history, struct xslot_diag *diag) ON_WORKER
{
	struct statedir_record record = {};

	log_warning(
		"%s; the configuration runs nevertheless, but \"xslotctl rollback\" will not return to it",
		diag->message);
	set_trouble(history, diag->message);
	xslot_diag_clear(diag);
	record.previous = history->before.current.number ? history->before.current : history->before.previous;
	history->changed = true;
	warn_of_hold(history, statedir_set(history->dir, &record, NULL));
}

static int write_record(struct history *history, const struct statedir_record *record, bool must,
	struct xslot_diag *diag) ON_WORKER
{
	int r = statedir_set(history->dir, record, diag);

	history->changed = true;
	set_trouble(history, r < 0 ? diag->message : NULL);
	if (r == 0 || must)
		return r;
	log_error("%s; the change is made nevertheless, but a restart will not know of it", diag->message);
	warn_of_hold(history, r);
	xslot_diag_clear(diag);
	return 0;
}

void history_read(struct history *history, const struct files *files, const char *file, bool allow_bare)
{
	free(history->description);
	history->description = session_describe(files, file, allow_bare);
}

static void request(struct history *history)
{
	struct xslot_diag diag = {};

	if (!history->description)
		return;
	history->requested = true;
	if (session_request(statedir_path(history->dir), history->description, &diag) < 0)
		log_warning("%s; if the host dies during this reload, the next host will not finish it",
			diag.message);
	xslot_diag_clear(&diag);
}

static void forget_request(struct history *history)
{
	if (history->live && history->requested)
		session_forget_request(statedir_path(history->dir));
	history->requested = history->requested_bare = false;
	free(TAKE_PTR(history->description));
}

static void begin(struct history *history)
{
	struct xslot_diag diag = {};

	if (history->live)
		return;
	history->live = history->live_now = history->requested = true; /* or an old one is left */
	history->marked = session_begin(statedir_path(history->dir), &diag) == 0;
	if (!history->marked)
		log_error("%s; if the host crashes, the next start will not notice", diag.message);
	xslot_diag_clear(&diag);
}

/* A start that was refused: it is as if there had been none. */
static void begin_not(struct history *history)
{
	if (history->live_now && history->marked && !history->cut_off)
		session_end(statedir_path(history->dir));
	if (history->live_now)
		history->live = history->marked = false;
	history->live_now = false;
}

/* A restart would do the same without the record. */
static bool packets_first(const struct history *history, enum history_wish wish, bool confirm)
{
	return wish == HISTORY_FILES && !confirm && !history->before.hold && !history->before.trial;
}

int history_keep(struct history *history, const struct history_ask *ask, const struct files *files,
	const char *file, bool unchanged, struct xslot_diag *diag)
{
	enum history_wish wish = ask->wish;
	bool confirm = ask->confirm;
	struct statedir_record record = history->before;
	int r;

	if (!history->dir)
		return 0;
	begin(history);
	if (wish != HISTORY_START)
		history_clear_reasons(history);
	history->behind = !history->behind && !unchanged && packets_first(history, wish, confirm);
	if (history->behind) {
		request(history);
		return 0;
	}
	if (wish == HISTORY_PREVIOUS || wish == HISTORY_REVERT || (wish == HISTORY_START && record.trial)) {
		swap(&record, wish == HISTORY_PREVIOUS ? HOLD_ROLLBACK : HOLD_UNCONFIRMED);
		record.trial = confirm && !unchanged;
		return write_record(history, &record, confirm, diag);
	}
	if (files->root)
		return 0;
	/* A start may come after a host that died before it kept what runs. */
	r = keep_files(history, files, file, !unchanged || wish == HISTORY_START, &record, diag);
	if (r < 0 && confirm)
		return r;
	if (r < 0) {
		go_on_unsaved(history, diag);
		return 0;
	}
	record.trial = confirm && !unchanged && record.current.number != history->before.current.number;
	if (memcmp(&record, statedir_record(history->dir), sizeof(record)) == 0 && !history->why)
		return 0;
	return write_record(history, &record, confirm, diag);
}

struct config *history_kept(const struct history *history)
{
	const struct statedir_record *record;
	CLEANUP(free) char *root = NULL;
	CLEANUP(files_free) struct files *files = NULL;
	struct report report = {};
	struct config *config = NULL;

	if (!history_has_current(history))
		return NULL;
	record = statedir_record(history->dir);
	root = statedir_root(history->dir, record->current.number);
	files = files_new(root);
	config_load(files, record->current.file, &config, &report);
	report_clear(&report);
	return config;
}

void history_undo(struct history *history)
{
	struct xslot_diag diag = {};

	if (history->changed && statedir_set(history->dir, &history->before, &diag) < 0)
		log_error("%s; a restart will try the refused configuration again", diag.message);
	xslot_diag_clear(&diag);
	history->changed = history->behind = false;
	begin_not(history);
	forget_request(history);
	if (history->dir)
		statedir_sweep(history->dir);
}

void history_done(struct history *history)
{
	if (history->changed)
		statedir_sweep(history->dir);
	history->changed = history->live_now = false;
	forget_request(history);
}

int history_confirm(struct history *history, struct xslot_diag *diag)
{
	struct statedir_record record = *statedir_record(history->dir);

	record.trial = false;
	return statedir_set(history->dir, &record, diag);
}

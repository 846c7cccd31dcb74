/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A file that is lost, empty or cut off reads like one that an operator shortened. Only an explicit word can
 * distinguish the two: an option of the request, or, for tools that write files and nothing else, a line in a
 * file that no accident writes.
 */
#include "host/review/consent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/memory.h"

static const struct config_chain *find_chain(const struct config *config, const char *name)
{
	for (size_t i = 0; config && i < config->n_chains; i++) {
		if (strcmp(config->chains[i].name, name) == 0)
			return &config->chains[i];
	}
	return NULL;
}

/* Of running chain `chain`, those that the wanted chain `to` has without slots, or, with PLAN_NONE, that none
 * has. */
static char *list_bared(const struct consent *consent, size_t chain, size_t to, size_t *ret_n)
{
	const struct plan_interface *interfaces = consent->view->running[chain].interfaces;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		memory_out();
	*ret_n = 0;
	for (size_t i = 0; i < consent->plan->n_bared; i++) {
		const struct plan_bared *bared = &consent->plan->bared[i];

		if (bared->chain == chain && bared->to == to)
			fprintf(out, "%s%s", (*ret_n)++ ? ", " : "", interfaces[bared->interface].name);
	}
	if (fclose(out) != 0)
		memory_out();
	return text;
}

/* How to have it all the same. `file` says what the files can say, in words for the sentence. Caller frees.
 */
static char *ways(const struct consent *consent, const char *file)
{
	char *text;
	int n;

	if (consent->rollback)
		n = asprintf(&text,
			"If that is intended, use \"xslotctl rollback --allow-bare\", or write it into the files and reload them: %s",
			file);
	else
		n = asprintf(&text, "If that is intended, use \"xslotctl reload --allow-bare\", or write %s",
			file);
	if (n < 0)
		memory_out();
	return text;
}

/* The chain is still there, and does not have them any more. */
static int refuse_dropped(const struct consent *consent, const struct config_chain *chain, const char *names,
	size_t n, struct report *report)
{
	CLEANUP(free) char *file = NULL, *how = NULL;

	if (asprintf(&file, "a section [chain NAME] with \"interfaces = %s\" and \"detach = yes\"", names) <
		0)
		memory_out();
	how = ways(consent, file);
	return report_add(report, chain->place.file, chain->place.line,
		"interface%s %s would be left bare: chain %s runs there, but neither it nor another chain names %s now. %s",
		n == 1 ? "" : "s", names, chain->name, n == 1 ? "it" : "them", how);
}

static int refuse_removed(
	const struct consent *consent, const char *name, const char *names, size_t n, struct report *report)
{
	const struct config_chain *was = find_chain(consent->running, name);
	CLEANUP(free) char *file = NULL, *how = NULL, *where = NULL;

	if (asprintf(&file, "[chain %s] with \"detach = yes\"", name) < 0)
		memory_out();
	if (was && was->place.file &&
		asprintf(&where, ", which was at %s:%u,", was->place.file, was->place.line) < 0)
		memory_out();
	how = ways(consent, file);
	return report_add(report, consent->setup->config->file, 0,
		"interface%s %s would be left bare: chain %s runs there, [chain %s]%s is no longer in the files, and no other chain names %s. %s",
		n == 1 ? "" : "s", names, name, name, where ? where : "", n == 1 ? "it" : "them", how);
}

static int refuse_emptied(const struct consent *consent, size_t chain, size_t to, struct report *report)
{
	const struct plan_chain *running = &consent->view->running[chain];
	const struct config_chain *config = consent->setup->chains[to].config;
	CLEANUP(free) char *names = NULL, *file = NULL, *how = NULL;
	size_t n;

	names = list_bared(consent, chain, to, &n);
	if (n == 0)
		return 0;
	if (asprintf(&file, "\"detach = yes\" into [chain %s], which takes it off", config->name) < 0)
		memory_out();
	how = ways(consent, file);
	return report_add(report, config->place.file, config->place.line,
		"interface%s %s would be left bare: chain %s runs %zu slot%s there, and chain %s would have no slots. %s",
		n == 1 ? "" : "s", names, running->name, running->n_slots, running->n_slots == 1 ? "" : "s",
		config->name, how);
}

int consent_to_bare(const struct consent *consent, struct report *report)
{
	int r = 0;

	for (size_t i = 0; i < consent->view->n_running; i++) {
		const char *name = consent->view->running[i].name;
		const struct config_chain *config = find_chain(consent->setup->config, name);
		CLEANUP(free) char *names = NULL;
		size_t n;

		names = list_bared(consent, i, PLAN_NONE, &n);
		if (n > 0 && config)
			r = refuse_dropped(consent, config, names, n, report);
		else if (n > 0)
			r = refuse_removed(consent, name, names, n, report);
		for (size_t to = 0; to < consent->view->n_wanted; to++)
			r |= refuse_emptied(consent, i, to, report);
	}
	return r ? -EINVAL : 0;
}

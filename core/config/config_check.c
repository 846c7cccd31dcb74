/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What only the whole configuration can show: whether a chain has too many slots, and an interface too many
 * chains. Of two places that contradict each other the later one is the error, and its message names the
 * first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xslot/slots.h>

#include "config/sections.h"
#include "config/text.h"
#include "util/cleanup.h"

static int by_number(const void *a, const void *b)
{
	const struct config_slot *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static int check_slots(struct config_chain *chain, struct report *report)
{
	const struct config_slot *slot;

	if (chain->n_slots == 0)
		return 0;
	qsort(chain->slots, chain->n_slots, sizeof(*chain->slots), by_number);
	if (chain->n_slots <= XSLOT_MAX_SLOTS)
		return 0;
	slot = &chain->slots[XSLOT_MAX_SLOTS];
	return report_add(report, slot->place.file, slot->place.line,
		"chain %s has %zu enabled slots, and a chain has room for %u; disable some, or split the chain",
		chain->name, chain->n_slots, XSLOT_MAX_SLOTS);
}

struct interface_use {
	const struct config_interface *interface;
	const struct config_chain *chain;
	size_t order; /* as in the files: the later one of two is the error */
};

static int by_interface(const void *a, const void *b)
{
	const struct interface_use *x = a, *y = b;
	int r = strcmp(x->interface->name, y->interface->name);

	return r ? r : x->order < y->order ? -1 : x->order > y->order;
}

static int refuse_second_use(
	const struct interface_use *first, const struct interface_use *second, struct report *report)
{
	const struct config_place *place = &second->interface->place, *other = &first->interface->place;

	if (first->chain == second->chain)
		return report_add(report, place->file, place->line,
			"chain %s has interface %s twice, first at %s:%u", second->chain->name,
			second->interface->name, other->file, other->line);
	return report_add(report, place->file, place->line,
		"interface %s is already in chain %s, at %s:%u; an interface runs one chain, so put the slots of both into one",
		second->interface->name, first->chain->name, other->file, other->line);
}

static int check_interfaces(const struct config *config, struct report *report)
{
	CLEANUP(free) struct interface_use *uses = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < config->n_chains; i++) {
		const struct config_chain *chain = &config->chains[i];

		for (size_t k = 0; k < chain->n_interfaces; k++) {
			if (array_grow(&uses, n, sizeof(*uses)) < 0)
				return report_add(report, config->file, 0, "out of memory");
			uses[n] = (struct interface_use){ &chain->interfaces[k], chain, n };
			n++;
		}
	}
	if (n > 0)
		qsort(uses, n, sizeof(*uses), by_interface);
	for (size_t i = 1, first = 0; i < n; i++) {
		if (strcmp(uses[i].interface->name, uses[first].interface->name) == 0)
			r = refuse_second_use(&uses[first], &uses[i], report);
		else
			first = i;
	}
	return r;
}

int config_check(struct config *config, struct report *report)
{
	int r = 0;

	for (size_t i = 0; i < config->n_chains; i++)
		r |= check_slots(&config->chains[i], report);
	r |= check_interfaces(config, report);
	return r ? -EINVAL : 0;
}

struct sorted_error {
	struct report_error error;
	size_t file;
	size_t order;
};

static int by_place(const void *a, const void *b)
{
	const struct sorted_error *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->error.line != y->error.line)
		return x->error.line < y->error.line ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void config_sort_errors(struct report *report, size_t n_before, const char *const *files, size_t n_files)
{
	size_t n = report->n_kept - n_before;
	CLEANUP(free) struct sorted_error *sorted = n < 2 ? NULL : calloc(n, sizeof(*sorted));

	if (!sorted) /* when out of memory they are told in the order of their finding */
		return;
	for (size_t i = 0; i < n; i++) {
		struct report_error *error = &report->errors[n_before + i];

		sorted[i] = (struct sorted_error){ .error = *error, .order = i };
		while (sorted[i].file < n_files && error->file &&
			strcmp(files[sorted[i].file], error->file) != 0)
			sorted[i].file++;
	}
	qsort(sorted, n, sizeof(*sorted), by_place);
	for (size_t i = 0; i < n; i++)
		report->errors[n_before + i] = sorted[i].error;
}

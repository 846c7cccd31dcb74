/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Before anything begins: some plans would do what no operator wants. */
#include "host/review/refuse.h"

#include <errno.h>

#include "host/review/twin.h"

/* Native to generic or back. */
static int refuse_remode(const struct plan *plan, const struct setup *setup, struct report *report)
{
	int result = 0;

	for (size_t i = 0; i < plan->n_chains; i++) {
		const struct config_chain *config = setup->chains[i].config;

		for (size_t j = 0; j < config->n_interfaces; j++) {
			const struct config_place *place = &config->mode_place;

			if (plan->chains[i].interfaces[j].action != PLAN_INTERFACE_REMODE)
				continue;
			if (place->line == 0)
				place = &config->place;
			result = report_add(report, place->file, place->line,
				"chain %s: mode of interface %s cannot change to %s without a moment in which no program is attached; \"xslotctl reload --allow-detach\" does it nevertheless",
				config->name, config->interfaces[j].name,
				config->generic ? "generic" : "native");
		}
	}
	return result;
}

/* One interface, by two of its names. */
static int refuse_twins(const struct view *view, const struct setup *setup, struct report *report)
{
	int r = 0;

	for (size_t i = 0; i < view->n_wanted; i++) {
		for (size_t j = 0; j < view->wanted[i].n_interfaces; j++) {
			const struct config_place *place = &setup->chains[i].config->interfaces[j].place;
			const struct plan_interface *wanted = &view->wanted[i].interfaces[j];
			struct xslot_diag diag = {};

			if (wanted->twin)
				r = report_take(report, place->file, place->line,
					twin_explain(&diag, wanted->name, wanted->twin));
		}
	}
	return r;
}

int refuse_plan(const struct view *view, const struct plan *plan, const struct setup *setup,
	bool allow_detach, bool lenient, struct report *report)
{
	int r = allow_detach ? 0 : refuse_remode(plan, setup, report);

	return !lenient && refuse_twins(view, setup, report) < 0 ? -EINVAL : r;
}

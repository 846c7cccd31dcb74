/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "host/kept/kept.h"

#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"

/* NULL when there is none. */
static char *kept_folder(const struct history *history, unsigned number)
{
	return number ? statedir_root(history->dir, number) : NULL;
}

static void copy_reasons(const struct history *history, struct kept *kept)
{
	kept->reasons = calloc(history->n_reasons + 1, sizeof(*kept->reasons));
	if (!kept->reasons)
		memory_out();
	for (size_t i = 0; kept->hold && i < history->n_reasons; i++)
		kept->reasons[kept->n_reasons++] = memory_copy(history->reasons[i]);
}

void kept_clear(struct kept *kept)
{
	for (size_t i = 0; i < kept->n_reasons; i++)
		free(kept->reasons[i]);
	free(kept->reasons);
	free(kept->current);
	free(kept->previous);
	free(kept->problem);
	*kept = (struct kept){};
}

void kept_note(struct kept *kept, const struct history *history)
{
	const struct statedir_record none = {},
				     *record = history->dir ? statedir_record(history->dir) : &none;
	CLEANUP(free) char *before = TAKE_PTR(kept->current);

	kept_clear(kept);
	*kept = (struct kept){
		.hold = record->hold,
		.current = kept_folder(history, history->behind ? 0 : record->current.number),
		.previous = kept_folder(history, history->behind && record->current.number
							 ? record->current.number
							 : record->previous.number),
		.problem = history->why ? memory_copy(history->why) : NULL,
	};
	copy_reasons(history, kept);
	if (kept->hold && (!before || strcmp(before, kept->current) != 0))
		log_warning(
			"held on the configuration kept in %s: restarts keep it, and \"xslotctl reload\" applies the files",
			kept->current);
}

void kept_show(const struct kept *kept, struct status *ret_status)
{
	static const char *const held[] = { [HOLD_ROLLBACK] = "rollback",
		[HOLD_UNCONFIRMED] = "unconfirmed",
		[HOLD_BARE] = "bare",
		[HOLD_CRASH] = "crash" };
	struct status_configuration *configuration = &ret_status->configuration;

	configuration->current = kept->current ? memory_copy(kept->current) : NULL;
	configuration->previous = kept->previous ? memory_copy(kept->previous) : NULL;
	configuration->problem = kept->problem ? memory_copy(kept->problem) : NULL;
	configuration->held = held[kept->hold];
	configuration->reasons = calloc(kept->n_reasons + 1, sizeof(*configuration->reasons));
	if (!configuration->reasons)
		memory_out();
	for (size_t i = 0; i < kept->n_reasons; i++)
		configuration->reasons[configuration->n_reasons++] = memory_copy(kept->reasons[i]);
}

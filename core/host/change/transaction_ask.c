/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Questions that others have about a transaction. */
#include "host/change/transaction_private.h"

bool transaction_is_of_interfaces(const struct transaction *transaction)
{
	return transaction->interfaces_only;
}

bool transaction_is_dry_run(const struct transaction *transaction)
{
	return transaction->dry_run;
}

bool transaction_is_unchanged(const struct transaction *transaction)
{
	return transaction->plan && transaction->plan->unchanged;
}

bool transaction_is_trial(const struct transaction *transaction)
{
	const struct history *history = &transaction->dataplane->history;

	return transaction->confirm && history->dir && statedir_record(history->dir)->trial;
}

bool transaction_stands_in(const struct transaction *transaction)
{
	return transaction->stands_in;
}

bool transaction_takes_off(const struct transaction *transaction)
{
	bool any = transaction->n_removed > 0;

	for (size_t i = 0; i < transaction->n_changes; i++)
		any |= transaction->changes[i].step && change_takes_off(&transaction->changes[i]);
	return any;
}

const struct config *transaction_config(const struct transaction *transaction)
{
	return transaction->setup ? transaction->setup->config : NULL;
}

struct report *transaction_report(struct transaction *transaction)
{
	return &transaction->report;
}

size_t transaction_changes(const struct transaction *transaction, char *const **ret_lines)
{
	*ret_lines = transaction->lines.line;
	return transaction->lines.n;
}

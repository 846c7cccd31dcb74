/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A transaction against what is pinned here, read and not adopted, that stops before anything is attached. A
 * running host is not asked: a plugin that crashes in its check must not crash the host. Where the kernel
 * refuses extension programs, the same bytecode goes through the verifier as XDP programs, and the result
 * says so.
 */
#include "host/offline/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/adopt/surroundings.h"
#include "host/change/transaction.h"
#include "host/plugin/callback.h"
#include "host/plugin/inspect.h"
#include "host/plugin/quarantine.h"
#include "kernel/ask.h"
#include "kernel/features.h"
#include "kernel/privileges.h"
#include "util/descriptors.h"
#include "util/lock.h"
#include "util/memory.h"

static void take_plan(struct transaction *transaction, struct check *ret_check)
{
	char *const *lines;
	size_t n = transaction_changes(transaction, &lines);

	ret_check->plan = memory_must(calloc(n + 1, sizeof(*ret_check->plan)));
	for (size_t i = 0; i < n; i++)
		ret_check->plan[ret_check->n_plan++] = memory_copy(lines[i]);
}

/* Their code would crash us too. */
static void look_for_quarantined(const char *file, struct modules *modules)
{
	struct config_host host = {};

	if (config_load_host(file, &host) == 0 && host.state)
		quarantine_open(host.state, true);
	config_host_deinit(&host);
	modules_set_guard(modules, quarantine_admit);
	modules_set_look(modules, inspect_plugin);
	modules_set_run(modules, callback_run);
}

/* What a file that was lost leaves behind reads like this, too. */
static void look_for_nothing(const struct config *config, struct report *report)
{
	if (config && config->n_chains == 0)
		report_warn(report, config->file, 0, "there is no chain in the files, so nothing would run");
}

/*
 * A check by root has what a host gives up. Of one that runs it can be seen whether it did; the next may be
 * started in another way than this one's caller thinks.
 */
static void look_for_replace(const struct config *config, struct report *report)
{
	pid_t pid = 0;
	int may;

	if (!config || privileges_dropped())
		return;
	may = lock_holder(config->host.state, &pid) == 1 && pid ? privileges_administrates(pid) : -ESRCH;
	for (size_t i = 0; i < config->n_chains; i++) {
		const struct config_chain *chain = &config->chains[i];

		if (!chain->replace || may == 1)
			continue;
		if (may == 0)
			report_warn(report, chain->place.file, chain->place.line,
				"chain %s has replace = yes, which needs CAP_SYS_ADMIN, and the running xslotd (pid %d) has given that up: its reload will refuse the chain; start it with --keep-capabilities=sys_admin (see xslotd(8))",
				chain->name, (int)pid);
		else
			report_warn(report, chain->place.file, chain->place.line,
				"chain %s has replace = yes, which needs CAP_SYS_ADMIN: this check has it, but xslotd refuses the chain unless it is started with --keep-capabilities=sys_admin (see xslotd(8))",
				chain->name);
	}
}

int check_run(const char *file, struct check *ret_check)
{
	struct transaction_options options = { .file = file };
	struct transaction *transaction;
	struct dataplane dataplane = {};
	bool freplace;
	int r;

	thread_is_alone();
	*ret_check = (struct check){};
	descriptors_raise(); /* as a host does; whatever that comes to, a lack is said when it is met */
	r = features_freplace(ret_check->why, sizeof(ret_check->why));
	if (ask_is_shortage(r))
		return report_add(&ret_check->report, file, 0,
			"cannot check: cannot find out what this kernel allows: %s", ret_check->why);
	freplace = r == 0;
	ret_check->as_xdp = !freplace;
	r = modules_new(&dataplane.modules);
	if (r < 0) {
		dataplane_close(&dataplane, true);
		return report_add(&ret_check->report, file, 0, "cannot check: %s", strerror(-r));
	}
	look_for_quarantined(file, dataplane.modules);
	transaction = transaction_new(&dataplane, &options);
	r = transaction_check(transaction, freplace, &ret_check->reload);
	take_plan(transaction, ret_check);
	look_for_nothing(transaction_config(transaction), transaction_report(transaction));
	look_for_replace(transaction_config(transaction), transaction_report(transaction));
	ret_check->report = *transaction_report(transaction);
	*transaction_report(transaction) = (struct report){};
	transaction_rollback(transaction);
	transaction_free(transaction);
	surroundings_forget(&dataplane);
	dataplane_close(&dataplane, true);
	return r < 0 ? -EINVAL : 0;
}

void check_clear(struct check *check)
{
	report_clear(&check->report);
	for (size_t i = 0; i < check->n_plan; i++)
		free(check->plan[i]);
	free(check->plan);
	*check = (struct check){};
}

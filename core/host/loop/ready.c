/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "host/loop/ready.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "host/plugin/quarantine.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"

#define SEND_TRIES 3

static void print_detached(FILE *out, const struct dataplane *dataplane)
{
	size_t n = 0;

	for (size_t i = 0; i < dataplane->n_chains; i++) {
		const struct chain *chain = dataplane->chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++) {
			if (chain->interfaces[j].alarm)
				fprintf(out, "%s%s", n++ ? ", " : "DETACHED: ", chain->interfaces[j].name);
		}
	}
	if (n)
		fputs("; ", out);
}

/* "BYPASSED: edge; OFF: lab; ", or "": nobody may overlook it. Caller frees. */
static char *alarms(const struct dataplane *dataplane)
{
	const char *names[QUARANTINE_MAX];
	size_t size = 0, n = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		memory_out();
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		if (dataplane->chains[i]->bypass)
			fprintf(out, "%s%s", n++ ? ", " : "BYPASSED: ", dataplane->chains[i]->name);
	}
	if (n)
		fputs("; ", out);
	for (size_t i = 0; i < dataplane->n_off; i++)
		fprintf(out, "%s%s", i ? ", " : "OFF: ", dataplane->off[i]);
	if (dataplane->n_off)
		fputs("; ", out);
	print_detached(out, dataplane);
	n = quarantine_list(names, QUARANTINE_MAX);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%s", i ? ", " : "QUARANTINED: ", names[i]);
	if (n)
		fputs("; ", out);
	if (fclose(out) != 0)
		memory_out();
	return text;
}

/*
 * Before it hears that, the service manager waits, and at last kills the host. For want of memory or of
 * descriptors, for a moment, a message may be refused.
 */
static void tell(const char *state)
{
	int r = -EAGAIN;

	for (int i = 0; i < SEND_TRIES && r < 0; i++)
		r = sd_notify(0, state);
	if (r < 0)
		log_error("cannot tell the service manager that the host is ready, so it may end it: %s",
			strerror(-r));
}

void ready_notify(const struct dataplane *dataplane, const struct kept *kept, const char *last)
{
	CLEANUP(free) char *names = alarms(dataplane);
	CLEANUP(free) char *loud = text_clean(names); /* a line feed would begin another variable */
	CLEANUP(free) char *state = NULL;
	size_t n_slots = 0, n_interfaces = 0;

	for (size_t i = 0; i < dataplane->n_chains; i++) {
		n_slots += dataplane->chains[i]->n_slots;
		n_interfaces += dataplane->chains[i]->n_interfaces;
	}
	if (asprintf(&state,
		    "READY=1\nSTATUS=%s%s%s%zu chain%s, %zu slot%s, %zu interface%s; last reload: %s",
		    kept->hold ? "held, the files are not applied; " : "",
		    kept->problem ? "the state folder cannot be used; " : "", loud ? loud : "",
		    dataplane->n_chains, dataplane->n_chains == 1 ? "" : "s", n_slots,
		    n_slots == 1 ? "" : "s", n_interfaces, n_interfaces == 1 ? "" : "s", last) < 0)
		memory_out();
	tell(state);
}

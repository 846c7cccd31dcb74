/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What fills a slot: one plugin instance, from its module and parameters to its BPF program and maps.
 * Counted. */
#ifndef HOST_OCCUPANT_H
#define HOST_OCCUPANT_H

#include <stdbool.h>
#include <time.h>

#include "host/context.h"
#include "host/setup.h"
#include "kernel/instance.h"

struct occupant {
	unsigned refs;
	struct setup *setup; /* counted: owns what `slot` points to */
	const struct setup_slot *slot;
	const struct xslot_plugin *plugin;
	struct instance *instance; /* NULL until loaded */
	struct context context;
	char *name; /* "edge.10": follows the slot when it is renumbered */
	time_t since;
};

/* From a slot of `setup`; nothing is checked or loaded yet. */
int occupant_new(struct setup *setup, const struct setup_slot *slot, struct occupant **ret_occupant);
struct occupant *occupant_ref(struct occupant *occupant);
/* The last one runs the plugin's stop and lets go of program and maps. Worker thread. Accepts NULL. */
void occupant_unref(struct occupant *occupant);

/* Loop thread: its slot bears another number now. On -ENOMEM the old name stays. */
void occupant_rename(struct occupant *occupant, const char *name);

/* Does it run the plugin content, the object and the parameters that `slot` asks for? */
bool occupant_is(const struct occupant *occupant, const struct setup_slot *slot);

/*
 * Open the object with its parameters, taking maps over from `previous` (NULL: none), and load it against a
 * stub. `dispatcher` NULL: the kernel refuses extensions, verify as an XDP program instead. Errors go to
 * `report`.
 */
int occupant_load(struct occupant *occupant, const struct occupant *previous, bool frags,
	const struct dispatcher *dispatcher, unsigned index, enum bank bank, struct report *report);

/* The plugin's start and, when maps of `previous` need it, migrate. Not yet live. */
int occupant_start(struct occupant *occupant, const struct occupant *previous, struct report *report);

/* The mask that goes on when the INI gives no `proceed_on`. */
uint32_t occupant_default_proceed(const struct occupant *occupant);

#endif

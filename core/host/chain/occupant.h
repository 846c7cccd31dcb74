/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The occupant of a slot: one plugin instance, from its module and parameters to its BPF program and maps.
 * Counted.
 */
#ifndef HOST_CHAIN_OCCUPANT_H
#define HOST_CHAIN_OCCUPANT_H

#include <stdbool.h>
#include <time.h>

#include "host/plan/setup.h"
#include "host/plugin/context.h"
#include "kernel/dispatcher/manifest.h"
#include "kernel/instance/instance.h"
#include "util/thread_role.h"

struct occupant {
	unsigned refs;
	struct setup *setup;	       /* counted: owns what `slot` points to */
	const struct setup_slot *slot; /* NULL: adopted, and the files no longer have what it was made from */
	const struct descriptor *plugin;
	struct descriptor *remnant; /* without a slot: what is known of the plugin; no callbacks */
	void *object;		    /* … and its BPF object's bytes */
	struct instance *instance;  /* NULL until loaded */
	uint64_t id;		    /* its folder, see store.h; 0: not pinned */
	struct digest identity;
	uint32_t default_proceed; /* what goes on when the INI gives no `proceed_on` */
	struct context context;
	char *name; /* "edge.10": follows the slot when it is renumbered */
	time_t since;
};

/* From a slot of `setup`; nothing is checked or loaded yet. */
int occupant_new(struct setup *setup, struct setup_slot *slot, struct occupant **ret_occupant);
struct occupant *occupant_ref(struct occupant *occupant);
/* The last one runs the plugin's stop and lets go of program and maps. Worker thread. Accepts NULL. */
void occupant_unref(struct occupant *occupant) ON_WORKER;

/* Of the last one: the plugin's stop alone, while its maps' pins are there. Worker thread. */
void occupant_stop(struct occupant *occupant) ON_WORKER;

/* Loop thread: its slot has another number now, or its chain other interfaces. */
void occupant_move(struct occupant *occupant, const char *name, const struct config_chain *chain) ON_LOOP;

/* Does it run the plugin content, the object and the parameters that `slot` asks for? */
bool occupant_is(const struct occupant *occupant, const struct setup_slot *slot);

/* The stub that it is for. */
struct occupant_place {
	const struct dispatcher *dispatcher; /* NULL: none, verify it as an XDP program */
	unsigned index;
	enum bank bank;
	bool frags;   /* the chain has them */
	bool reasons; /* someone reads the reasons of its verdicts: see xslot/slot.bpf.h */
	const struct instance_sharer *sharers; /* the chain's other slots */
	size_t n_sharers;
};

/*
 * Open the object with its parameters, taking maps over from `previous` (NULL: none), and load it for a
 * place. Errors go to `report`.
 */
int occupant_load(struct occupant *occupant, const struct occupant *previous,
	const struct occupant_place *place, struct report *report) ON_WORKER;

/* Copies of maps with another size, the plugin's start and, when maps of `previous` need it, migrate. Not yet
 * live. */
int occupant_start(struct occupant *occupant, const struct occupant *previous, struct report *report)
	ON_WORKER;

/* Live, and what `previous` held is final: its last entries, where maps were copied, and the plugin's settle.
 */
void occupant_settle(struct occupant *occupant, const struct occupant *previous) ON_WORKER;

/*
 * The instance that is pinned in `folder` and that `record` describes, running. `slot`: what it was made
 * from, when the files still have it; else NULL.
 */
int occupant_adopt(struct setup *setup, const struct setup_slot *slot, const struct manifest_slot *record,
	const char *folder, struct occupant **ret_occupant, struct xslot_diag *diag) ON_WORKER;
/* Can it go on under a new host as if nothing had happened? Not when its plugin has a start and no resume. */
bool occupant_can_resume(const struct setup_slot *slot);

/* The BPF object it was made from, and its program's name there ("": the only one). */
void occupant_object(const struct occupant *occupant, const void **ret_object, size_t *ret_size);
const char *occupant_function(const struct occupant *occupant);

#endif

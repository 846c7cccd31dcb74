/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What `xslotctl status --json` says, as plain C. host/ fills it in, control/ turns it into JSON; the keys
 * are these names, documented in xslotctl(8). `char *` strings are the status's own, `const char *` static.
 */
#ifndef CONTROL_STATUS_H
#define CONTROL_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "control/status_reload.h"

#define STATUS_FORMAT 1

struct status_pair {
	char *key, *value;
};

#define STATUS_LABELS 4

struct status_number {
	char *name, *unit; /* unit: "" for none */
	const char *kind;  /* "counter", "gauge" */
	int64_t value;
	struct status_pair labels[STATUS_LABELS];
	size_t n_labels;
};

/* What a plugin said when it was asked. */
struct status_said {
	struct status_pair *texts;
	size_t n_texts;
	struct status_number *numbers;
	size_t n_numbers;
};

struct status_map {
	char *name;
	char *pin;	     /* its name in CHAIN/slot/NUMBER/maps of bpffs */
	const char *class;   /* "config", "state" */
	const char *carried; /* "kept", "fresh", "migrated", "copied" */
};

/* A program of another file in a program array of the slot's object. */
struct status_jump {
	char *array;
	uint32_t index;
	char *file, *program;
	uint32_t program_id; /* as the array has it; 0: none */
};

struct status_slot {
	unsigned number; /* in the INI file */
	unsigned index;	 /* position in the chain, packed from 0 */
	char *plugin, *version;
	const char *bank; /* "A", "B" */
	const char *tier; /* "slot", "fused" */
	uint32_t program_id;
	const char *state; /* "live"; "draining": the other bank's old link is held elsewhere */
	uint64_t seen, proceeded;
	uint64_t aborted, drop, pass, tx, redirect; /* verdicts decided here */
	struct status_map *maps;
	size_t n_maps;
	struct status_jump *jumps;
	size_t n_jumps;
	struct status_said said; /* by the plugin's status callback … */
	int64_t status_age;	 /* … so many seconds ago; 0: now; -1: never */
	time_t since;		 /* when this instance went live */
};

struct status_interface {
	char *name;
	unsigned ifindex;   /* 0 while waiting */
	const char *mode;   /* "native", "generic" */
	const char *attach; /* "link"; "" while waiting */
	/* "attached", "waiting" for it to exist, "refused" by its driver, "displaced", "detached" */
	const char *state;
	char *reason; /* why it is not attached, when it is there; or NULL */
};

struct status_chain {
	char *name;
	uint32_t generation;
	const char *final; /* "pass", … */
	const char *on_gap;
	const char *on_detach; /* "attach", "alarm" */
	bool bypass;
	uint64_t gap_packets, bad_verdicts;
	const char *tier;      /* "slots", "fused" */
	char *tier_reason;     /* why it runs as slots; "" when it does not, or is about to be fused */
	uint32_t instructions; /* of the fused program; 0: it runs as slots, or the kernel does not tell */
	uint64_t packets;
	struct status_interface *interfaces;
	size_t n_interfaces;
	struct status_slot *slots;
	size_t n_slots;
};

struct status {
	struct status_chain *chains;
	size_t n_chains;
	char **off; /* chains that `xslotctl clean` took off */
	size_t n_off;
	char **quarantined; /* plugins whose code is not run, since it crashed the host */
	size_t n_quarantined;
	struct status_silence {
		char *plugin;
		const char *callback; /* "status", "watch" */
	} * silenced;		      /* callbacks that are not called, since they crashed the host */
	size_t n_silenced;
	struct status_reload last_reload;
	struct status_configuration {
		char *current, *previous; /* folders; NULL: there is none */
		const char
			*held; /* "rollback", "unconfirmed", "bare", "crash"; NULL: what runs is the files' */
		char **reasons; /* why it is held: errors, files that differ */
		size_t n_reasons;
		char *problem; /* why the state folder cannot be used, or what it did not take; or NULL */
		unsigned confirm_seconds; /* left; 0: nothing awaits its confirmation */
	} configuration;
	struct {
		char *version;
		pid_t pid;
		time_t started;
		uint64_t reloads, failed_reloads;
	} host;
};

/* Free what is inside; it is empty then. */
void status_said_clear(struct status_said *said);
/* -ENOMEM: `ret_copy` is untouched. */
int status_said_copy(const struct status_said *said, struct status_said *ret_copy);

struct status *status_new(void);	 /* NULL when out of memory */
void status_free(struct status *status); /* accepts NULL; frees everything inside */

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a chain's kernel objects do not show themselves: which plugin fills which slot, from which content,
 * and what has been counted so far. It is one value of one pinned map, written by one system call: a host
 * that is killed leaves it in the state before or after a change, never between.
 */
#ifndef KERNEL_DISPATCHER_MANIFEST_H
#define KERNEL_DISPATCHER_MANIFEST_H

#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>
#include <xslot/state.h>

#include "util/digest.h"

#define MANIFEST_MAGIC 0x74736566696e616dULL /* "manifest" */
#define MANIFEST_LAYOUT 2
#define MANIFEST_LAYOUT_BEFORE 1 /* beside dispatchers of the layout before, see layout.h */
#define MANIFEST_PARITIES XSLOT_PARITIES
#define MANIFEST_TEXT 32

/* Packets of one slot, or of a whole chain; they only rise. */
struct manifest_count {
	uint64_t seen;
	uint64_t proceeded;
	uint64_t outcome[XSLOT_OUTCOMES];
};

struct manifest_slot {
	uint64_t instance;	  /* its folder: inst/ID */
	uint32_t number;	  /* in the INI file */
	uint32_t proceed;	  /* as configured */
	uint32_t default_proceed; /* what holds when none is configured */
	uint32_t state_version;
	uint32_t is_object; /* it runs the file of `object =` */
	uint32_t previous;  /* 1 + its position under manifest.previous; 0: it was not there */
	uint64_t since;	    /* seconds since the epoch */
	char plugin[MANIFEST_TEXT];
	char version[MANIFEST_TEXT];
	char function[128];    /* the program in the BPF object; "": its only one */
	struct digest content; /* of plugin file, object file, program and parameters together */
	struct manifest_count count;
};

/* One generation. The one whose id the dispatcher's running generation bears is true. */
struct manifest_record {
	uint32_t generation;
	uint32_t n_slots;
	struct manifest_slot slots[XSLOT_MAX_SLOTS];
};

/* As it is read and written in MANIFEST_LAYOUT; in the one before, each array of parities has two of them. */
struct manifest {
	uint64_t magic;
	uint32_t layout; /* that its map has */
	uint32_t frags;
	uint32_t bypass;   /* says so for a chain without slots, whose generation cannot */
	uint32_t previous; /* program id of the dispatcher that this one replaced; 0: none */
	uint64_t next_instance;
	struct manifest_count total;
	/* By the parity of the generation, as the dispatcher has them: raw counters that are folded already.
	 */
	uint64_t baseline[MANIFEST_PARITIES][XSLOT_DECIDERS][XSLOT_OUTCOMES];
	/* Those of the generation that `previous` ran last, whatever its parity. */
	uint64_t previous_baseline[MANIFEST_PARITIES][XSLOT_DECIDERS][XSLOT_OUTCOMES];
	struct manifest_record record[MANIFEST_PARITIES];
};

/* A new map for a manifest of that layout; the fd is the caller's. */
int manifest_create(uint32_t layout, int *ret_fd, struct xslot_diag *diag);
/* In the layout that it says, which is the map's. */
int manifest_write(int fd, const struct manifest *manifest, struct xslot_diag *diag);
/* -EINVAL: what it holds is no manifest; -EPROTO: it is, with a layout that this version cannot read. */
int manifest_parse(const void *bytes, size_t size, struct manifest *ret_manifest, struct xslot_diag *diag);
/* The same, of what the map holds. */
int manifest_read(int fd, struct manifest *ret_manifest, struct xslot_diag *diag);

#endif

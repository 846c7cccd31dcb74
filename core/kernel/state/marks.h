/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What a map's declaration says to the host: the marks of <xslot/slot.bpf.h>, declaration tags in BTF. */
#ifndef KERNEL_STATE_MARKS_H
#define KERNEL_STATE_MARKS_H

#include <stdbool.h>
#include <stdint.h>
#include <xslot/diag.h>

struct btf;
struct xslot_value;

#define MARKS_NAME 64
#define MARKS_ROWS 2048 /* bytes of all names of rows */

enum map_class { MAP_CONFIG, MAP_STATE };
enum map_carried { MAP_FRESH, MAP_KEPT, MAP_MIGRATED, MAP_COPIED };

/* What becomes of state when the number of entries changes, and nothing else does. */
enum marks_resize {
	RESIZE_FRESH, /* the map starts empty, or migrate fills it */
	RESIZE_COPY,  /* XSLOT_COPIED */
	RESIZE_ADD    /* XSLOT_SUMMED */
};

struct marks {
	bool state;
	bool messages;		       /* XSLOT_MESSAGES(): its program's, for the host's log */
	uint32_t version;	       /* XSLOT_STATE_VERSION(); 0 without */
	char entries_from[MARKS_NAME]; /* a parameter; "": its declaration says how many */
	uint32_t bytes_per_entry;      /* of that parameter's file; 0: one entry a line */
	enum marks_resize resize;
	char shared[MARKS_NAME]; /* one map in all slots of the chain that give it this name; "": it is not
				    shared */
	char rows[MARKS_ROWS];	 /* names of counters' rows, "ipv4,ipv6"; "": none */
	uint32_t n_rows;
};

/*
 * The marks of variable `id`, which is the declaration of map `name`. -EINVAL for marks that contradict each
 * other or cannot be read, -EPROTONOSUPPORT for those of a newer xslot.
 */
int marks_read(const struct btf *btf, uint32_t id, const char *name, struct marks *ret_marks,
	struct xslot_diag *diag);

/* The name of one of `n_rows`. */
void marks_row(const struct marks *marks, uint32_t row, char ret_name[static MARKS_NAME]);

/*
 * The number of entries that this value of the parameter `entries_from` asks for; 0 when it has no value.
 * -EINVAL says why it cannot be that many.
 */
int marks_entries(const struct marks *marks, const struct xslot_value *value, const char *name,
	uint32_t *ret_entries, struct xslot_diag *diag);

#endif

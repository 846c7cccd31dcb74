/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An object file that does not know about slots: which of its programs run, and how the slot reaches them.
 */
#ifndef KERNEL_FOREIGN_FOREIGN_H
#define KERNEL_FOREIGN_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <xslot/diag.h>
#include <xslot/plugin.h>

#include "extension/object.h"

struct foreign {
	char *function;	   /* the program that the slot runs */
	bool jumps;	   /* it may reach other programs of the object */
	bool refused_btf;  /* as the caller found out */
	bool behind_entry; /* a tail call away from the stub, as an XDP program; else it fills the stub itself
			    */
	struct object object; /* behind_entry: with everything that is loaded; else closed */
	struct blob *bytes;
};

struct foreign_source {
	const void *bytes; /* copied */
	size_t size;
	const char *function; /* the program's name; NULL: the only XDP program */
	bool frags;	      /* as the chain has it */
	bool behind_entry;    /* it was found out that the program can be no extension */
};

/*
 * Open the object and choose the program. -ENOENT and -EINVAL name what there is and say why another kind of
 * program cannot fill a slot. `ret_foreign` is for foreign_close in either case.
 */
int foreign_open(const struct foreign_source *source, struct foreign *ret_foreign, struct xslot_diag *diag);
void foreign_close(struct foreign *foreign);

/* A program of the object behind the entry that the configuration names is loaded too. -EINVAL: not for XDP.
 */
int foreign_admit(struct bpf_program *program, bool frags, struct xslot_diag *diag);

/* The map whose size the parameter "map.MAP.max_entries" sets; NULL when the name is not of that form, or
 * there is none. */
struct bpf_map *foreign_find_sized_map(const struct bpf_object *object, const char *name);
/* A map that has no size yet, by its name; NULL: none. */
const char *foreign_unsized(const struct bpf_object *object);
/* -EINVAL when a map has no size yet, which a foreign object's own loader would have given it before load. */
int foreign_check_sizes(const struct bpf_object *object, bool foreign, struct xslot_diag *diag);

/*
 * What a slot of this object may set, as a plugin's table has it: its `const volatile` variables and program
 * arrays. As many as fit, first of all the `n` that are `wanted`, which may be others too: writing them then
 * says why not.
 */
int foreign_params(const void *bytes, size_t size, const char *const wanted[], size_t n,
	struct xslot_param ret_params[static XSLOT_MAX_PARAMS], struct xslot_diag *diag);

#endif

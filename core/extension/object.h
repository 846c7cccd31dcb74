/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The extension's program in libbpf's object: chosen, set to its type, loaded with the verifier's log. */
#ifndef EXTENSION_OBJECT_H
#define EXTENSION_OBJECT_H

#include <stdbool.h>
#include <xslot/diag.h>

#include "extension/program.h"
#include "util/file.h"

struct bpf_object;
struct bpf_program;

struct object {
	struct bpf_object *bpf;
	struct bpf_program *program; /* the one that is loaded */
	bool asks_nobody;	     /* loaded by ext_load() */
	char *log;		     /* what libbpf may write the verifier's log to, as long as `bpf` lives */
	bool broken_btf;	     /* libbpf could not use it */
};

/* Open the bytes (which must outlive the object) and choose nothing; `name` may be NULL. */
int object_read(
	const struct blob *bytes, const char *name, struct object *ret_object, struct xslot_diag *diag);

/*
 * Open the bytes (which must outlive the object) and choose a program by function name, or the only one when
 * `program` is NULL.
 */
int object_open(const struct blob *bytes, const char *program, bool frags, struct object *ret_object,
	struct xslot_diag *diag);
void object_close(struct object *object);

/* The BTF id of the program's function in the object's BTF. -ENODATA when there is none. */
int object_find_function(const struct object *object, uint32_t *ret_btf_id, struct xslot_diag *diag);

/*
 * Load for this function of the target, whose BTF id it is; NULL: as the types of its programs have it. An
 * object that failed to load is of no further use: open another. What ext_load() cannot load takes
 * CAP_SYS_ADMIN.
 */
int object_load(struct object *object, const struct program *target, const char *function,
	uint32_t function_id, struct xslot_diag *diag);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Programs of other object files in program arrays of a foreign object: "jump.ARRAY.INDEX = FILE:PROGRAM". */
#ifndef KERNEL_INSTANCE_JUMP_OBJECTS_H
#define KERNEL_INSTANCE_JUMP_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

struct foreign;
struct foreign_source;
struct instance_jump;
struct instance_options;
struct jump_object;
struct jumps;

/* The files, each opened once however many of its programs are named. All 0: none. */
struct jump_objects {
	struct jump_object *objects;
	size_t n;
	const struct jump_object *failed; /* whose fault it was that jump_objects_load() failed */
};

#define JUMP_PROGRAM_MAX 128

/*
 * Can this be, as far as the bytes tell: does the object of `source`, of which one program runs, have the
 * array, with the index, and does it use it; and the file the program? `ret_program`: its name. -EINVAL and
 * -ENOENT say what there is instead.
 */
int jump_objects_check(const struct foreign_source *source, const struct instance_jump *jump,
	char ret_program[static JUMP_PROGRAM_MAX], struct xslot_diag *diag);

/* Before load: open the files of options->jumps, and add their programs to `jumps`. jump_objects_close() in
 * either case. */
int jump_objects_open(struct jump_objects *ret_objects, struct jumps *jumps, const struct foreign *foreign,
	const struct instance_options *options, struct xslot_diag *diag);
/*
 * When `foreign` has been loaded: load all programs. A map that is pinned by name there is the object's of
 * that name, where it has one.
 */
int jump_objects_load(struct jump_objects *objects, const struct foreign *foreign, struct xslot_diag *diag);
/* Which of options->jumps does `failed` belong to? The first that names its file. */
bool jump_objects_failed(const struct jump_objects *objects, size_t *ret_jump);
void jump_objects_close(struct jump_objects *objects);

#endif

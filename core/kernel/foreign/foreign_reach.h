/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which program arrays of a foreign object matter to the program that a slot runs. */
#ifndef KERNEL_FOREIGN_FOREIGN_REACH_H
#define KERNEL_FOREIGN_FOREIGN_REACH_H

#include <stdbool.h>

struct bpf_object;
struct bpf_program;

/*
 * Before load: may the program end up in another program of the object, or must others be loaded for an
 * array's sake? False only when it surely tail-calls nothing and no array has programs from the start.
 */
bool foreign_reaches_others(const struct bpf_object *object, const struct bpf_program *program);

#endif

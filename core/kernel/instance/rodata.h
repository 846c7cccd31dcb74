/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Writing parameters into the `const volatile` variables of an object that is open and not yet loaded. */
#ifndef KERNEL_INSTANCE_RODATA_H
#define KERNEL_INSTANCE_RODATA_H

#include <stdbool.h>
#include <stddef.h>
#include <xslot/diag.h>

struct bpf_object;
struct instance_param;

/*
 * Write `param` into the variable of its name. -ENOENT when there is none (0 when the parameter is optional),
 * -EINVAL when the variable is of another kind, -ERANGE when the value does not fit. Nothing is written then.
 * The sentence names parameter and variable, and begins with `name`.
 */
int rodata_write(struct bpf_object *object, const char *name, const struct instance_param *param,
	struct xslot_diag *diag);

/* Is there a variable of this name, in whatever section? */
bool rodata_has(const struct bpf_object *object, const char *name);
/* Names of volatile variables that no parameter sets, at most `max`; the object's own. */
size_t rodata_spare(const struct bpf_object *object, const struct instance_param *params, size_t n,
	const char **ret_names, size_t max);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* An instance as a part of a fused chain. */
#ifndef KERNEL_INSTANCE_CODE_H
#define KERNEL_INSTANCE_CODE_H

#include "kernel/fuse/code.h"
#include "kernel/instance/instance.h"

/*
 * The instance's code as it was loaded, for a fused chain, until instance_code_done(), which is to be called
 * after failures too. An adopted instance's code is prepared anew, for the stub that it fills. -EOPNOTSUPP
 * when that cannot be done.
 */
int instance_code(struct instance *instance, const struct dispatcher *dispatcher, unsigned slot,
	enum bank bank, struct fuse_part *ret_part, struct xslot_diag *diag);
void instance_code_done(struct instance *instance);

#endif

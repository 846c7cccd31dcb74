/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The descriptor of plugin ABI 1, which plugins of the first releases bear. Inside module/ only. */
#ifndef MODULE_ABI1_H
#define MODULE_ABI1_H

#include "module/descriptor.h"

/* As descriptor_read(), of a descriptor whose ABI is 1. */
int abi1_read(const struct descriptor_source *source, const char *path, struct descriptor *ret_descriptor,
	struct xslot_diag *diag);

#endif

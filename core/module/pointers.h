/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Whether a mapped descriptor's pointers are valid. For module/ only. */
#ifndef MODULE_POINTERS_H
#define MODULE_POINTERS_H

#include "module/descriptor.h"

/* NULL when they do; else the name of the first member of `plugin` that leads nowhere. */
const char *pointers_find_wild(const struct descriptor *plugin);

#endif

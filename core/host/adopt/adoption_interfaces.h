/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The interfaces of chains that are adopted. Worker. */
#ifndef HOST_ADOPT_ADOPTION_INTERFACES_H
#define HOST_ADOPT_ADOPTION_INTERFACES_H

#include "host/adopt/found.h"

/* Give the chains their interfaces. */
int adoption_interfaces(const struct found *found, struct xslot_diag *diag);
/* A pin tells an interface's index; the files may call it by another of its names. */
int adoption_names(const struct found *found, struct xslot_diag *diag);

#endif

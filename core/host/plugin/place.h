/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The place in plugins' code where the process is. `plugin` is written last and cleared first. */
#ifndef HOST_PLUGIN_PLACE_H
#define HOST_PLUGIN_PLACE_H

#include <sys/types.h>

struct place {
	char plugin[64]; /* "": in none */
	char slot[96];	 /* "": it is not about one */
	char callback[16];
	pid_t thread;
	unsigned entered; /* how often anything was */
};

#endif

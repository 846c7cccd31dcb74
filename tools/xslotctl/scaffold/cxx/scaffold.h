/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What scaffold.bpf.c, which is C, and scaffold.cc share. */
#ifndef PLUGIN_SCAFFOLD_H
#define PLUGIN_SCAFFOLD_H

/* Rows of the counters `totals`. */
enum scaffold_row { SCAFFOLD_OTHER, SCAFFOLD_IPV4, SCAFFOLD_IPV6, SCAFFOLD_ROWS };

#endif

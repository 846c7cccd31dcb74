/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What scaffold.bpf.c and scaffold.c share. */
#ifndef PLUGIN_SCAFFOLD_H
#define PLUGIN_SCAFFOLD_H

/* Rows of the counters `totals`. */
enum scaffold_row { SCAFFOLD_PASSED, SCAFFOLD_DROPPED, SCAFFOLD_UNKNOWN, SCAFFOLD_ROWS };

#endif

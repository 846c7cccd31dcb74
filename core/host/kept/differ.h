/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * How the machine's files differ from a kept configuration. No plugin's code runs for that. Worker thread.
 */
#ifndef HOST_KEPT_DIFFER_H
#define HOST_KEPT_DIFFER_H

#include <stddef.h>

/*
 * Call `say` with a sentence for each file below `root` that the machine has with other bytes, or not, and
 * for each snippet beside the main file `file` that is not there. Returns how many there are; an error in
 * asking is one, too.
 */
size_t differ_list(
	const char *root, const char *file, void (*say)(void *data, const char *sentence), void *data);

#endif

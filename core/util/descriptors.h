/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* How many file descriptors this process may have. */
#ifndef UTIL_DESCRIPTORS_H
#define UTIL_DESCRIPTORS_H

#include <stddef.h>

/*
 * Raise the soft limit to the hard one. The soft one is low (1,024) for the sake of programs that use
 * select(), which we do not. 0 or -errno.
 */
int descriptors_raise(void);

/*
 * What helps a process (-EMFILE) or a machine (-ENFILE) that has no descriptor left, with the limit: the
 * second half of a sentence, from "; " on. Any other error: "".
 */
void descriptors_advice(int error, char *ret_text, size_t size);

#endif

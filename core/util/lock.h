/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Who holds the flock() of a file or folder, without taking it. */
#ifndef UTIL_LOCK_H
#define UTIL_LOCK_H

#include <sys/types.h>

/* 1: it is held, by that process (0: one that cannot be seen from here); 0: nobody holds it, or there is no
 * such path; or -errno. */
int lock_holder(const char *path, pid_t *ret_pid);

#endif

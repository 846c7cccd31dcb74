/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Scope-bound clean-up: CLEANUP(free) on a variable, TAKE_PTR and TAKE_FD to hand its content on. */
#ifndef UTIL_CLEANUP_H
#define UTIL_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/thread_role.h"

/*
 * DEFINE_CLEANUP(struct x *, x_free) makes CLEANUP(x_free) work on a `struct x *` variable. Which thread may
 * call x_free() is not seen there.
 */
#define DEFINE_CLEANUP(type, function)                                                                       \
	static inline void cleanup_##function(type *p) UNCHECKED                                             \
	{                                                                                                    \
		if (*p)                                                                                      \
			function(*p);                                                                        \
	}                                                                                                    \
	struct cleanup_needs_semicolon

#define CLEANUP(function) __attribute__((cleanup(cleanup_##function)))

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

DEFINE_CLEANUP(FILE *, fclose);

#define TAKE_PTR(p)                                                                                          \
	({                                                                                                   \
		__typeof__(p) taken_ = (p);                                                                  \
		(p) = NULL;                                                                                  \
		taken_;                                                                                      \
	})

#define TAKE_FD(fd)                                                                                          \
	({                                                                                                   \
		int taken_ = (fd);                                                                           \
		(fd) = -1;                                                                                   \
		taken_;                                                                                      \
	})

#endif

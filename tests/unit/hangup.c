/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Preloaded: a SIGHUP as early as one can come to a program that is there: before the constructors of its
 * libraries. */
#include <signal.h>
#include <unistd.h>

__attribute__((constructor)) static void hang_up(void)
{
	kill(getpid(), SIGHUP);
}

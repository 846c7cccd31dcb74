/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A lock for each plugin would do too, but plugins share libraries, and nobody waits long for this one. */
#include "host/plugin/callback.h"

#include <pthread.h>

static pthread_mutex_t callbacks = PTHREAD_MUTEX_INITIALIZER;

void callback_lock(void)
{
	pthread_mutex_lock(&callbacks);
}

bool callback_try_lock(void)
{
	return pthread_mutex_trylock(&callbacks) == 0;
}

void callback_unlock(void)
{
	pthread_mutex_unlock(&callbacks);
}

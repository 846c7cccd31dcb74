/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One lock for each plugin would be enough, but plugins share libraries, and nobody waits long for this one.
 */
#include "host/plugin/callback.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/plugin/crash.h"
#include "host/plugin/hang.h"

static pthread_mutex_t callbacks = PTHREAD_MUTEX_INITIALIZER;
static struct place own, *place = &own;

/* Whoever reads it in a signal handler of this thread, or in another process after a crash, sees a whole one.
 */
static void note(const struct callback *callback)
{
	snprintf(place->slot, sizeof(place->slot), "%s", callback->slot ? callback->slot : "");
	snprintf(place->callback, sizeof(place->callback), "%s", callback->name);
	place->thread = gettid();
	place->entered++;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	snprintf(place->plugin, sizeof(place->plugin), "%s", callback->plugin);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void enter(const struct callback *callback)
{
	quarantine_enter(callback->content, callback->plugin, callback->way);
	note(callback);
	crash_enter(place);
	hang_begin(place);
}

void callback_begin(const struct callback *callback) UNCHECKED
{
	pthread_mutex_lock(&callbacks);
	enter(callback);
}

bool callback_try_begin(const struct callback *callback) UNCHECKED
{
	if (pthread_mutex_trylock(&callbacks) != 0)
		return false;
	enter(callback);
	return true;
}

void callback_end(void) UNCHECKED
{
	hang_end();
	place->plugin[0] = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	quarantine_exit();
	pthread_mutex_unlock(&callbacks);
}

/* Where it begins and ends is module.c's. */
void callback_run(const struct descriptor *plugin, const struct digest *content, const char *what) UNCHECKED
{
	const struct callback callback = {
		.plugin = plugin->name,
		.name = what ? what : "",
		.content = content,
		.way = what && strcmp(what, "destructors") == 0 ? QUARANTINE_END : QUARANTINE_CHANGE,
	};

	if (what)
		callback_begin(&callback);
	else
		callback_end();
}

void callback_use_place(struct place *other)
{
	place = other;
}

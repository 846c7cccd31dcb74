/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin that crashes the host, ends it, or does not return: the first build where it is told to, the
 * second as soon as a host loads it, and the third wherever it is loaded.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <xslot/plugin.h>

#include HEADER /* generated: wreck-vN.bpf.h */

#if BUILD >= 2
/* Where files are looked at first, and nowhere else, a seccomp filter is at work. */
__attribute__((constructor)) static void crash_at_once(void)
{
	if (BUILD == 3 || prctl(PR_GET_SECCOMP) == 0)
		raise(SIGSEGV);
}
#endif

enum where { NOWHERE, START, RESUME, STACK, CHECK, STATUS, WATCH, STOP, LIVE };
enum how { CRASH, EXIT, EXIT_AT_ONCE, HANG };

static volatile int depth;
static unsigned ticks;

/* It ends with the stack: whoever is given the frame's address keeps the compiler from making a loop of it.
 */
__attribute__((noinline)) static int recurse(volatile char *above)
{
	volatile char frame[4096];

	frame[0] = (char)depth++;
	if (depth < 0)
		return *above;
	return recurse(frame) + frame[0];
}

static int crash_in(struct xslot_context *context, enum where where)
{
	enum where wanted = (enum where)xslot_value(context, "crash")->number;

	if (where == START && wanted == STACK)
		return recurse(NULL);
	if (wanted != where)
		return 0;
	switch ((enum how)xslot_value(context, "how")->number) {
	case EXIT:
		exit(0);
	case EXIT_AT_ONCE:
		_exit(0);
	case HANG:
		for (;;)
			pause();
	default:
		return raise(SIGABRT);
	}
}

/* Not at once: the host is to be up. */
static void tick(struct xslot_context *context, void *data)
{
	if (++ticks > 100)
		crash_in(context, WATCH);
}

static int check(struct xslot_context *context)
{
	return crash_in(context, CHECK);
}

static int start(struct xslot_context *context)
{
	xslot_watch_timer(context, 10000000, tick, NULL);
	return crash_in(context, START);
}

static int resume(struct xslot_context *context)
{
	xslot_watch_timer(context, 10000000, tick, NULL);
	return crash_in(context, RESUME);
}

static int status(struct xslot_context *context)
{
	xslot_status(context, "ticks", "%u", ticks);
	return crash_in(context, STATUS);
}

static int live(struct xslot_context *context)
{
	return crash_in(context, LIVE);
}

static void stop(struct xslot_context *context)
{
	crash_in(context, STOP);
}

XSLOT_PARAMS({ "crash", XSLOT_ENUM, "where", .callbacks = 1, .fallback = "nowhere",
		     .words = "nowhere|start|resume|stack|check|status|watch|stop|live" },
	{ "how", XSLOT_ENUM, "what it does there", .callbacks = 1, .fallback = "crash",
		.words = "crash|exit|_exit|hang" });

XSLOT_PLUGIN(wreck, .version = VERSION, .summary = "crash the host", XSLOT_BPF(wreck),
	.check = check, .start = start, .live = live, .status = status, .resume = resume, .stop = stop);

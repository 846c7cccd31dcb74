/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin that crashes the host: the first build where it is told to, the second as soon as a host loads it,
 * and the third wherever it is loaded.
 */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
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

enum where { NOWHERE, START, RESUME, STACK, CHECK };

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
	return wanted == where ? raise(SIGABRT) : 0;
}

static void tick(struct xslot_context *context, void *data)
{
	ticks++;
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
	return 0;
}

XSLOT_PLUGIN(wreck, .version = VERSION, .summary = "crash the host", XSLOT_BPF(wreck),
	XSLOT_PARAMS({ "crash", XSLOT_ENUM, "where", .fallback = "nowhere",
		.words = "nowhere|start|resume|stack|check" }),
	.check = check, .start = start, .resume = resume, .status = status);

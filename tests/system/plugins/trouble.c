/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin that fails where it is told to, or takes its time. Its two builds call their state by other
 * numbers, so that going from one to the other asks for migrate.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>
#include <xslot/plugin.h>

#include HEADER /* generated: trouble-vN.bpf.h */

enum where { NOWHERE, CHECK, START, MIGRATE, SILENTLY };

static int fail_in(struct xslot_context *context, enum where where, const char *name)
{
	if (xslot_value(context, "fail")->number != where)
		return 0;
	return xslot_error(context, "fail", 0, "%s fails, as asked", name);
}

/* A test that finds the file knows where we are, and removes it to let us go on. */
static void wait_at(const char *gate)
{
	const struct timespec moment = { .tv_nsec = 5000000 };

	close(open(gate, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	while (access(gate, F_OK) == 0)
		nanosleep(&moment, NULL);
}

static int check(struct xslot_context *context)
{
	uint64_t wait = xslot_value(context, "wait")->number;
	struct timespec time = { (time_t)(wait / 1000000000), (long)(wait % 1000000000) };

	if (xslot_value(context, "gate")->given)
		wait_at(xslot_value(context, "gate")->text);
	nanosleep(&time, NULL);
	return fail_in(context, CHECK, "check");
}

static int start(struct xslot_context *context)
{
	if (xslot_value(context, "fail")->number == SILENTLY)
		return -EXFULL;
	return fail_in(context, START, "start");
}

static int migrate(struct xslot_context *context, uint32_t old_version)
{
	uint64_t count;
	uint32_t zero = 0;

	if (fail_in(context, MIGRATE, "migrate") < 0)
		return -EINVAL;
	if (bpf_map_lookup_elem(xslot_old_map_fd(context, "seen"), &zero, &count) < 0 ||
		bpf_map_update_elem(xslot_map_fd(context, "seen"), &zero, &count, BPF_ANY) < 0)
		return -errno;
	return 0;
}

static int settle(struct xslot_context *context, uint32_t old_version)
{
	if (xslot_value(context, "settle")->given)
		wait_at(xslot_value(context, "settle")->text);
	return 0;
}

static int status(struct xslot_context *context)
{
	uint64_t count = 0;
	uint32_t zero = 0;

	bpf_map_lookup_elem(xslot_map_fd(context, "seen"), &zero, &count);
	xslot_status(context, "seen", "%" PRIu64, count);
	return 0;
}

XSLOT_PARAMS({ "fail", XSLOT_ENUM, "where to fail", .callbacks = 1, .fallback = "nowhere",
		     .words = "nowhere|check|start|migrate|silently" },
	{ "unsafe", XSLOT_BOOL, "have a program that the verifier refuses", .fallback = "no" },
	{ "gate", XSLOT_PATH, "a file that check makes, and waits until it is gone", .callbacks = 1 },
	{ "wait", XSLOT_DURATION, "how long check takes", .callbacks = 1, .fallback = "0" },
	{ "settle", XSLOT_PATH, "as gate, for settle", .callbacks = 1 });

XSLOT_PLUGIN(trouble, .version = VERSION, .summary = "fail where it is told to", .state_version = BUILD,
	XSLOT_BPF(trouble),
	.check = check, .start = start, .migrate = migrate, .settle = settle, .status = status);

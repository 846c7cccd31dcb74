/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Packets keep coming meanwhile, so a window is replaced only by one that has nothing in it: a SYN that came
 * at that moment is missing in the window, not in the counts.
 */
#include "commands.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <xslot/counter.h>
#include <xslot/number.h>

#include "synguard.h"

struct found {
	uint64_t prefixes, blocked, unblocked, syns, dropped;
};

/* bpf_ktime_get_ns() of this moment. */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Does one of them contain the other? */
static bool meets(const struct synguard_prefix *prefix, const struct xslot_prefix *named)
{
	unsigned length = prefix->length < named->length ? prefix->length : named->length, rest = length % 8;

	if (prefix->family != named->family || memcmp(prefix->address, named->address, length / 8) != 0)
		return false;
	return rest == 0 || (prefix->address[length / 8] ^ named->address[length / 8]) >> (8 - rest) == 0;
}

static int unblock(int windows, const struct synguard_prefix *prefix, struct found *found)
{
	static const struct synguard_window fresh;

	found->unblocked++;
	/* It may have been forgotten just now. */
	return bpf_map_update_elem(windows, prefix, &fresh, BPF_EXIST) < 0 && errno != ENOENT ? -errno : 0;
}

static int look(struct xslot_context *context, int windows, const struct synguard_prefix *prefix, bool end,
	struct found *found)
{
	struct synguard_window window = {};
	uint64_t sums[2] = {}; /* a struct synguard_count */

	found->prefixes++;
	if (xslot_sum(context, "counts", prefix, sums, 2) == 0) {
		found->syns += sums[0];
		found->dropped += sums[1];
	}
	if (bpf_map_lookup_elem(windows, prefix, &window) < 0 || window.blocked_until <= now_ns())
		return 0;
	found->blocked++;
	return end ? unblock(windows, prefix, found) : 0;
}

/* All prefixes that are remembered, and meet the named one. Others come and go meanwhile: there is an end. */
static int look_at_all(
	struct xslot_context *context, const struct xslot_prefix *named, bool end, struct found *found)
{
	int windows = xslot_map_fd(context, "windows"), r = 0;
	uint64_t left = 2 * xslot_value(context, "prefixes")->number;
	struct synguard_prefix prefix, *before = NULL;

	if (windows < 0)
		return windows;
	while (r == 0 && left-- > 0 && bpf_map_get_next_key(windows, before, &prefix) == 0) {
		before = &prefix;
		if (meets(&prefix, named))
			r = look(context, windows, &prefix, end, found);
	}
	return r;
}

static void show(struct xslot_context *context, const char *name, const char *unit, uint64_t value)
{
	xslot_status_number(
		context, &(struct xslot_number){
				 .name = name, .unit = unit, .kind = XSLOT_GAUGE, .value = (int64_t)value });
}

int synguard_unblock(struct xslot_context *context, const struct xslot_value *arguments, size_t n)
{
	const struct xslot_prefix *named = &arguments[0].prefix;
	char text[INET6_ADDRSTRLEN];
	struct found found = {};
	int r = look_at_all(context, named, true, &found);

	if (r < 0)
		return r;
	if (found.unblocked == 0)
		return xslot_error(context, "", 0, "nothing in %s/%u is blocked",
			inet_ntop(
				named->family == 4 ? AF_INET : AF_INET6, named->address, text, sizeof(text)),
			named->length);
	show(context, "unblocked", "prefixes", found.unblocked);
	return 0;
}

int synguard_show(struct xslot_context *context, const struct xslot_value *arguments, size_t n)
{
	struct found found = {};
	int r = look_at_all(context, &arguments[0].prefix, false, &found);

	if (r < 0)
		return r;
	show(context, "seen", "prefixes", found.prefixes);
	show(context, "blocked", "prefixes", found.blocked);
	show(context, "syns", "packets", found.syns);
	show(context, "dropped", "packets", found.dropped);
	return 0;
}

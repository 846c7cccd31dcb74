/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The user-space side of synguard: its parameters, and the allow list. Its counters show themselves. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <xslot/file.h>
#include <xslot/map.h>
#include <xslot/plugin.h>

#include "commands.h"
#include "synguard.bpf.h"
#include "synguard.h"

#define PREFIXES_MAX (1 << 22)
#define SECOND 1000000000LL

/* Where the prefixes of the allow list go; in `check` there are no maps yet, and they are only counted. */
struct allow_list {
	int fd4, fd6; /* -1: none */
	uint32_t n4, n6;
};

static int add(struct xslot_file *file, struct allow_list *list, const struct xslot_prefix *prefix)
{
	struct synguard_allow4 four = { .length = prefix->length };
	struct synguard_allow6 six = { .length = prefix->length };
	bool is_four = prefix->family == 4;
	int fd = is_four ? list->fd4 : list->fd6, r;
	uint8_t one = 1;

	memcpy(four.address, prefix->address, sizeof(four.address));
	memcpy(six.address, prefix->address, sizeof(six.address));
	++*(is_four ? &list->n4 : &list->n6);
	if (fd < 0)
		return 0;
	r = bpf_map_update_elem(fd, is_four ? (void *)&four : (void *)&six, &one, BPF_ANY);
	return r < 0 ? xslot_file_error(file, "cannot allow %s: %s", file->words[0], strerror(-r)) : 0;
}

static int read_allow_list(struct xslot_context *context, struct allow_list *list)
{
	struct xslot_prefix prefix;
	struct xslot_file file;

	xslot_file_open(&file, context, "allow");
	while (xslot_file_next(&file)) {
		if (file.n_words != 1)
			xslot_file_error(&file, "write one address or prefix a line");
		else if (!xslot_file_prefix(&file, NULL, file.words[0], &prefix))
			add(&file, list, &prefix);
	}
	return xslot_file_close(&file);
}

/* A map of no entries cannot be made. */
static int set_size(struct xslot_context *context, const char *map, uint32_t n)
{
	return xslot_map_entries(context, map, n ? n : 1);
}

static int check(struct xslot_context *context)
{
	struct allow_list list = { .fd4 = -1, .fd6 = -1 };
	int r = read_allow_list(context, &list);

	if (r == 0)
		r = set_size(context, "allow4", list.n4);
	return r ? r : set_size(context, "allow6", list.n6);
}

static int start(struct xslot_context *context)
{
	struct allow_list list = { .fd4 = xslot_map_fd(context, "allow4"),
		.fd6 = xslot_map_fd(context, "allow6") };

	if (list.fd4 < 0 || list.fd6 < 0)
		return list.fd4 < 0 ? list.fd4 : list.fd6;
	return read_allow_list(context, &list);
}

/* The maps have the list since `start`. */
static int resume(struct xslot_context *context)
{
	return 0;
}

XSLOT_PARAMS({ "limit", XSLOT_UINT, "SYNs in a window from one prefix; one more blocks it", .required = 1,
		     XSLOT_AT_LEAST(1) },
	{ "window", XSLOT_DURATION, "how long SYNs are counted", .fallback = "1s",
		XSLOT_RANGE(1000000, 3600 * SECOND) },
	{ "block", XSLOT_DURATION, "how long a prefix stays blocked", .fallback = "10s",
		XSLOT_RANGE(1000000, 24 * 3600 * SECOND) },
	{ "prefix4", XSLOT_UINT, "bits of an IPv4 address that are a prefix", .fallback = "24",
		XSLOT_AT_MOST(32) },
	{ "prefix6", XSLOT_UINT, "bits of an IPv6 address that are a prefix", .fallback = "64",
		XSLOT_AT_MOST(128) },
	{ "prefixes", XSLOT_UINT,
		"how many are remembered; beyond that the least recently seen are forgotten",
		.fallback = "65536", XSLOT_RANGE(1, PREFIXES_MAX) },
	{ "allow", XSLOT_FILE, "addresses and prefixes that are never blocked, one a line" });

XSLOT_COMMANDS({ "unblock", "PREFIX", "end the blocks of what is in the prefix, or around it",
		       .run = synguard_unblock },
	{ "show", "PREFIX", "what was counted there", .reading = 1, .run = synguard_show });

XSLOT_PLUGIN(synguard, .version = "1.0.0", .summary = "block source prefixes that open too many connections",
	XSLOT_BPF(synguard), .check = check, .start = start, .resume = resume);

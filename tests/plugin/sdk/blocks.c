/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What commands can do: change a map, answer with texts and numbers, fail with and without words. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <xslot/number.h>
#include <xslot/plugin.h>

#include "blocks.bpf.h"

static int block(struct xslot_context *context, const struct xslot_value *arguments, size_t n)
{
	int fd = xslot_map_fd(context, "blocked");

	if (fd < 0)
		return fd;
	if (arguments[0].prefix.family != 4)
		return xslot_error(context, "", 0, "only IPv4 can be blocked");
	if (bpf_map_update_elem(fd, arguments[0].prefix.address, &arguments[1].number, BPF_ANY) < 0)
		return -errno;
	xslot_status(
		context, "blocked", "for %llu s", (unsigned long long)(arguments[1].number / 1000000000));
	return 0;
}

static int unblock(struct xslot_context *context, const struct xslot_value *arguments, size_t n)
{
	int fd = xslot_map_fd(context, "blocked");

	return fd < 0 ? fd : bpf_map_delete_elem(fd, arguments[0].prefix.address) < 0 ? -errno : 0;
}

static int count(struct xslot_context *context, const struct xslot_value *arguments, size_t n)
{
	int fd = xslot_map_fd(context, "blocked");
	uint8_t key[4], *before = NULL;
	struct xslot_number number = { .name = "blocked", .unit = "addresses" };

	for (; fd >= 0 && bpf_map_get_next_key(fd, before, key) == 0; before = key)
		number.value++;
	return fd < 0 ? fd : xslot_status_number(context, &number);
}

static void tick(struct xslot_context *context, void *data)
{
}

static int watch(struct xslot_context *context, const struct xslot_value *arguments, size_t n)
{
	return xslot_watch_once(context, 1000000000, tick, NULL);
}

static int echo(struct xslot_context *context, const struct xslot_value *arguments, size_t n)
{
	xslot_status(context, "text", "%s", arguments[0].text);
	xslot_status(context, "path", "%s", arguments[1].text);
	xslot_status(context, "integer", "%lld", (long long)arguments[2].integer);
	xslot_status(context, "yes", "%d of %zu", arguments[3].boolean, n);
	return 0;
}

XSLOT_COMMANDS({ "block", "ADDRESS DURATION", "drop what comes from this address", .run = block },
	{ "unblock", "ADDRESS", "let it pass again", .run = unblock },
	{ "count", "", "how many are blocked", .reading = 1, .run = count },
	{ "watch", "", "what a command must not do", .run = watch },
	{ "echo", "STRING PATH INT BOOL", "say it again", .reading = 1, .run = echo });

XSLOT_PLUGIN(blocks, .version = "1.0.0", .summary = "drop what comes from blocked addresses", XSLOT_BPF(blocks));

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin that has to be the only one of its name: it binds a socket when it is live, counts its lives in
 * its state, and has a timer from then on.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xslot/plugin.h>

#include HEADER /* generated: beacon-vN.bpf.h */

struct beacon {
	int fd;
	unsigned ticks;
};

static void tick(struct xslot_context *context, void *data)
{
	struct beacon *beacon = context->data;

	beacon->ticks++;
}

/* EADDRINUSE while another one has it. */
static int begin(struct xslot_context *context)
{
	struct beacon *beacon = calloc(1, sizeof(*beacon));
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0xslot-test-beacon" };

	if (!beacon)
		return -ENOMEM;
	context->data = beacon;
	beacon->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (beacon->fd < 0 || bind(beacon->fd, (const struct sockaddr *)&name, sizeof(name)) < 0)
		return -errno;
	return xslot_watch_timer(context, 10000000, tick, NULL);
}

static int live(struct xslot_context *context)
{
	int fd = xslot_map_fd(context, "lives");
	uint32_t zero = 0;
	uint64_t lives;

	if (bpf_map_lookup_elem(fd, &zero, &lives) < 0)
		return -errno;
	lives++;
	if (bpf_map_update_elem(fd, &zero, &lives, BPF_ANY) < 0)
		return -errno;
	return begin(context);
}

static int status(struct xslot_context *context)
{
	const struct beacon *beacon = context->data;
	uint32_t zero = 0;
	uint64_t lives = 0;

	bpf_map_lookup_elem(xslot_map_fd(context, "lives"), &zero, &lives);
	xslot_status(context, "lives", "%" PRIu64, lives);
	xslot_status(context, "ticks", "%u", beacon ? beacon->ticks : 0);
	return 0;
}

static void stop(struct xslot_context *context)
{
	struct beacon *beacon = context->data;

	if (beacon)
		close(beacon->fd);
	free(beacon);
}

XSLOT_PLUGIN(beacon, .version = VERSION, .summary = "be the only one", XSLOT_BPF(beacon), .live = live,
	.status = status, .resume = begin, .stop = stop);

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The user-space side of scaffold: it reads a file of prefixes into the table of the BPF program. `check` and
 * `start` read the same bytes, so what was accepted can be filled in.
 */
#include <bpf/bpf.h>
#include <string.h>
#include <xslot/counter.h>
#include <xslot/file.h>
#include <xslot/plugin.h>

#include "scaffold.bpf.h" /* generated: the bytes of the compiled scaffold.bpf.c */
#include "scaffold.h"

/* One line; into the map, unless `fd` is -1. */
static void read_line(struct xslot_file *file, int fd)
{
	struct scaffold_key key = {};
	struct xslot_prefix prefix = {};
	__u32 blocked = 1;

	if (file->n_words > 1) {
		xslot_file_error(
			file, "\"%s\" is one word too many: write one prefix a line", file->words[1]);
		return;
	}
	if (xslot_file_prefix(file, NULL, file->words[0], &prefix))
		return;
	key.length = 32 + prefix.length;
	key.family = prefix.family;
	memcpy(key.address, prefix.address, sizeof(key.address));
	if (fd >= 0 && bpf_map_update_elem(fd, &key, &blocked, BPF_ANY))
		xslot_file_error(file, "cannot add %s: %s", file->words[0], strerror(errno));
}

static int read_file(struct xslot_context *context, int fd)
{
	struct xslot_file file;

	xslot_file_open(&file, context, "sources");
	while (xslot_file_next(&file))
		read_line(&file, fd);
	return xslot_file_close(&file);
}

static int check(struct xslot_context *context)
{
	return read_file(context, -1);
}

/* The map is empty, and no packet reaches it yet. */
static int start(struct xslot_context *context)
{
	int fd = xslot_map_fd(context, "blocked");

	return fd < 0 ? fd : read_file(context, fd);
}

static int status(struct xslot_context *context)
{
	uint64_t dropped;
	int r = xslot_counter(context, "dropped", 0, &dropped);

	if (r == 0)
		xslot_status(context, "dropped", "%" PRIu64 " packets", dropped);
	return r;
}

/* After a restart of the host the map is as it was: there is nothing to do. */
static int resume(struct xslot_context *context)
{
	(void)context;
	return 0;
}

XSLOT_PARAMS({ "sources", XSLOT_FILE, "prefixes whose packets are dropped, one a line", .required = 1 });

XSLOT_PLUGIN(scaffold,
	.version = "0.1.0",
	.summary = "drop what comes from the prefixes of a file",
	XSLOT_BPF(scaffold),
	.check = check,
	.start = start,
	.status = status,
	.resume = resume);

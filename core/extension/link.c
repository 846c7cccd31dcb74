/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A link is one file descriptor; closing the last one detaches. libbpf's struct bpf_link adds nothing to
 * that, needs a struct bpf_program (which an extension from a pin does not have), and leaks if it is
 * disconnected before it is destroyed. So we call the kernel directly. A pin is removed before the last
 * close: unlinking the last reference detaches at some later time, closing it detaches now.
 *
 * Older kernels (5.10) release a removed pin only after a grace period, so even that close may not be the
 * last one. A caller that unpins and closes wants the function back: then we wait for it, for the length of a
 * grace period. A process that may not look links up cannot see when that has happened; when it finds the
 * function taken, it tries again for the same time.
 */
#include "extension/link.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extension/bpffs.h"
#include "extension/holder.h"
#include "extension/permission.h"
#include "util/cleanup.h"
#include "util/diag.h"

#define GONE_MS 250
#define BLIND_MS 20 /* a grace period takes 8 to 16 */

struct xslot_link {
	int fd;
	uint32_t id, program_id;
	uint32_t target_id; /* 0, and no function: from a pin, on a kernel before 5.13, which does not tell */
	uint32_t target_btf_id;
	char *pin; /* NULL: not pinned through this object */
	bool unpinned;
};

DEFINE_CLEANUP(struct xslot_link *, xslot_link_close);

static int link_new(int fd, struct xslot_link **ret_link, struct bpf_link_info *ret_info)
{
	struct xslot_link *link;
	struct bpf_link_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	link = calloc(1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	*link = (struct xslot_link){
		.fd = fd,
		.id = info.id,
		.program_id = info.prog_id,
		.target_id = info.tracing.target_obj_id,
		.target_btf_id = info.tracing.target_btf_id,
	};
	*ret_link = link;
	*ret_info = info;
	return 0;
}

static int attach_failed(
	int error, const struct program *target, uint32_t target_btf_id, struct xslot_diag *diag)
{
	char text[600];

	if (!diag)
		return -error;
	switch (error) {
	case EBUSY:
		holder_describe(target->id, target_btf_id, text, sizeof(text));
		return fail(diag, -EBUSY, "the function is taken %s", text);
	case EPERM:
		permission_explain(text, false);
		return fail(diag, -EPERM, "%s", text);
	case EINVAL:
		return fail(diag, -EINVAL,
			"the kernel finds extension and target incompatible and gives no reason (loading the extension for this very target gives one)");
	default:
		return fail(diag, -error, "%s", strerror(error));
	}
}

static bool may_look_up(void)
{
	CLEANUP(close) int fd = bpf_link_get_fd_by_id(0);

	return fd >= 0 || errno != EPERM;
}

/* The fd, or -errno. */
static int create_patiently(int program_fd, int target_fd, const struct bpf_link_create_opts *options)
{
	int fd = bpf_link_create(program_fd, target_fd, 0, options);

	if (fd != -EBUSY || may_look_up())
		return fd;
	for (int i = 0; fd == -EBUSY && i < GONE_MS; i += 5) {
		usleep(5000);
		fd = bpf_link_create(program_fd, target_fd, 0, options);
	}
	return fd;
}

int link_create(int program_fd, const struct program *target, uint32_t target_btf_id,
	struct xslot_link **ret_link, struct xslot_diag *diag)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .target_btf_id = target_btf_id);
	CLEANUP(close) int fd = create_patiently(program_fd, target->fd, &options);
	struct bpf_link_info info;
	int r;

	if (fd < 0)
		return attach_failed(-fd, target, target_btf_id, diag);
	r = link_new(fd, ret_link, &info);
	if (r < 0)
		return fail(diag, r, "cannot look at the new link: %s", strerror(-r));
	TAKE_FD(fd);
	(*ret_link)->target_id = target->id;
	(*ret_link)->target_btf_id = target_btf_id;
	return 0;
}

uint32_t link_id(const struct xslot_link *link)
{
	return link->id;
}

int xslot_link_fd(const struct xslot_link *link)
{
	return link->fd;
}

int link_check(const struct xslot_link *link, const struct program *target, const char *function,
	struct xslot_diag *diag)
{
	uint32_t id;
	int r;

	if (!link->target_id)
		return 0;
	if (link->target_id != target->id)
		return fail(diag, -EINVAL, "it fills a function of program %u, not of dispatcher %u",
			link->target_id, target->id);
	if (!target->btf)
		return 0;
	r = program_find_function(target, function, &id, diag);
	if (r < 0)
		return fail_within(diag, r, "%s of dispatcher %u", function, target->id);
	if (link->target_btf_id != id)
		return fail(diag, -EINVAL, "it fills another function of dispatcher %u than %s", target->id,
			function);
	return 0;
}

bool link_is_of(const struct xslot_link *link, uint32_t program_id)
{
	return program_id && link->program_id == program_id;
}

int xslot_link_get_info(
	const struct xslot_link *link, struct xslot_link_info *ret_info, struct xslot_diag *diag)
{
	struct xslot_link_info info = {
		.size = ret_info->size,
		.link_id = link->id,
		.program_id = link->program_id,
		.target_id = link->target_id,
		.target_btf_id = link->target_btf_id,
	};

	if (ret_info->size < offsetof(struct xslot_link_info, target_id))
		return fail(diag, -EINVAL, "link %u: size in struct xslot_link_info is not set", link->id);
	memcpy(ret_info, &info, info.size < sizeof(info) ? info.size : sizeof(info));
	return 0;
}

int xslot_link_pin(struct xslot_link *link, const char *path, struct xslot_diag *diag)
{
	CLEANUP(free) char *pin = strdup(path);
	char what[32];
	int r;

	if (!pin)
		return fail(diag, -ENOMEM, "out of memory");
	if (link->pin)
		return fail(diag, -EALREADY, "cannot pin link %u to %s: it is pinned to %s", link->id, path,
			link->pin);
	snprintf(what, sizeof(what), "link %u", link->id);
	r = bpffs_pin(link->fd, path, what, diag);
	if (r < 0)
		return r;
	link->pin = TAKE_PTR(pin);
	return 0;
}

int xslot_link_unpin(struct xslot_link *link, struct xslot_diag *diag)
{
	if (!link->pin)
		return fail(diag, -EINVAL, "cannot unpin link %u: it is not pinned through this object",
			link->id);
	if (unlink(link->pin) < 0 && errno != ENOENT)
		return fail(diag, -errno, "cannot unpin link %u from %s: %s", link->id, link->pin,
			strerror(errno));
	free(TAKE_PTR(link->pin));
	link->unpinned = true;
	return 0;
}

int xslot_link_open_pinned(const char *path, struct xslot_link **ret_link, struct xslot_diag *diag)
{
	CLEANUP(xslot_link_close) struct xslot_link *link = NULL;
	CLEANUP(close) int fd = -1;
	struct bpf_link_info info;
	int r;

	r = bpffs_open(path, BPFFS_LINK, &fd, diag);
	if (r < 0)
		return r;
	r = link_new(fd, &link, &info);
	if (r < 0)
		return fail(diag, r, "cannot look at the link that is pinned to %s: %s", path, strerror(-r));
	TAKE_FD(fd);
	/* Tracing programs have an attach type, extensions do not: type of link and this tell them apart. */
	if (info.type != BPF_LINK_TYPE_TRACING || info.tracing.attach_type != 0)
		return fail(diag, -EINVAL, "pin %s is a link, but not one of an extension program", path);
	link->pin = strdup(path);
	if (!link->pin)
		return fail(diag, -ENOMEM, "out of memory");
	*ret_link = TAKE_PTR(link);
	return 0;
}

/*
 * Wait until the link is gone: in vain, but not for long, when somebody else holds it. Each look is a
 * reference, held while we wait, so that it is most likely the last and its close detaches at once.
 */
static void wait_until_gone(uint32_t id)
{
	for (int i = 0; i < GONE_MS; i += 5) {
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0 && errno == ENOENT)
			return;
		usleep(5000);
		if (fd >= 0)
			close(fd);
	}
}

void xslot_link_close(struct xslot_link *link)
{
	bool last, blind;

	if (!link)
		return;
	last = link->unpinned && !link->pin;
	/* A process that may not look keeps its own reference for as long as the pin's may last. */
	blind = last && link_exists(link->id) == -EPERM;
	if (blind)
		usleep(BLIND_MS * 1000);
	close(link->fd);
	if (last && !blind)
		wait_until_gone(link->id);
	free(link->pin);
	free(link);
}

int link_exists(uint32_t id)
{
	CLEANUP(close) int fd = bpf_link_get_fd_by_id(id);

	if (fd >= 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

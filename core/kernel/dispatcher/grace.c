/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Why a map-in-map and not membarrier: after user space replaces an inner map, the kernel waits for an RCU
 * grace period before the system call returns, so that the caller may rely on no program still using the old
 * map. That is exactly what is needed here, it is documented behaviour, and it has no exceptions.
 * membarrier(GLOBAL) is refused under nohz_full, and returns at once with one CPU online, where a preempted
 * program may still run.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "extension/permission.h"
#include "kernel/dispatcher/grace.h"
#include "util/cleanup.h"
#include "util/diag.h"

#define INNER "xslot_grace_in"
#define OUTER "xslot_grace"

struct grace {
	int inner; /* put into `outer` at each wait; that it is the same map each time does not matter */
	int outer;
};

DEFINE_CLEANUP(struct grace *, grace_free);

void grace_free(struct grace *grace)
{
	if (!grace)
		return;
	cleanup_close(&grace->inner);
	cleanup_close(&grace->outer);
	free(grace);
}

static int make_maps(struct grace *ret_grace, struct xslot_diag *diag)
{
	CLEANUP(close) int inner = -1;
	LIBBPF_OPTS(bpf_map_create_opts, options);
	int outer;

	inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, INNER, 4, 4, 1, NULL);
	if (inner < 0)
		return fail(diag, -errno, "cannot create the map that waits for a grace period: %s",
			permission_reason(errno, (char[PERMISSION_TEXT]){ 0 }));
	options.inner_map_fd = inner;
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, OUTER, 4, 4, 1, &options);
	if (outer < 0)
		return fail(diag, -errno, "cannot create the map of maps that waits for a grace period: %s",
			permission_reason(errno, (char[PERMISSION_TEXT]){ 0 }));
	*ret_grace = (struct grace){ .inner = TAKE_FD(inner), .outer = outer };
	return 0;
}

int grace_new(struct grace **ret_grace, struct xslot_diag *diag)
{
	struct grace *grace CLEANUP(grace_free) = malloc(sizeof(*grace));
	int r;

	if (!grace)
		return fail(diag, -ENOMEM, "no memory for the maps that wait for a grace period");
	*grace = (struct grace){ .inner = -1, .outer = -1 };
	r = make_maps(grace, diag);
	if (r < 0)
		return r;
	*ret_grace = TAKE_PTR(grace);
	return 0;
}

/* A plugin may have closed what was not its own. When that cannot be found out, it is supposed to be there.
 */
static bool is_ours(int fd, const char *name)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return errno != EBADF && errno != EBADFD && errno != EINVAL;
	return strncmp(info.name, name, sizeof(info.name) - 1) == 0;
}

static int wait_once(const struct grace *grace)
{
	const uint32_t key = 0;

	return bpf_map_update_elem(grace->outer, &key, &grace->inner, BPF_ANY) < 0 ? -errno : 0;
}

int grace_wait(struct grace *grace, struct xslot_diag *diag)
{
	int r;

#ifdef SABOTAGE_NO_GRACE
	return 0;
#endif
	r = wait_once(grace);
	if (r < 0)
		r = wait_once(grace); /* for want of memory, for a moment */
	if (r == 0)
		return 0;
	/* Those that are not ours have numbers of others, which are not to be closed. */
	if (is_ours(grace->inner, INNER) && is_ours(grace->outer, OUTER))
		fail(diag, r, "%s", strerror(-r));
	else
		r = make_maps(grace, diag);
	if (r == 0 && (r = wait_once(grace)) < 0)
		fail(diag, r, "%s", strerror(-r));
	return r < 0 ? fail_within(diag, r, "cannot wait for packets to leave the old generation") : 0;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a host leaves in bpffs outlives its network namespace: programs and maps that no packet meets, in a
 * folder whose name is an inode number, which the kernel gives to the next namespace. The host of a new
 * namespace must not use what is in that folder: nobody ever told it to bypass its firewall. Where the kernel
 * has cookies, the folder's mark shows whose it is; where it has none, the fact that all attachments are
 * dead.
 *
 * A folder of another namespace is removed only if that namespace is certainly gone. A host in it holds a
 * lock, a live link shows that it exists, and otherwise all processes are searched.
 */
#include "host/kept/namespace.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/kept/removal.h"
#include "host/kept/snapshot.h"
#include "kernel/netdev/netdev.h"
#include "kernel/netns.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

DEFINE_CLEANUP(struct pindir *, pindir_close);

int namespace_take(struct pindir *pins, struct grace *grace, struct xslot_diag *diag)
{
	const char *root = pindir_root(pins);
	size_t n = 0;
	int r;

	if (pindir_past(pins) == PINDIR_ANOTHERS) {
		log_warning(
			"%s was left by a host in a network namespace that is gone, whose number this one has now: nothing in it is taken over",
			root);
		r = removal_run(root, NULL, grace, &n, diag);
		if (r < 0)
			return fail_within(
				diag, r, "cannot remove the leftovers of a network namespace that is gone");
		log_warning("removed %zu chain%s of a network namespace that is gone, from %s", n,
			n == 1 ? "" : "s", root);
	}
	return pindir_mark(pins, diag);
}

/* ---- what is attached ---- */

struct attachments {
	size_t n, live;
	unsigned ifindex; /* of one that is live */
};

static int count_in_chain(const char *root, const char *chain, struct attachments *count)
{
	CLEANUP(free) char *folder = NULL;
	char **names = NULL;
	size_t n = 0;
	int r;

	if (asprintf(&folder, "%s/%s/if", root, chain) < 0)
		memory_out();
	r = pindir_list(folder, &names, &n, NULL);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		CLEANUP(free) char *pin = NULL;
		unsigned ifindex = 0;

		if (asprintf(&pin, "%s/%s", folder, names[i]) < 0)
			memory_out();
		r = netdev_pin_is_live(pin, &ifindex);
		count->n++;
		if (r == 1) {
			count->live++;
			count->ifindex = ifindex;
		}
	}
	pindir_list_free(names, n);
	return r < 0 ? r : 0;
}

static int count_attachments(const char *root, struct attachments *ret_count)
{
	struct attachments count = {};
	char **names = NULL;
	size_t n = 0;
	int r;

	r = pindir_list(root, &names, &n, NULL);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = removal_is_chain(root, names[i]);
		if (r == 1)
			r = count_in_chain(root, names[i], &count);
	}
	pindir_list_free(names, n);
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

int namespace_is_dead(const char *root)
{
	struct attachments count;
	int r = count_attachments(root, &count);

	return r < 0 ? r : count.n > 0 && count.live == 0;
}

int namespace_would_be_dead(const char *bpffs)
{
	CLEANUP(free) char *root = NULL;
	uint64_t cookie, inode;
	int r;

	r = netns_cookie(&cookie);
	if (r != 0)
		return r < 0 ? r : 0;
	r = netns_inode(&inode);
	if (r < 0)
		return r;
	if (asprintf(&root, "%s/%llu", bpffs, (unsigned long long)inode) < 0)
		memory_out();
	return namespace_is_dead(root);
}

/* ---- other namespaces ---- */

/* Does the one that has the inode now have another cookie than the folder's mark? 1, 0 or not known. */
static bool is_reused(const char *root, uint64_t inode)
{
	uint64_t was, now;

	return pindir_cookie(root, &was) == 1 && netns_cookie_of(inode, &now) == 1 && was != now;
}

/* Is it gone? 1, 0, -errno. A live link that no namespace can be found for is said, too. */
static int is_gone(const char *root, uint64_t inode)
{
	struct attachments count;
	int exists, r;

	r = count_attachments(root, &count);
	if (r < 0)
		return r;
	exists = netns_exists(inode);
	if (exists == 1)
		return count.live == 0 && is_reused(root, inode);
	if (count.live == 0)
		return exists < 0 ? exists : 1;
	if (exists == 0)
		log_warning(
			"the network namespace of %s is gone, but interface %u, now in another one, runs a chain of it: `ip link` there shows its name, `bpftool link detach` takes the chain off",
			root, count.ifindex);
	return 0;
}

static int remove_folder(const char *root, struct grace *grace, size_t *n, struct xslot_diag *diag) ON_WORKER
{
	CLEANUP(pindir_close) struct pindir *pins = NULL;
	size_t removed = 0;
	int r;

	r = pindir_open_another(root, &pins, diag);
	if (r == -EBUSY) { /* since it was looked at */
		xslot_diag_clear(diag);
		return 0;
	}
	if (r == 0)
		r = removal_run(root, NULL, grace, &removed, diag);
	if (r < 0)
		return r;
	log_warning("removed %s: %zu chain%s of a network namespace that is gone", root, removed,
		removed == 1 ? "" : "s");
	*n += removed;
	return 0;
}

static bool has_a_host(const char *root)
{
	CLEANUP(pindir_close) struct pindir *pins = NULL;

	return pindir_open_another(root, &pins, NULL) == -EBUSY;
}

static int sweep_one(
	const char *root, uint64_t inode, struct grace *grace, size_t *n, struct xslot_diag *diag) ON_WORKER
{
	int r;

	if (has_a_host(root))
		return 0;
	r = is_gone(root, inode);
	if (r == 1)
		return remove_folder(root, grace, n, diag);
	if (r < 0)
		return fail(diag, r,
			"cannot see whether the network namespace of %s is gone, so the folder is left alone: %s%s",
			root, strerror(-r),
			r == -EXDEV ? " (processes outside of this PID namespace are not seen)" : "");
	return 0;
}

static bool is_number(const char *name)
{
	return name[0] && name[strspn(name, "0123456789")] == 0;
}

int namespace_sweep(const char *bpffs, const struct pindir *own, struct grace *grace, size_t *ret_n,
	struct xslot_diag *diag)
{
	char **names = NULL;
	size_t n = 0, removed = 0;
	int r, result;

	result = pindir_list(bpffs, &names, &n, diag);
	for (size_t i = 0; i < n; i++) {
		CLEANUP(free) char *root = NULL;

		if (!is_number(names[i]))
			continue;
		if (asprintf(&root, "%s/%s", bpffs, names[i]) < 0)
			memory_out();
		if (strcmp(root, pindir_root(own)) == 0)
			continue;
		xslot_diag_clear(diag);
		r = sweep_one(root, strtoull(names[i], NULL, 10), grace, &removed, diag);
		if (r < 0)
			log_warning("%s", diag->message);
		/* A container sees its own processes only, and others' folders are not its concern. */
		if (r < 0 && r != -EXDEV)
			result = r;
	}
	pindir_list_free(names, n);
	*ret_n = removed;
	return result;
}

/* ---- on disk ---- */

/* "BOOT COOKIE\n"; 0 when this kernel has no cookies. */
static int describe_own(char *ret_text, size_t size)
{
	CLEANUP(fclose) FILE *file = fopen(BOOT_ID, "re");
	char boot[64];
	uint64_t cookie;
	int r;

	if (!file)
		return -errno;
	if (fscanf(file, "%63s", boot) != 1)
		return -EIO;
	r = netns_cookie(&cookie);
	if (r == 1)
		snprintf(ret_text, size, "%s %llu\n", boot, (unsigned long long)cookie);
	return r;
}

static char *state_file(const char *state, const char *suffix)
{
	char *path;

	if (asprintf(&path, "%s/namespace%s", state, suffix) < 0)
		memory_out();
	return path;
}

int namespace_of_state_is_another(const char *state)
{
	CLEANUP(free) char *path = state_file(state, "");
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char own[128], was[128];
	ssize_t n;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	n = read(fd, was, sizeof(was) - 1);
	if (n < 0)
		return -errno;
	was[n] = 0;
	r = describe_own(own, sizeof(own));
	if (r != 1)
		return r;
	/* Another boot's cookies say nothing. */
	return strncmp(was, own, strcspn(own, " ") + 1) == 0 && strcmp(was, own) != 0;
}

int namespace_mark_state(const char *state, struct xslot_diag *diag)
{
	CLEANUP(free) char *path = state_file(state, ""), *new = state_file(state, ".new");
	char own[128];
	int r;

	r = describe_own(own, sizeof(own));
	if (r == 0)
		return 0;
	unlink(new);
	if (r == 1)
		r = snapshot_write_file(new, own, strlen(own));
	if (r == 0 && rename(new, path) < 0)
		r = -errno;
	return r < 0 ? fail(diag, r, "cannot write %s: %s", path, strerror(-r)) : 0;
}

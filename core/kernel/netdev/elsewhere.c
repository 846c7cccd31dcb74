/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A link can be detached wherever its interface is. A program that is attached through netlink follows the
 * interface into another network namespace, where its index may differ, and only a process in that namespace
 * can take it off. The kernel offers no way from here to there, so a thread visits all namespaces that can be
 * found, and ends there: it need not find the way back, and no socket of another thread is opened elsewhere.
 */
#include "kernel/netdev/elsewhere.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extension/bpffs.h"
#include "kernel/netdev/extack.h"
#include "kernel/netdev/netdev_private.h"

struct search {
	const struct netdev *netdev;
	uint32_t program;
	ino_t *seen; /* namespaces; the first is our own */
	size_t n_seen;
	bool found;
	int unseen; /* -errno: something that could not be looked at */
	char *name; /* the interface's, there */
};

/* In the namespace that the thread is in, take the program off, if it is there. */
static void strip_here(struct search *search)
{
	const struct netdev *netdev = search->netdev;
	struct if_nameindex *interfaces = if_nameindex();
	char text[256];

	if (!interfaces)
		search->unseen = -errno;
	for (size_t i = 0; interfaces && interfaces[i].if_index && !search->found; i++) {
		uint32_t id = 0;
		int r = neighbour_id(interfaces[i].if_index, netdev_flag(netdev->mode), &id);

		if (r == 0 && id != search->program)
			continue;
		if (r == 0)
			r = extack_replace(interfaces[i].if_index, netdev_flag(netdev->mode), -1, netdev->fd,
				text, sizeof(text));
		if (r < 0) {
			search->unseen = r == -ENODEV ? search->unseen : r;
			continue;
		}
		search->found = true;
		snprintf(search->name, IF_NAMESIZE, "%s", interfaces[i].if_name);
	}
	if (interfaces)
		if_freenameindex(interfaces);
}

/* Remember it: 1; 0 when it was seen before. */
static int is_new(struct search *search, ino_t inode)
{
	ino_t *more;

	for (size_t i = 0; i < search->n_seen; i++) {
		if (search->seen[i] == inode)
			return 0;
	}
	more = reallocarray(search->seen, search->n_seen + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	search->seen = more;
	more[search->n_seen++] = inode;
	return 1;
}

static int enter(struct search *search, const char *path)
{
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	r = is_new(search, st.st_ino);
	return r == 1 && setns(fd, CLONE_NEWNET) < 0 ? -errno : r;
}

/* What is not a namespace (a plain file in /run/netns), or ended meanwhile with its process, hides nothing.
 */
static void look_into(struct search *search, const char *path)
{
	int r = enter(search, path);

	if (r == 1)
		strip_here(search);
	else if (r < 0 && r != -ENOENT && r != -ESRCH && r != -EINVAL)
		search->unseen = r;
}

/* `format` makes of an entry's name the path of a namespace. */
static void look_through(struct search *search, const char *folder, const char *format, bool only_numbers)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[320];

	while (dir && !search->found && (entry = readdir(dir))) {
		if (only_numbers ? !isdigit((unsigned char)entry->d_name[0]) : entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), format, entry->d_name);
		look_into(search, path);
	}
	if (dir)
		closedir(dir);
	else if (errno != ENOENT)
		search->unseen = -errno;
}

static void *run(void *data)
{
	struct search *search = data;
	struct stat own;

	if (stat("/proc/thread-self/ns/net", &own) < 0 || is_new(search, own.st_ino) < 0) {
		search->unseen = -errno;
		return NULL;
	}
	look_through(search, "/run/netns", "/run/netns/%s", false);
	look_through(search, "/proc", "/proc/%s/ns/net", true);
	return NULL;
}

int netdev_strip_elsewhere(const struct netdev *netdev, char ret_name[static IF_NAMESIZE])
{
	struct search search = { .netdev = netdev, .name = ret_name };
	pthread_t thread;
	int r;

	if (netdev->kind != NETDEV_NETLINK || netdev->only_claimed)
		return 0;
	r = netdev_netlink_program_id(netdev, &search.program);
	if (r == 0)
		r = -pthread_create(&thread, NULL, run, &search);
	if (r < 0)
		return r;
	pthread_join(thread, NULL);
	free(search.seen);
	return search.found ? 1 : search.unseen;
}

int netdev_strip_pinned_elsewhere(const char *path, char ret_name[static IF_NAMESIZE])
{
	struct netdev netdev = { .kind = NETDEV_NETLINK, .fd = -1, .previous_fd = -1 };
	int r = bpffs_open(path, BPFFS_PROGRAM, &netdev.fd, NULL), unseen = 0;

	if (r < 0)
		return r == -EINVAL || r == -ENOENT ? 0 : r;
	/* The mode is known by the interface only. */
	for (int mode = XDP_MODE_NATIVE; mode <= XDP_MODE_GENERIC && r != 1; mode++) {
		netdev.mode = mode;
		r = netdev_strip_elsewhere(&netdev, ret_name);
		unseen = r < 0 ? r : unseen;
	}
	close(netdev.fd);
	return r == 1 ? 1 : unseen;
}

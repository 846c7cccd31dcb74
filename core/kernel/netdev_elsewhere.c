/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A link can be detached wherever its interface is. What is attached through netlink goes with the interface
 * into another network namespace, where its index may be another, and only who is in that namespace can take
 * it off. The kernel gives no way from here to there, so all namespaces that can be found are visited, by a
 * thread that ends there: it need not find the way back, and nobody else's sockets are opened elsewhere.
 */
#include "kernel/netdev_elsewhere.h"

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

#include "kernel/bpffs.h"
#include "kernel/extack.h"
#include "kernel/netdev_private.h"

struct search {
	const struct netdev *netdev;
	uint32_t program;
	ino_t *seen; /* namespaces; the first is our own */
	size_t n_seen;
	bool found;
	char *name; /* the interface's, there */
};

/* Of the namespace that the thread is in: is the program there, and was it taken off? */
static bool strip_here(struct search *search)
{
	const struct netdev *netdev = search->netdev;
	struct if_nameindex *interfaces = if_nameindex();
	char text[256];

	for (size_t i = 0; interfaces && interfaces[i].if_index && !search->found; i++) {
		uint32_t id = 0;

		if (neighbour_id(interfaces[i].if_index, netdev_flag(netdev->mode), &id) < 0 ||
			id != search->program ||
			extack_replace(interfaces[i].if_index, netdev_flag(netdev->mode), -1, netdev->fd,
				text, sizeof(text)) < 0)
			continue;
		search->found = true;
		snprintf(search->name, IF_NAMESIZE, "%s", interfaces[i].if_name);
	}
	if (interfaces)
		if_freenameindex(interfaces);
	return search->found;
}

/* Remember it; false when it was seen before. */
static bool is_new(struct search *search, ino_t inode)
{
	ino_t *more;

	for (size_t i = 0; i < search->n_seen; i++) {
		if (search->seen[i] == inode)
			return false;
	}
	more = reallocarray(search->seen, search->n_seen + 1, sizeof(*more));
	if (!more)
		return false;
	search->seen = more;
	more[search->n_seen++] = inode;
	return true;
}

static bool look_into(struct search *search, const char *path)
{
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && is_new(search, st.st_ino) && setns(fd, CLONE_NEWNET) == 0 &&
	       strip_here(search);
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
}

static void *run(void *data)
{
	struct search *search = data;
	struct stat own;

	if (stat("/proc/thread-self/ns/net", &own) < 0 || !is_new(search, own.st_ino))
		return NULL;
	look_through(search, "/run/netns", "/run/netns/%s", false);
	look_through(search, "/proc", "/proc/%s/ns/net", true);
	return NULL;
}

bool netdev_strip_elsewhere(const struct netdev *netdev, char ret_name[static IF_NAMESIZE])
{
	struct search search = { .netdev = netdev, .name = ret_name };
	pthread_t thread;

	if (netdev->kind != NETDEV_NETLINK || netdev->only_claimed)
		return false;
	search.program = netdev_netlink_program_id(netdev);
	if (search.program && pthread_create(&thread, NULL, run, &search) == 0)
		pthread_join(thread, NULL);
	free(search.seen);
	return search.found;
}

bool netdev_strip_pinned_elsewhere(const char *path, char ret_name[static IF_NAMESIZE])
{
	struct netdev netdev = { .kind = NETDEV_NETLINK, .fd = -1, .previous_fd = -1 };
	bool found = false;

	if (bpffs_open(path, BPFFS_PROGRAM, &netdev.fd, NULL) < 0)
		return false;
	/* The mode is known by the interface only. */
	for (int mode = XDP_MODE_NATIVE; mode <= XDP_MODE_GENERIC && !found; mode++) {
		netdev.mode = mode;
		found = netdev_strip_elsewhere(&netdev, ret_name);
	}
	close(netdev.fd);
	return found;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel does not list namespaces. A namespace exists as long as a thread is in it, a file of it is open,
 * or such a file is mounted (`ip netns` does that), perhaps only in another mount namespace: all three can be
 * seen in /proc.
 */
#include "kernel/netns.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

DEFINE_CLEANUP(DIR *, closedir);

int netns_cookie(uint64_t *ret_cookie)
{
	int fd CLEANUP(close) = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*ret_cookie);

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret_cookie, &size) == 0)
		return 1;
	return errno == ENOPROTOOPT ? 0 : -errno;
}

int netns_inode(uint64_t *ret_inode)
{
	struct stat st;

	if (stat("/proc/thread-self/ns/net", &st) < 0)
		return -errno;
	*ret_inode = st.st_ino;
	return 0;
}

/* What ended while it was looked at keeps nothing. */
static int unless_gone(int error)
{
	return error == ENOENT || error == ESRCH ? 0 : -error;
}

static int link_leads_to(const char *path, const char *wanted)
{
	char target[64];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return unless_gone(errno);
	target[n] = 0;
	return strcmp(target, wanted) == 0;
}

/* `format` makes a path of `pid` and an entry of the folder: a link that may lead to the namespace. */
static int search_folder(
	const char *pid, const char *folder, const char *format, const char *wanted, char *path)
{
	CLEANUP(closedir) DIR *dir = NULL;
	const struct dirent *entry;
	int unseen = 0;

	snprintf(path, PATH_MAX, "/proc/%s/%s", pid, folder);
	dir = opendir(path);
	if (!dir)
		return unless_gone(errno);
	while ((entry = readdir(dir))) {
		int r;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, PATH_MAX, format, pid, entry->d_name);
		r = link_leads_to(path, wanted);
		if (r == 1)
			return 1;
		unseen = r < 0 ? r : unseen;
	}
	return unseen;
}

/* The fourth field of a line is what is mounted: for a namespace, "net:[4026531840]"; the fifth is where. */
static int search_mounts(const char *pid, const char *wanted, char *path)
{
	CLEANUP(fclose) FILE *file = NULL;
	CLEANUP(free) char *line = NULL;
	char root[64], where[3072];
	size_t size = 0;

	snprintf(path, PATH_MAX, "/proc/%s/mountinfo", pid);
	file = fopen(path, "re");
	if (!file) /* EINVAL: the process has no mounts any more */
		return errno == EINVAL ? 0 : unless_gone(errno);
	while (getline(&line, &size, file) > 0) {
		if (sscanf(line, "%*s %*s %*s %63s %3071s", root, where) != 2 || strcmp(root, wanted) != 0)
			continue;
		snprintf(path, PATH_MAX, "/proc/%s/root%s", pid, where);
		return 1;
	}
	return feof(file) ? 0 : -errno;
}

/* 1: `path` leads to it. */
static int search_process(const char *pid, const char *wanted, char path[static PATH_MAX])
{
	int r, unseen = 0;

	r = search_folder(pid, "task", "/proc/%s/task/%s/ns/net", wanted, path);
	if (r == 1)
		return 1;
	unseen = r < 0 ? r : unseen;
	r = search_folder(pid, "fd", "/proc/%s/fd/%s", wanted, path);
	if (r == 1)
		return 1;
	unseen = r < 0 ? r : unseen;
	r = search_mounts(pid, wanted, path);
	return r < 0 || r == 1 ? r : unseen;
}

/* Another process namespace's /proc shows its own processes only. */
static int sees_all_processes(void)
{
	const ino_t initial = 0xEFFFFFFC; /* Linux: PROC_PID_INIT_INO */
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0)
		return -errno;
	return st.st_ino == initial ? 1 : -EXDEV;
}

static int find(uint64_t inode, char path[static PATH_MAX])
{
	CLEANUP(closedir) DIR *processes = opendir("/proc");
	const struct dirent *entry;
	int unseen = sees_all_processes();
	char wanted[64];

	if (!processes)
		return -errno;
	unseen = unseen < 0 ? unseen : 0;
	snprintf(wanted, sizeof(wanted), "net:[%llu]", (unsigned long long)inode);
	while ((errno = 0, entry = readdir(processes))) {
		int r;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		r = search_process(entry->d_name, wanted, path);
		if (r == 1)
			return 1;
		unseen = r < 0 ? r : unseen;
	}
	return errno ? -errno : unseen;
}

int netns_exists(uint64_t inode)
{
	char path[PATH_MAX];

	return find(inode, path);
}

struct visit {
	const char *path;
	uint64_t inode, cookie;
	int result;
};

/* In a thread that ends there: nothing of ours is opened in another namespace. */
static void *visit(void *data)
{
	struct visit *there = data;
	int fd CLEANUP(close) = open(there->path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		there->result = unless_gone(errno);
	else if (st.st_ino != there->inode)
		there->result = -EAGAIN;
	else if (setns(fd, CLONE_NEWNET) < 0)
		there->result = -errno;
	else
		there->result = netns_cookie(&there->cookie);
	return NULL;
}

int netns_cookie_of(uint64_t inode, uint64_t *ret_cookie)
{
	char path[PATH_MAX];
	struct visit there = { .path = path, .inode = inode };
	pthread_t thread;
	int r;

	r = find(inode, path);
	if (r != 1)
		return r;
	r = -pthread_create(&thread, NULL, visit, &there);
	if (r < 0)
		return r;
	pthread_join(thread, NULL);
	if (there.result == 1)
		*ret_cookie = there.cookie;
	return there.result == 0 ? -EAGAIN : there.result;
}

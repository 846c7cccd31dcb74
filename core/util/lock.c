/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Trying to take the lock would be shorter, but a host that starts at that moment would be refused. The
 * kernel's list identifies the file by device and inode.
 */
#include "util/lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "util/cleanup.h"

int lock_holder(const char *path, pid_t *ret_pid)
{
	CLEANUP(fclose) FILE *locks = NULL;
	char line[256], kind[16];
	unsigned long long inode;
	unsigned major_, minor_;
	struct stat st;
	int pid;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	locks = fopen("/proc/locks", "re");
	if (!locks)
		return -errno;
	while (fgets(line, sizeof(line), locks)) {
		/* "2: FLOCK  ADVISORY  WRITE 1234 00:2a:56789 0 EOF"; one that waits has "->" behind the
		 * number. */
		if (sscanf(line, "%*u: %15s %*s %*s %d %x:%x:%llu", kind, &pid, &major_, &minor_, &inode) !=
				5 ||
			strcmp(kind, "FLOCK") != 0 || inode != st.st_ino || major_ != major(st.st_dev) ||
			minor_ != minor(st.st_dev))
			continue;
		*ret_pid = pid > 0 ? pid : 0;
		return 1;
	}
	return ferror(locks) ? -EIO : 0;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "util/descriptors.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

int descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	if (limit.rlim_cur == limit.rlim_max)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

void descriptors_advice(int error, char *ret_text, size_t size)
{
	struct rlimit limit = {};

	ret_text[0] = 0;
	if (error == -EMFILE && getrlimit(RLIMIT_NOFILE, &limit) == 0)
		snprintf(ret_text, size,
			"; this process may have %llu file descriptors (RLIMIT_NOFILE; the hard limit is %llu): LimitNOFILE= in the service's unit, or \"ulimit -Hn\" before the start, raises that",
			(unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
	else if (error == -ENFILE)
		snprintf(ret_text, size,
			"; the whole machine has no file descriptor left: the sysctl fs.file-max raises that");
}

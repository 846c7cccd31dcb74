/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Why a path cannot be used: strerror() says "No such file" about a path that a service manager hides from
 * us.
 */
#ifndef UTIL_PATH_REASON_H
#define UTIL_PATH_REASON_H

#define PATH_REASON_TEXT 512

/*
 * strerror(error), and when a mount of this process's own is what hides the path or makes it read-only, which
 * option of the unit does that and what helps. `error` may be negative. Returns ret_text.
 */
const char *path_reason(const char *path, int error, char ret_text[static PATH_REASON_TEXT]);

/* The same in a buffer of the block in which it stands. */
#define PATH_REASON(path, error) path_reason(path, error, (char[PATH_REASON_TEXT]){ 0 })

/* The same by another /proc/self/mountinfo. */
const char *path_reason_by(
	const char *mounts, const char *path, int error, char ret_text[static PATH_REASON_TEXT]);

#endif

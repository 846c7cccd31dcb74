/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Which network namespace this is. People know it by its inode number, and the kernel gives that number to
 * another namespace once this one is gone. Its cookie is never reused before a reboot (Linux 5.14). Answers
 * are as in ask.h.
 */
#ifndef KERNEL_NETNS_H
#define KERNEL_NETNS_H

#include <stdint.h>

/* 1 and the caller's own; 0: this kernel has none. */
int netns_cookie(uint64_t *ret_cookie);

/* 0, or -errno: the inode of the caller's own. */
int netns_inode(uint64_t *ret_inode);

/*
 * Does anything that can be seen have a namespace of this inode: a thread, a file descriptor, a mount? What
 * only a socket keeps is not seen. -errno: nothing that can be seen, and not everything can be.
 */
int netns_exists(uint64_t inode);

/* The cookie of the namespace that has this inode now: 1; 0: there is none; -errno. CAP_SYS_ADMIN. */
int netns_cookie_of(uint64_t inode, uint64_t *ret_cookie);

#endif

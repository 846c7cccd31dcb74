/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Questions about interfaces have three answers: 1 is yes, 0 is no, and -errno means that it cannot be known
 * now: no descriptor, no memory, no permission. An error in asking is not an answer. A caller that gets an
 * error keeps what it knew before, and reports it. Functions that are built on these (netdev_runs() and
 * others) return the same three answers.
 */
#ifndef KERNEL_ASK_H
#define KERNEL_ASK_H

#include <net/if.h>
#include <stdbool.h>

struct ifreq;

/* Is there an interface of this name in this network namespace? Other names of an interface count. */
int ask_index(const char *name, unsigned *ret_ifindex);

/* Is there an interface of this index? */
int ask_name(unsigned ifindex, char ret_name[static IF_NAMESIZE]);

/* One of the SIOCGIF requests about a name; `ret_request` is the kernel's answer. */
int ask_ioctl(const char *name, unsigned long what, struct ifreq *ret_request);

/*
 * Is the error one of a shortage, which may be over a moment later and says nothing about what was asked:
 * descriptors, memory, a signal?
 */
bool ask_is_shortage(int error);

#endif

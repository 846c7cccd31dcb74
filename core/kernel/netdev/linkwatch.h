/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Changes of the interfaces of this network namespace, as the kernel reports them. */
#ifndef KERNEL_NETDEV_LINKWATCH_H
#define KERNEL_NETDEV_LINKWATCH_H

#include <net/if.h>
#include <stdbool.h>
#include <xslot/diag.h>

struct link_event {
	unsigned ifindex;
	char name[IF_NAMESIZE];
	bool moved;   /* to another namespace; for certain, where it is said */
	bool gone;    /* deleted, or moved to another namespace; else: new, or something about it changed */
	bool aliases; /* it has other names too (`ip link property add … altname`) */
};

struct linkwatch;

/* Reports begin now; what there is already is not reported. */
int linkwatch_open(struct linkwatch **ret_watch, struct xslot_diag *diag);
void linkwatch_close(struct linkwatch *watch); /* accepts NULL */

/* Readable when there are reports. */
int linkwatch_fd(const struct linkwatch *watch);

/*
 * Hand over the reports that are there, or a good part of many, without blocking: 1 when there may be more.
 * -ENOBUFS: reports were lost, so anything may have changed; the watch goes on. Other errors are the socket's
 * end.
 */
int linkwatch_read(
	struct linkwatch *watch, void (*fn)(const struct link_event *event, void *data), void *data);

#endif

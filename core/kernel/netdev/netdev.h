/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * XDP on a network interface: attach through a BPF link, or through netlink in the place of a program that
 * was attached that way; swap without a gap; name the program that is in the way. Questions are answered as
 * in ask.h: 1 yes, 0 no, -errno: it cannot be known now.
 */
#ifndef KERNEL_NETDEV_NETDEV_H
#define KERNEL_NETDEV_NETDEV_H

#include <stdbool.h>
#include <stdint.h>
#include <xslot/diag.h>

#include "kernel/netdev/device.h"

/*
 * Attach program `program_fd` to interface `name` in just this mode; never the other. Errors: -ENODEV no such
 * interface; -EBUSY or -EEXIST names the program (and link, libxdp dispatcher) that is there, with ids;
 * -EOPNOTSUPP or -EINVAL with the driver's reason (netlink extended ack) and what would help.
 */
int netdev_attach(const char *name, enum xdp_mode mode, int program_fd, struct netdev **ret_netdev,
	struct xslot_diag *diag);

/*
 * Prepare to take the place of a program that was attached through netlink in this mode; nothing changes yet.
 * Errors: as netdev_attach(); -EAGAIN when nobody is there, so that it can be attached; -EBUSY names the
 * owner of a BPF link, whose place nobody else can have; -EEXIST who is there in the other mode; -EPERM
 * without CAP_SYS_ADMIN.
 */
int netdev_claim(const char *name, enum xdp_mode mode, int program_fd, struct netdev **ret_netdev,
	struct xslot_diag *diag);
/*
 * Could it be attached, or, with `replace`, could the place be claimed, as far as can be known without doing
 * it: -ENODEV, -EBUSY, -EEXIST and -EPERM as above. What only the driver knows is not found out.
 */
int netdev_try(const char *name, enum xdp_mode mode, bool replace, struct xslot_diag *diag);
/* "NAME (program id ID)": whose place a claim takes; NULL when it is none, or committed. */
const char *netdev_previous(const struct netdev *netdev);
/* Make the claim good, in one step. -EEXIST when there is another program by now; on failure it stays. */
int netdev_take_over(struct netdev *netdev, struct xslot_diag *diag);
void netdev_give_back(struct netdev *netdev); /* undo it, until it is committed; else nothing */
/* For good: let go of the program whose place it was. */
void netdev_commit(struct netdev *netdev);

/* Let another program take over: no packet meets a bare interface. */
int netdev_update(struct netdev *netdev, int program_fd, struct xslot_diag *diag);

/*
 * Pin the link: the interface then carries the program until the pin is removed and all fds are closed. What
 * is attached through netlink needs no pin to stay; there the program is pinned, to say that it is ours,
 * under a path that ends in /IFINDEX. Open one: -ENODEV when its interface is gone for certain, or runs
 * another program (netlink).
 */
int netdev_pin(const struct netdev *netdev, const char *path, struct xslot_diag *diag);
int netdev_open_pinned(const char *path, struct netdev **ret_netdev, struct xslot_diag *diag);
/*
 * Does the attachment that is pinned there reach any interface, in whatever namespace? Through netlink only
 * this one can be seen. `ret_ifindex`: 0 when it is not known.
 */
int netdev_pin_is_live(const char *path, unsigned *ret_ifindex);
int netdev_program_id(const struct netdev *netdev, uint32_t *ret_id); /* 0 or -errno */

/* As netdev_strip(), what is pinned there. An error: the pin should stay. */
int netdev_detach_pinned(const char *path, struct xslot_diag *diag);
/*
 * Take the program off now, pinned or not; a link's whatever namespace the interface is in, through netlink
 * if it is ours. What is left is to free. -errno: it may be there still.
 */
int netdev_strip(const struct netdev *netdev);

/* 0 when the interface is gone (deleted, or moved to another namespace). */
int netdev_alive(const struct netdev *netdev);
/*
 * Our program was taken off, or another put in its place through netlink, and the interface that carried it
 * is here. False, too, when that cannot be found out.
 */
bool netdev_was_detached(const struct netdev *netdev);
/*
 * The same, and the program's id: a link's may be another's, put there by a process that could update it.
 * `brief`: of a link only whether it was detached or its interface deleted, by anyone. One call.
 */
int netdev_runs(const struct netdev *netdev, bool brief, uint32_t *ret_program_id);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* XDP through rtnetlink, and why a driver refuses a program, in the driver's own words. */
#ifndef KERNEL_NETDEV_EXTACK_H
#define KERNEL_NETDEV_EXTACK_H

#include <stddef.h>
#include <stdint.h>

/*
 * Try to attach through netlink, whose answer carries the driver's text (a BPF link's does not), to an
 * interface that has just refused a link. `xdp_flags` is the mode. Returns the -errno of the refusal and its
 * text, "" when the driver gave none. Should the driver accept this time, the program is taken off again and
 * 0 returned; a program that is there is never touched.
 */
int extack_probe(unsigned ifindex, uint32_t xdp_flags, int program_fd, char *ret_text, size_t size);

/*
 * Put program `program_fd` (-1: none) in the place of `expected_fd`, in one step, if that is what the
 * interface runs in this mode. -EEXIST when it is not; -EBUSY when a BPF link holds the place; else the
 * driver's errno, with its text as above.
 */
int extack_replace(
	unsigned ifindex, uint32_t xdp_flags, int program_fd, int expected_fd, char *ret_text, size_t size);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Whose XDP program is on an interface. */
#ifndef KERNEL_NETDEV_NEIGHBOUR_H
#define KERNEL_NETDEV_NEIGHBOUR_H

#include <stddef.h>
#include <stdint.h>

/*
 * Describe every XDP program on the interface, each with id, name and how it is attached (link id, netlink, a
 * libxdp dispatcher with its programs), and what would take it off. Returns how many there are, or -errno
 * when that cannot be seen; `ret_text` is then untouched, as when there is none.
 */
int neighbour_describe(unsigned ifindex, const char *interface, char *ret_text, size_t size);

/* The id of the XDP program on the interface in one of the modes (XDP_FLAGS_*_MODE), 0 for none; -errno. */
int neighbour_id(unsigned ifindex, uint32_t mode, uint32_t *ret_id);

/*
 * Does the interface run the program by a BPF link? 1, and its id; 0: through netlink; -errno: not all links
 * can be looked at. CAP_SYS_ADMIN.
 */
int neighbour_link(unsigned ifindex, uint32_t program_id, uint32_t *ret_link);

#define NEIGHBOUR_NAME 16 /* BPF_OBJ_NAME_LEN */

/* The program's name, "?" when it cannot be seen. */
void neighbour_name(uint32_t id, char ret_name[static NEIGHBOUR_NAME]);

#endif

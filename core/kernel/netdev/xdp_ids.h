/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which XDP programs an interface runs. */
#ifndef KERNEL_NETDEV_XDP_IDS_H
#define KERNEL_NETDEV_XDP_IDS_H

#include <stdint.h>

/* Program ids, 0 for none. */
struct xdp_ids {
	uint32_t native;
	uint32_t generic;
	uint32_t offloaded;
};

/* Ask for one interface. No capability needed. -ENODEV: there is none; any other error: it cannot be known.
 */
int xdp_ids_get(unsigned ifindex, struct xdp_ids *ret_ids);

#endif

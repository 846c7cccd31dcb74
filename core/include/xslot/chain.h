/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For every callback: the chain that the instance's slot belongs to, as the INI files have it. */
#ifndef XSLOT_CHAIN_H
#define XSLOT_CHAIN_H

#include <xslot/plugin.h>

#define XSLOT_INTERFACE_NAME 64 /* with its NUL */
enum xslot_mode { XSLOT_MODE_NATIVE, XSLOT_MODE_GENERIC };

/* The host fills in as much as the plugin's struct has, and 0 for what it does not know. */
struct xslot_chain_info {
	char name[32];
	uint32_t mode;	/* enum xslot_mode */
	uint32_t frags; /* 1: a packet may be in more than one buffer */
	uint32_t n_interfaces;
	uint32_t reserved;
};

/*
 * 0, or -ENOENT in an instance that the files no longer have. A reload can change the interfaces and keep the
 * instance: ask again then, for instance in status or a watch.
 */
static inline int xslot_chain(struct xslot_context *context, struct xslot_chain_info *ret_info)
{
	return context->host->chain(context, ret_info, sizeof(*ret_info));
}

/*
 * The name of one of its interfaces, from 0 to n_interfaces - 1: -ENOENT beyond. It need not exist yet;
 * if_nametoindex(3) finds out, as the host is in the chain's network namespace.
 */
static inline int xslot_interface(
	struct xslot_context *context, unsigned index, char ret_name[XSLOT_INTERFACE_NAME])
{
	return context->host->interface(context, index, ret_name, XSLOT_INTERFACE_NAME);
}

#endif

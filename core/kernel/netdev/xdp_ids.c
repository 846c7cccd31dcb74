/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbpf's bpf_xdp_query() makes the kernel list all interfaces and picks one. A reload looks at every
 * interface of its chains, so with 64 of them it read thousands of messages; here each costs one message.
 */
#include "kernel/netdev/xdp_ids.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "util/cleanup.h"

DEFINE_CLEANUP(struct mnl_socket *, mnl_socket_close);

static int take_id(const struct nlattr *attribute, void *data)
{
	struct xdp_ids *ids = data;
	uint32_t *id = NULL;

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_XDP_DRV_PROG_ID:
		id = &ids->native;
		break;
	case IFLA_XDP_SKB_PROG_ID:
		id = &ids->generic;
		break;
	case IFLA_XDP_HW_PROG_ID:
		id = &ids->offloaded;
		break;
	}
	if (id && mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
		*id = mnl_attr_get_u32(attribute);
	return MNL_CB_OK;
}

static int take_xdp(const struct nlattr *attribute, void *data)
{
	if (mnl_attr_get_type(attribute) != IFLA_XDP)
		return MNL_CB_OK;
	return mnl_attr_parse_nested(attribute, take_id, data);
}

static int take_link(const struct nlmsghdr *header, void *data)
{
	mnl_attr_parse(header, sizeof(struct ifinfomsg), take_xdp, data);
	return MNL_CB_STOP;
}

/* An interface's attributes take about 2 KiB; one with a thousand other names takes more than any guess. */
static int receive(const struct mnl_socket *socket, struct xdp_ids *ids)
{
	ssize_t size = recv(mnl_socket_get_fd(socket), NULL, 0, MSG_PEEK | MSG_TRUNC);
	CLEANUP(free) char *buffer = size < 0 ? NULL : malloc((size_t)size + 1);
	ssize_t n;

	if (!buffer)
		return size < 0 ? -errno : -ENOMEM;
	n = mnl_socket_recvfrom(socket, buffer, (size_t)size + 1);
	return n < 0 || mnl_cb_run(buffer, (size_t)n, 0, 0, take_link, ids) < 0 ? -errno : 0;
}

int xdp_ids_get(unsigned ifindex, struct xdp_ids *ret_ids)
{
	struct mnl_socket *socket CLEANUP(mnl_socket_close) = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	struct xdp_ids ids = { 0 };
	char buffer[256];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *interface;
	int r;

	if (!ifindex)
		return -ENODEV;
	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	header->nlmsg_type = RTM_GETLINK;
	header->nlmsg_flags = NLM_F_REQUEST;
	interface = mnl_nlmsg_put_extra_header(header, sizeof(*interface));
	interface->ifi_index = ifindex;
	mnl_attr_put_u32(header, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
		return -errno;
	r = receive(socket, &ids);
	if (r == 0)
		*ret_ids = ids;
	return r;
}

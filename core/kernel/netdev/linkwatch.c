/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A report says what was true when it was sent; more may have happened since. So a report only hints at which
 * interface to look, and losing some is no worse than being told to look at all of them. Reports of a bridge
 * about its ports come to the same group: there, "deleted" means only that the port left the bridge.
 */
#include "kernel/netdev/linkwatch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/diag.h"

#define DATAGRAMS 64 /* at one go: the loop has other things to do, too */

struct linkwatch {
	struct mnl_socket *socket;
	char buffer[32768]; /* an interface with many virtual functions has much to say */
};

DEFINE_CLEANUP(struct linkwatch *, linkwatch_close);

void linkwatch_close(struct linkwatch *watch)
{
	if (!watch)
		return;
	if (watch->socket)
		mnl_socket_close(watch->socket);
	free(watch);
}

int linkwatch_open(struct linkwatch **ret_watch, struct xslot_diag *diag)
{
	CLEANUP(linkwatch_close) struct linkwatch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return fail(diag, -ENOMEM, "no memory to watch the interfaces");
	watch->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!watch->socket || mnl_socket_bind(watch->socket, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0)
		return fail(diag, -errno, "cannot watch the interfaces through netlink: %s", strerror(errno));
	*ret_watch = TAKE_PTR(watch);
	return 0;
}

int linkwatch_fd(const struct linkwatch *watch)
{
	return mnl_socket_get_fd(watch->socket);
}

static int take_attribute(const struct nlattr *attribute, void *data)
{
	struct link_event *event = data;

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_IFNAME:
		if (mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
			snprintf(event->name, sizeof(event->name), "%s", mnl_attr_get_str(attribute));
		break;
	case IFLA_NEW_NETNSID:
		event->moved = true;
		break;
	case IFLA_PROP_LIST:
		event->aliases = true;
		break;
	}
	return MNL_CB_OK;
}

/* False for what is not about an interface itself. */
static bool parse(const struct nlmsghdr *header, struct link_event *ret_event)
{
	const struct ifinfomsg *interface = mnl_nlmsg_get_payload(header);

	if (header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK)
		return false;
	if (mnl_nlmsg_get_payload_len(header) < sizeof(*interface) || interface->ifi_family != AF_UNSPEC)
		return false;
	*ret_event = (struct link_event){
		.ifindex = interface->ifi_index,
		.gone = header->nlmsg_type == RTM_DELLINK,
	};
	mnl_attr_parse(header, sizeof(*interface), take_attribute, ret_event);
	return ret_event->ifindex > 0;
}

int linkwatch_read(
	struct linkwatch *watch, void (*fn)(const struct link_event *event, void *data), void *data)
{
	for (int i = 0; i < DATAGRAMS; i++) {
		ssize_t n = mnl_socket_recvfrom(watch->socket, watch->buffer, sizeof(watch->buffer));
		const struct nlmsghdr *header = (void *)watch->buffer;
		int left = (int)n;

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) /* ENOSPC: a report that is longer than the buffer, and so is cut */
			return errno == ENOSPC ? -ENOBUFS : -errno;
		for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
			struct link_event event;

			if (parse(header, &event))
				fn(&event, data);
		}
	}
	return 1;
}

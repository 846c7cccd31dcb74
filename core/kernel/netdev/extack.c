/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel gives drivers a place for a sentence, the netlink extended ack, but BPF_LINK_CREATE drops it
 * (since Linux 6.6 a tracepoint has it, for processes that may trace). So after a refusal the same request is
 * made again through rtnetlink, only to get the sentence. A program that is attached through netlink anyway
 * gets it at once.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "kernel/netdev/extack.h"
#include "util/cleanup.h"

DEFINE_CLEANUP(struct mnl_socket *, mnl_socket_close);

struct answer {
	int error; /* 0 or -errno */
	char *text;
	size_t size;
};

static int take_text(const struct nlattr *attribute, void *data)
{
	struct answer *answer = data;

	if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG &&
		mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(answer->text, answer->size, "%s", mnl_attr_get_str(attribute));
	return MNL_CB_OK;
}

static int take_error(const struct nlmsghdr *header, void *data)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(header);
	struct answer *answer = data;
	size_t offset = sizeof(*error);

	answer->error = error->error;
	if (!(header->nlmsg_flags & NLM_F_CAPPED)) /* the request stands between header and attributes */
		offset += error->msg.nlmsg_len - sizeof(error->msg);
	if (header->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_parse(header, offset, take_text, answer);
	return MNL_CB_STOP;
}

/* One RTM_SETLINK with IFLA_XDP. Returns 0 or -errno, the driver's or the socket's. */
static int set_xdp(struct mnl_socket *socket, unsigned ifindex, uint32_t flags, int fd, int expected_fd,
	struct answer *answer)
{
	static mnl_cb_t callbacks[NLMSG_MIN_TYPE] = { [NLMSG_ERROR] = take_error };
	char buffer[8192];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *interface;
	struct nlattr *nest;
	ssize_t n;

	header->nlmsg_type = RTM_SETLINK;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	interface = mnl_nlmsg_put_extra_header(header, sizeof(*interface));
	interface->ifi_index = ifindex;
	nest = mnl_attr_nest_start(header, IFLA_XDP);
	mnl_attr_put_u32(header, IFLA_XDP_FD, fd);
	mnl_attr_put_u32(header, IFLA_XDP_FLAGS, flags);
	if (flags & XDP_FLAGS_REPLACE)
		mnl_attr_put_u32(header, IFLA_XDP_EXPECTED_FD, expected_fd);
	mnl_attr_nest_end(header, nest);

	if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	if (n < 0)
		return -errno;
	if (mnl_cb_run2(buffer, n, 0, 0, NULL, answer, callbacks, NLMSG_MIN_TYPE) < 0)
		return -errno;
	return answer->error;
}

static struct mnl_socket *open_socket(void)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int one = 1;

	if (!socket)
		return NULL;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(socket);
		return NULL;
	}
	mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &one, sizeof(one));
	return socket;
}

int extack_probe(unsigned ifindex, uint32_t xdp_flags, int program_fd, char *ret_text, size_t size)
{
	struct mnl_socket *socket CLEANUP(mnl_socket_close) = open_socket();
	struct answer answer = { .text = ret_text, .size = size };
	struct answer ignored = { .text = (char[1]){ 0 }, .size = 1 };
	int r;

	ret_text[0] = '\0';
	if (!socket)
		return -errno;
	r = set_xdp(socket, ifindex, xdp_flags | XDP_FLAGS_UPDATE_IF_NOEXIST, program_fd, -1, &answer);
	if (r == 0)
		set_xdp(socket, ifindex, xdp_flags | XDP_FLAGS_REPLACE, -1, program_fd, &ignored);
	return r;
}

int extack_replace(
	unsigned ifindex, uint32_t xdp_flags, int program_fd, int expected_fd, char *ret_text, size_t size)
{
	struct mnl_socket *socket CLEANUP(mnl_socket_close) = open_socket();
	struct answer answer = { .text = ret_text, .size = size };

	ret_text[0] = '\0';
	if (!socket)
		return -errno;
	return set_xdp(socket, ifindex, xdp_flags | XDP_FLAGS_REPLACE, program_fd, expected_fd, &answer);
}

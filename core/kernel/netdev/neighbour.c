/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel returns EBUSY or EEXIST; the operator needs to know whose program is attached, and how to take
 * it off. A program may be attached by a BPF link or through netlink, and a libxdp dispatcher hides the names
 * of the programs that it runs. Everything here is best effort: looking up ids needs privileges, libxdp needs
 * to see the bpffs, and what cannot be found out is left out of the sentence.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <xdp/libxdp.h>

#include "extension/holder.h"
#include "kernel/netdev/neighbour.h"
#include "kernel/netdev/xdp_ids.h"
#include "util/cleanup.h"

#define DISPATCHER "xslot_dispatch" /* what bpf/dispatcher.bpf.c calls its program */

DEFINE_CLEANUP(struct xdp_multiprog *, xdp_multiprog__close);

int neighbour_id(unsigned ifindex, uint32_t mode, uint32_t *ret_id)
{
	struct xdp_ids ids;
	int r = xdp_ids_get(ifindex, &ids);

	if (r < 0)
		return r;
	*ret_id = mode == XDP_FLAGS_DRV_MODE  ? ids.native
		  : mode == XDP_FLAGS_HW_MODE ? ids.offloaded
					      : ids.generic;
	return 0;
}

void neighbour_name(uint32_t id, char ret_name[static NEIGHBOUR_NAME])
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd CLEANUP(close) = bpf_prog_get_fd_by_id(id);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0 || !info.name[0])
		snprintf(ret_name, NEIGHBOUR_NAME, "?");
	else
		memcpy(ret_name, info.name, NEIGHBOUR_NAME);
}

/* One that ended since it was listed is not an error. */
static int link_runs(uint32_t id, unsigned ifindex, uint32_t program_id)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd CLEANUP(close) = bpf_link_get_fd_by_id(id);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	return info.type == BPF_LINK_TYPE_XDP && info.xdp.ifindex == ifindex && info.prog_id == program_id;
}

int neighbour_link(unsigned ifindex, uint32_t program_id, uint32_t *ret_link)
{
	uint32_t id = 0;
	int unseen = 0;

	while (bpf_link_get_next_id(id, &id) == 0) {
		int r = link_runs(id, ifindex, program_id);

		if (r == 1) {
			*ret_link = id;
			return 1;
		}
		if (r < 0)
			unseen = r;
	}
	return errno == ENOENT ? unseen : -errno;
}

/* How the program came there: "BPF link id 7", or "attached through netlink". As neighbour_link(). */
static int how_attached(
	unsigned ifindex, uint32_t program_id, uint32_t *ret_link, char *ret_text, size_t size)
{
	int r = neighbour_link(ifindex, program_id, ret_link);

	if (r == 1)
		snprintf(ret_text, size, "BPF link id %u", *ret_link);
	else if (r == 0)
		snprintf(ret_text, size, "attached through netlink");
	else if (r == -EPERM)
		snprintf(ret_text, size, "CAP_SYS_ADMIN is needed to see how it was attached");
	else
		snprintf(ret_text, size, "how it was attached cannot be seen: %s", strerror(-r));
	return r;
}

/* "a (12), b (13)": the programs behind a libxdp dispatcher; false when program `id` is not one. */
static bool libxdp_programs(unsigned ifindex, uint32_t id, char *ret_text, size_t size)
{
	struct xdp_multiprog *dispatcher CLEANUP(xdp_multiprog__close) = NULL;
	struct xdp_program *program = NULL;
	size_t used = 0;

	libxdp_set_print(NULL);
	dispatcher = xdp_multiprog__get_from_ifindex(ifindex);
	if (libxdp_get_error(dispatcher)) {
		dispatcher = NULL;
		return false;
	}
	if (xdp_multiprog__is_legacy(dispatcher) ||
		xdp_program__id(xdp_multiprog__main_prog(dispatcher)) != id)
		return false;
	ret_text[0] = '\0';
	while ((program = xdp_multiprog__next_prog(program, dispatcher)) && used < size)
		used += snprintf(ret_text + used, size - used, "%s%s (program id %u)", used ? ", " : "",
			xdp_program__name(program), xdp_program__id(program));
	return true;
}

/*
 * A chain: this host's, under another of the interface's names, or another host's. There is a remedy that
 * does not take it off, so none that does is told.
 */
static int describe_chain(
	const char *mode, uint32_t id, uint32_t link, const char *how, char *ret_text, size_t size)
{
	char holder[400] = "";

	if (link)
		holder_describe_link(link, holder, sizeof(holder));
	return snprintf(ret_text, size,
		"a chain of xslot runs there (program id %u, %s, %s%s); an interface runs one chain, so leave the interface to that chain, or remove it from that chain's configuration and reload its host",
		id, mode, how, holder);
}

/* Where a program may be on an interface; `flag` is ip's word for it. */
struct place {
	uint32_t id;
	const char *mode, *flag;
};

/* One program as a clause of the sentence. Returns its length. */
static int describe(
	unsigned ifindex, const char *interface, const struct place *place, char *ret_text, size_t size)
{
	const char *mode = place->mode;
	uint32_t id = place->id;
	char name[NEIGHBOUR_NAME], programs[512], how[96], help[96];
	uint32_t link;
	int r;

	neighbour_name(id, name);
	if (libxdp_programs(ifindex, id, programs, sizeof(programs)))
		return snprintf(ret_text, size,
			"libxdp's dispatcher %s (program id %u, %s) with %s is attached; `xdp-loader unload %s --all` takes it off",
			name, id, mode, programs, interface);
	r = how_attached(ifindex, id, &link, how, sizeof(how));
	if (strcmp(name, DISPATCHER) == 0)
		return describe_chain(mode, id, r == 1 ? link : 0, how, ret_text, size);
	if (r == 1)
		snprintf(help, sizeof(help), "stop its owner, or `bpftool link detach id %u` takes it off",
			link);
	else if (r < 0)
		snprintf(help, sizeof(help), "`bpftool net` and `bpftool link`, run by root, show its owner");
	else
		snprintf(help, sizeof(help), "`ip link set dev %s %s off` takes it off", interface,
			place->flag);
	return snprintf(ret_text, size, "XDP program %s (program id %u, %s, %s) is attached; %s", name, id,
		mode, how, help);
}

int neighbour_describe(unsigned ifindex, const char *interface, char *ret_text, size_t size)
{
	struct xdp_ids ids;
	size_t used = 0;
	int n = 0, r;

	r = xdp_ids_get(ifindex, &ids);
	if (r < 0)
		return r;
	const struct place places[] = {
		{ ids.native, "native", "xdpdrv" },
		{ ids.generic, "generic", "xdpgeneric" },
		{ ids.offloaded, "offloaded", "xdpoffload" },
	};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!places[i].id || used + 2 >= size)
			continue;
		if (n++ > 0)
			used += snprintf(ret_text + used, size - used, ", and ");
		used += describe(ifindex, interface, &places[i], ret_text + used, size - used);
	}
	return n;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * neighbour: somebody else who runs an XDP program, for the Python tests. It talks in lines.
 *
 *	neighbour link|netlink|generic OBJECT PROGRAM DEVICE
 *		attach the program (through a BPF link, or through netlink in native or generic mode) and say
 *		"program ID link ID" (link 0: none). At SIGTERM say "seen N", the object's counter, and end:
 *		the link goes with the process, what was attached through netlink stays.
 *
 *	neighbour update OBJECT PROGRAM LINK
 *		put the program into somebody's BPF link of that id, where it stays; say the same.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The link's id, 0 through netlink. */
static uint32_t attach(const char *how, const struct bpf_program *program, unsigned ifindex)
{
	uint32_t flags = strcmp(how, "generic") == 0 ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd;

	if (strcmp(how, "link") != 0) {
		if (bpf_xdp_attach(
			    ifindex, bpf_program__fd(program), flags | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL) < 0)
			die("attach");
		return 0;
	}
	fd = bpf_link_create(bpf_program__fd(program), ifindex, BPF_XDP, &options);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		die("link");
	return info.id;
}

static uint32_t update(const struct bpf_program *program, uint32_t link)
{
	int fd = bpf_link_get_fd_by_id(link);

	if (fd < 0 || bpf_link_update(fd, bpf_program__fd(program), NULL) < 0)
		die("update");
	close(fd);
	return link;
}

static uint64_t seen(struct bpf_object *object)
{
	uint64_t count = 0;
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".bss");

	if (!map || bpf_map_lookup_elem(bpf_map__fd(map), &(uint32_t){ 0 }, &count) < 0)
		die("counter");
	return count;
}

int main(int argc, char **argv)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info), link;
	struct bpf_program *program;
	struct bpf_object *object;
	sigset_t signals;
	int number;

	if (argc != 5)
		return 2;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	object = bpf_object__open_file(argv[2], NULL);
	if (!object)
		die(argv[2]);
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, strcmp(bpf_program__name(program), argv[3]) == 0);
	if (bpf_object__load(object) < 0)
		die(argv[2]);
	program = bpf_object__find_program_by_name(object, argv[3]);
	if (!program || bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) < 0)
		die(argv[3]);
	link = strcmp(argv[1], "update") == 0 ? update(program, atoi(argv[4]))
					      : attach(argv[1], program, if_nametoindex(argv[4]));
	printf("program %u link %u\n", info.id, link);
	fflush(stdout);
	sigwait(&signals, &number);
	printf("seen %llu\n", (unsigned long long)seen(object));
	return 0;
}

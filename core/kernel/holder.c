/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A function that is taken stays taken until the last reference to the link is gone: an open file descriptor
 * in any process (a bpftool that lists links holds each for a moment) or a pin. The kernel says only EBUSY.
 * The link is found by walking all of them, its holders by reading every process's BPF file descriptors and
 * all pins. Before Linux 5.13 a link does not tell its target; then we say which links it may be.
 */
#include "kernel/holder.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <mntent.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kernel/bpffs.h"
#include "util/cleanup.h"
#include "util/text.h"

DEFINE_CLEANUP(DIR *, closedir);
DEFINE_CLEANUP(FILE *, endmntent);
DEFINE_CLEANUP(FTS *, fts_close);

/* Lines of /proc/PID/fdinfo/FD. */
static const char link_line[] = "link_id: %u", program_line[] = "prog_id: %u";

/* Does this fdinfo have the line with this id? A link's names its program, too. */
static bool has_id(const char *pid, const char *fd, const char *line_format, uint32_t wanted)
{
	CLEANUP(fclose) FILE *file = NULL;
	char path[600], line[256];
	unsigned id;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid, fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, line_format, &id) == 1)
			return id == wanted;
	return false;
}

static bool process_holds(const char *pid, const char *line_format, uint32_t id, int except_fd)
{
	CLEANUP(closedir) DIR *fds = NULL;
	struct dirent *entry;
	char path[600], target[64];

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	fds = opendir(path);
	while (fds && (entry = readdir(fds))) {
		ssize_t n;

		if (except_fd >= 0 && atoi(entry->d_name) == except_fd)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid, entry->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = 0;
		if (strstr(target, "bpf") && has_id(pid, entry->d_name, line_format, id))
			return true;
	}
	return false;
}

static void add_process(struct text *text, const char *pid, bool first)
{
	CLEANUP(fclose) FILE *file = NULL;
	char path[300], comm[32] = "?";

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (file && fgets(comm, sizeof(comm), file))
		comm[strcspn(comm, "\n")] = 0;
	text_add(text, "%s%s (pid %s)", first ? ", held by " : " and ", comm, pid);
}

/* Our own look at the link is a file descriptor, too: `link_fd`. */
static void add_processes(struct text *text, uint32_t link_id, int link_fd)
{
	CLEANUP(closedir) DIR *processes = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (processes && (entry = readdir(processes))) {
		bool self = atoi(entry->d_name) == getpid();

		if (!isdigit(entry->d_name[0]) ||
			!process_holds(entry->d_name, link_line, link_id, self ? link_fd : -1))
			continue;
		if (self)
			text_add(text, "%s", found ? " and this process" : ", held by this process");
		else
			add_process(text, entry->d_name, !found);
		found = true;
	}
	if (!found)
		text_add(text, ", held by no process");
}

static bool pins_link(const char *path, uint32_t link_id)
{
	CLEANUP(close) int fd = bpf_obj_get(path);
	struct bpf_link_info link = {};
	uint32_t size = sizeof(link);

	return fd >= 0 && bpffs_kind(fd) == BPFFS_LINK && bpf_obj_get_info_by_fd(fd, &link, &size) == 0 &&
	       link.id == link_id;
}

static void add_pins_below(struct text *text, char *folder, uint32_t link_id)
{
	char *folders[] = { folder, NULL };
	CLEANUP(fts_close) FTS *tree = fts_open(folders, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	while (tree && (entry = fts_read(tree)))
		if (entry->fts_info == FTS_F && pins_link(entry->fts_path, link_id))
			text_add(text, ", pinned to %s", entry->fts_path);
}

/* In every BPF file system that we see. */
static void add_pins(struct text *text, uint32_t link_id)
{
	CLEANUP(endmntent) FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;

	while (mounts && (mount = getmntent(mounts)))
		if (strcmp(mount->mnt_type, "bpf") == 0)
			add_pins_below(text, mount->mnt_dir, link_id);
}

void holder_describe_link(uint32_t link_id, char *text, size_t size)
{
	struct text out = { .at = text, .size = size };

	text[0] = 0;
	add_processes(&out, link_id, -1);
	add_pins(&out, link_id);
}

static void add_link(struct text *text, const struct bpf_link_info *link)
{
	CLEANUP(close) int fd = bpf_prog_get_fd_by_id(link->prog_id);
	struct bpf_prog_info program = {};
	uint32_t size = sizeof(program);

	if (fd >= 0)
		bpf_obj_get_info_by_fd(fd, &program, &size);
	text_add(text, "link %u of %s %s (id %u)", link->id,
		link->tracing.attach_type ? "tracing program" : "extension", program.name, link->prog_id);
}

void holder_describe(uint32_t target_id, uint32_t target_btf_id, char *text, size_t size)
{
	struct text out = { .at = text, .size = size };
	uint32_t id = 0;

	text[0] = 0;
	while (bpf_link_get_next_id(id, &id) == 0) {
		CLEANUP(close) int fd = bpf_link_get_fd_by_id(id);
		struct bpf_link_info link = {};
		uint32_t link_size = sizeof(link);
		bool told;

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &link, &link_size) < 0 ||
			link.type != BPF_LINK_TYPE_TRACING)
			continue;
		told = link.tracing.target_btf_id != 0;
		if (told && (link.tracing.target_obj_id != target_id ||
				    link.tracing.target_btf_id != target_btf_id))
			continue;
		text_add(&out, "%s%s", out.used ? "; " : "", told ? "by " : "perhaps by ");
		add_link(&out, &link);
		add_processes(&out, id, fd);
		add_pins(&out, id);
	}
	if (out.used)
		return;
	if (errno == EPERM)
		text_add(&out, "by a link that only a process with CAP_SYS_ADMIN can look up");
	else
		text_add(&out,
			"by no link that still exists (it was just let go: try again; or the program is in a "
			"program array)");
}

static bool process_has_program(uint32_t id)
{
	CLEANUP(closedir) DIR *processes = opendir("/proc");
	struct dirent *entry;

	while (processes && (entry = readdir(processes)))
		if (isdigit(entry->d_name[0]) && atoi(entry->d_name) != getpid() &&
			process_holds(entry->d_name, program_line, id, -1))
			return true;
	return false;
}

/* A link of XDP whose interface is gone runs nothing. */
static bool link_has_program(uint32_t program_id)
{
	uint32_t id = 0;

	while (bpf_link_get_next_id(id, &id) == 0) {
		CLEANUP(close) int fd = bpf_link_get_fd_by_id(id);
		struct bpf_link_info link = {};
		uint32_t size = sizeof(link);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &link, &size) == 0 && link.prog_id == program_id &&
			(link.type != BPF_LINK_TYPE_XDP || link.xdp.ifindex))
			return true;
	}
	return false;
}

static bool interface_has_program(uint32_t id)
{
	struct if_nameindex *interfaces = if_nameindex();
	bool found = false;

	for (size_t i = 0; interfaces && interfaces[i].if_index && !found; i++) {
		LIBBPF_OPTS(bpf_xdp_query_opts, query);

		if (bpf_xdp_query((int)interfaces[i].if_index, 0, &query) == 0)
			found = query.drv_prog_id == id || query.skb_prog_id == id || query.hw_prog_id == id;
	}
	if_freenameindex(interfaces);
	return found;
}

static bool pins_program(const char *path, uint32_t id)
{
	CLEANUP(close) int fd = bpf_obj_get(path);
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	return fd >= 0 && bpffs_kind(fd) == BPFFS_PROGRAM && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
	       info.id == id;
}

static bool pin_has_program(uint32_t id)
{
	CLEANUP(endmntent) FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;

	while (mounts && (mount = getmntent(mounts))) {
		char *folders[] = { mount->mnt_dir, NULL };
		CLEANUP(fts_close) FTS *tree = NULL;
		FTSENT *entry;

		if (strcmp(mount->mnt_type, "bpf") != 0)
			continue;
		tree = fts_open(folders, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
		while (tree && (entry = fts_read(tree)))
			if (entry->fts_info == FTS_F && pins_program(entry->fts_path, id))
				return true;
	}
	return false;
}

bool holder_of_program(uint32_t id)
{
	return link_has_program(id) || interface_has_program(id) || process_has_program(id) ||
	       pin_has_program(id);
}

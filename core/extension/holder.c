/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A function stays taken until the last reference to its link is gone: an open file descriptor in any process
 * (a bpftool that lists links holds each for a moment) or a pin. The kernel reports only EBUSY. We find the
 * link by walking all links, and its holders by reading the BPF file descriptors of every process and all
 * pins. Before Linux 5.13 a link does not show its target; then the message names the candidates. Each step
 * may fail for lack of a descriptor or a permission. So all functions here return 1, 0, or -errno: not known.
 */
#include "extension/holder.h"

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

#include "extension/bpffs.h"
#include "util/cleanup.h"
#include "util/text.h"

DEFINE_CLEANUP(DIR *, closedir);
DEFINE_CLEANUP(FILE *, endmntent);
DEFINE_CLEANUP(FTS *, fts_close);

/* Lines of /proc/PID/fdinfo/FD. */
static const char link_line[] = "link_id: %u", program_line[] = "prog_id: %u";

/* What ended while it was looked at holds nothing. */
static int unless_gone(int error)
{
	return error == ENOENT || error == ESRCH ? 0 : -error;
}

/* Does this fdinfo have the line with this id? A link's names its program, too. */
static int has_id(const char *pid, const char *fd, const char *line_format, uint32_t wanted)
{
	CLEANUP(fclose) FILE *file = NULL;
	char path[600], line[256];
	unsigned id;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid, fd);
	file = fopen(path, "re");
	if (!file)
		return unless_gone(errno);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, line_format, &id) == 1)
			return id == wanted;
	return 0;
}

static int descriptor_holds(const char *pid, const char *fd, const char *line_format, uint32_t id)
{
	char path[600], target[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid, fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return unless_gone(errno);
	target[n] = 0;
	return strstr(target, "bpf") ? has_id(pid, fd, line_format, id) : 0;
}

static int process_holds(const char *pid, const char *line_format, uint32_t id, int except_fd)
{
	CLEANUP(closedir) DIR *fds = NULL;
	struct dirent *entry;
	char path[600];
	int unseen = 0;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	fds = opendir(path);
	if (!fds)
		return unless_gone(errno);
	while ((entry = readdir(fds))) {
		int r;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
			(except_fd >= 0 && atoi(entry->d_name) == except_fd))
			continue;
		r = descriptor_holds(pid, entry->d_name, line_format, id);
		if (r == 1)
			return 1;
		unseen = r < 0 ? r : unseen;
	}
	return unseen;
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
	int unseen = processes ? 0 : -errno;
	struct dirent *entry;
	bool found = false;

	while (processes && (entry = readdir(processes))) {
		bool self = atoi(entry->d_name) == getpid();
		int r;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		r = process_holds(entry->d_name, link_line, link_id, self ? link_fd : -1);
		unseen = r < 0 ? r : unseen;
		if (r != 1)
			continue;
		if (self)
			text_add(text, "%s", found ? " and this process" : ", held by this process");
		else
			add_process(text, entry->d_name, !found);
		found = true;
	}
	if (unseen == -EACCES || unseen == -EPERM)
		text_add(text, "%s by a process that this one may not look into",
			found ? ", and perhaps" : ", held, if not by a pin,");
	else if (unseen < 0)
		text_add(text, "%s (not every process can be looked into: %s)",
			found ? "" : ", held by no process that can be seen", strerror(-unseen));
	else if (!found)
		text_add(text, ", held by no process");
}

/* What a walk over all pins looks for. Not a pin at all is a folder, or a file of the preloaded iterators. */
struct pin_search {
	enum bpffs_kind kind;
	uint32_t id;
	struct text *text; /* lists all of them; NULL: the first one ends the walk */
};

static int pin_id(int fd, enum bpffs_kind kind, uint32_t *ret_id)
{
	struct bpf_link_info link = {};
	struct bpf_prog_info program = {};
	uint32_t size = kind == BPFFS_LINK ? sizeof(link) : sizeof(program);
	void *info = kind == BPFFS_LINK ? (void *)&link : (void *)&program;

	if (bpf_obj_get_info_by_fd(fd, info, &size) < 0)
		return -errno;
	*ret_id = kind == BPFFS_LINK ? link.id : program.id;
	return 0;
}

static int pin_is(const struct pin_search *search, const char *path)
{
	CLEANUP(close) int fd = bpf_obj_get(path);
	uint32_t id = 0;
	int r;

	if (fd < 0)
		return unless_gone(errno);
	r = bpffs_kind(fd);
	if (r < 0)
		return r;
	if (r != (int)search->kind)
		return 0;
	r = pin_id(fd, search->kind, &id);
	return r < 0 ? r : id == search->id;
}

static int search_pins_below(const struct pin_search *search, char *folder)
{
	char *folders[] = { folder, NULL };
	CLEANUP(fts_close) FTS *tree = fts_open(folders, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	int unseen = tree ? 0 : -errno;
	FTSENT *entry;

	while (tree && (entry = fts_read(tree))) {
		int r = 0;

		if (entry->fts_info == FTS_F)
			r = pin_is(search, entry->fts_path);
		else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
			 entry->fts_info == FTS_NS)
			r = unless_gone(entry->fts_errno);
		if (r == 1 && !search->text)
			return 1;
		if (r == 1)
			text_add(search->text, ", pinned to %s", entry->fts_path);
		unseen = r < 0 ? r : unseen;
	}
	return unseen;
}

/* In every BPF file system that we see. */
static int search_pins(const struct pin_search *search)
{
	CLEANUP(endmntent) FILE *mounts = setmntent("/proc/self/mounts", "re");
	int unseen = mounts ? 0 : -errno;
	struct mntent *mount;

	while (mounts && (mount = getmntent(mounts))) {
		int r = 0;

		if (strcmp(mount->mnt_type, "bpf") == 0)
			r = search_pins_below(search, mount->mnt_dir);
		if (r == 1)
			return 1;
		unseen = r < 0 ? r : unseen;
	}
	return unseen;
}

static void add_pins(struct text *text, uint32_t link_id)
{
	const struct pin_search search = { .kind = BPFFS_LINK, .id = link_id, .text = text };
	int r = search_pins(&search);

	if (r < 0)
		text_add(text, " (not every pin can be looked at: %s)", strerror(-r));
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
	int unseen = 0;

	text[0] = 0;
	while (bpf_link_get_next_id(id, &id) == 0) {
		CLEANUP(close) int fd = bpf_link_get_fd_by_id(id);
		struct bpf_link_info link = {};
		uint32_t link_size = sizeof(link);
		bool told;

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &link, &link_size) < 0) {
			unseen = errno == ENOENT ? unseen : -errno;
			continue;
		}
		if (link.type != BPF_LINK_TYPE_TRACING)
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
	if (errno != ENOENT && !out.used)
		unseen = -errno;
	if (out.used)
		return;
	if (unseen == -EPERM)
		text_add(&out, "by a link that only a process with CAP_SYS_ADMIN can look up");
	else if (unseen < 0)
		text_add(&out, "by a link that cannot be looked up now: %s", strerror(-unseen));
	else
		text_add(&out,
			"by no link that still exists (it was just released: try again; or the program is in a program array)");
}

static int process_has_program(uint32_t id)
{
	CLEANUP(closedir) DIR *processes = opendir("/proc");
	int unseen = processes ? 0 : -errno;
	struct dirent *entry;

	while (processes && (entry = readdir(processes))) {
		int r = 0;

		if (isdigit((unsigned char)entry->d_name[0]) && atoi(entry->d_name) != getpid())
			r = process_holds(entry->d_name, program_line, id, -1);
		if (r == 1)
			return 1;
		unseen = r < 0 ? r : unseen;
	}
	return unseen;
}

/* A link of XDP whose interface is gone runs nothing. */
static int link_runs_program(uint32_t id, uint32_t program_id)
{
	CLEANUP(close) int fd = bpf_link_get_fd_by_id(id);
	struct bpf_link_info link = {};
	uint32_t size = sizeof(link);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &link, &size) < 0)
		return unless_gone(errno);
	return link.prog_id == program_id && (link.type != BPF_LINK_TYPE_XDP || link.xdp.ifindex);
}

static int link_has_program(uint32_t program_id)
{
	uint32_t id = 0;
	int unseen = 0;

	while (bpf_link_get_next_id(id, &id) == 0) {
		int r = link_runs_program(id, program_id);

		if (r == 1)
			return 1;
		unseen = r < 0 ? r : unseen;
	}
	return errno == ENOENT ? unseen : -errno;
}

static int interface_has_program(uint32_t id)
{
	struct if_nameindex *interfaces = if_nameindex();
	int result = interfaces ? 0 : -errno;

	for (size_t i = 0; interfaces && interfaces[i].if_index && result != 1; i++) {
		LIBBPF_OPTS(bpf_xdp_query_opts, query);
		int r = bpf_xdp_query((int)interfaces[i].if_index, 0, &query);

		if (r < 0)
			result = r == -ENODEV ? result : r;
		else if (query.drv_prog_id == id || query.skb_prog_id == id || query.hw_prog_id == id)
			result = 1;
	}
	if (interfaces)
		if_freenameindex(interfaces);
	return result;
}

static int pin_has_program(uint32_t id)
{
	const struct pin_search search = { .kind = BPFFS_PROGRAM, .id = id };

	return search_pins(&search);
}

int holder_of_program(uint32_t id)
{
	int (*const places[])(
		uint32_t) = { link_has_program, interface_has_program, process_has_program, pin_has_program };
	int unseen = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int r = places[i](id);

		if (r == 1)
			return 1;
		unseen = r < 0 ? r : unseen;
	}
	return unseen;
}

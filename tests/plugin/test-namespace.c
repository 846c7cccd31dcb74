/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a host leaves in a network namespace that is gone, without one: folders as store.c makes them, with a
 * real XDP link in each, in a BPF file system of the test's own. The kernel says who is gone.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "host/kept/namespace.h"
#include "host/kept/removal.h"
#include "kernel/dispatcher/dispatcher.h"
#include "kernel/dispatcher/grace.h"
#include "kernel/netdev/netdev.h"
#include "kernel/netns.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"

static char folder[64], bpffs[80], state[80];
static struct grace *grace;
static int program_fd = -1;

__attribute__((format(printf, 1, 2))) static bool there(const char *format, ...)
{
	char path[256];
	struct stat st;
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return lstat(path, &st) == 0;
}

__attribute__((format(printf, 1, 2))) static void make(const char *format, ...)
{
	char path[256];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		fail_msg("%s: %s", path, strerror(errno));
}

/* A chain with its interface, a chain of somebody else's, and a mark of one that is off. */
static void fill(const char *root, const char *interface)
{
	struct netdev *netdev = NULL;
	char path[256];

	make("%s/edge", root);
	make("%s/edge/if", root);
	make("%s/edge/inst", root);
	make("%s/lab@off", root);
	snprintf(path, sizeof(path), "%s/edge/dispatcher", root);
	assert_int_equal(bpf_obj_pin(program_fd, path), 0);
	assert_int_equal(netdev_attach(interface, XDP_MODE_NATIVE, program_fd, &netdev, NULL), 0);
	snprintf(path, sizeof(path), "%s/edge/if/%u", root, netdev_ifindex(netdev));
	assert_int_equal(netdev_pin(netdev, path, NULL), 0);
	netdev_close(netdev);
}

/* A namespace with a folder as a host leaves it; `pipe` ends it. */
static pid_t live_elsewhere(uint64_t *ret_inode)
{
	int ready[2];
	pid_t child;

	assert_return_code(pipe(ready), errno);
	child = fork();
	if (child == 0) {
		struct pindir *pins = NULL;
		uint64_t inode = 0;

		if (unshare(CLONE_NEWNET) < 0 || netns_inode(&inode) < 0 ||
			system("ip link add d0 type veth peer name d1") != 0 ||
			pindir_open(bpffs, &pins, NULL) < 0 || pindir_mark(pins, NULL) < 0)
			_exit(1);
		fill(pindir_root(pins), "d0");
		pindir_close(pins);
		if (write(ready[1], &inode, sizeof(inode)) != sizeof(inode))
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], ret_inode, sizeof(*ret_inode)), sizeof(*ret_inode));
	close(ready[0]);
	close(ready[1]);
	return child;
}

static void end(pid_t child, uint64_t inode)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	/* The namespace ends some time after its last process, and its interfaces with it. */
	for (int i = 0; i < 1000; i++) {
		char root[160];

		snprintf(root, sizeof(root), "%s/%llu", bpffs, (unsigned long long)inode);
		if (namespace_is_dead(root) == 1)
			return;
		usleep(20000);
	}
	fail_msg("the namespace does not end");
}

static int sweep(size_t *ret_n)
{
	struct xslot_diag diag = {};
	struct pindir *pins = NULL;
	int r;

	assert_int_equal(pindir_open(bpffs, &pins, &diag), 0);
	r = namespace_sweep(bpffs, pins, grace, ret_n, &diag);
	pindir_close(pins);
	xslot_diag_clear(&diag);
	return r;
}

/* Where root may not look into every process it cannot be known who is gone: all is left, and that is said.
 */
static void leave_where_not_all_is_seen(uint64_t inode)
{
	int r = netns_exists(inode);
	char root[160];
	size_t n = 9;

	if (r >= 0)
		return;
	assert_int_equal(sweep(&n), r);
	assert_int_equal(n, 0);
	assert_true(there("%s/%llu/edge/dispatcher", bpffs, (unsigned long long)inode));
	snprintf(root, sizeof(root), "%s/%llu", bpffs, (unsigned long long)inode);
	assert_int_equal(pindir_remove(root, NULL), 0);
	skip();
}

/* While it lives nothing of it is touched; then all goes but what others put there. */
static void test_a_namespace_that_is_gone(void **unused)
{
	uint64_t inode = 0;
	pid_t child = live_elsewhere(&inode);
	unsigned long long number = inode;
	char command[512];
	size_t n = 9;

	assert_int_equal(netns_exists(inode), 1);
	assert_int_equal(sweep(&n), 0);
	assert_int_equal(n, 0);
	assert_true(there("%s/%llu/edge/dispatcher", bpffs, number));
	make("%s/%llu/mine", bpffs, number);
	make("%s/%llu/mine/own", bpffs, number);
	make("%s/%llu/edge/mine", bpffs, number);
	end(child, inode);

	leave_where_not_all_is_seen(inode);
	assert_int_equal(netns_exists(inode), 0);
	assert_int_equal(sweep(&n), 0);
	assert_int_equal(n, 1);
	assert_false(there("%s/%llu/edge/dispatcher", bpffs, number));
	assert_false(there("%s/%llu/edge/if", bpffs, number));
	assert_false(there("%s/%llu/lab@off", bpffs, number));
	assert_true(there("%s/%llu/mine", bpffs, number));
	assert_true(there("%s/%llu/edge/mine", bpffs, number));
	make("%s/elsewhere", bpffs);
	snprintf(command, sizeof(command), "cd %s/%llu && rmdir edge/mine edge mine/own mine", bpffs, number);
	assert_int_equal(system(command), 0);
	assert_int_equal(sweep(&n), 0);
	assert_int_equal(n, 0);
	assert_false(there("%s/%llu", bpffs, number));
	assert_true(there("%s/elsewhere", bpffs));
}

/* A host has it: it need not be looked at. */
static void test_a_lock_is_left_alone(void **unused)
{
	struct pindir *pins = NULL;
	char root[160];
	size_t n = 9;

	make("%s/1", bpffs); /* no namespace has this number */
	make("%s/1/edge", bpffs);
	make("%s/1/edge/inst", bpffs);
	snprintf(root, sizeof(root), "%s/1", bpffs);
	if (netns_exists(1) < 0) {
		assert_int_equal(pindir_remove(root, NULL), 0);
		skip();
	}
	assert_int_equal(pindir_open_another(root, &pins, NULL), 0);
	assert_int_equal(sweep(&n), 0);
	assert_int_equal(n, 0);
	assert_true(there("%s/1/edge/inst", bpffs));
	pindir_close(pins);
	assert_int_equal(sweep(&n), 0);
	assert_int_equal(n, 1);
	assert_false(there("%s/1", bpffs));
}

static struct pindir *open_own(enum pindir_past past)
{
	struct pindir *pins = NULL;
	struct xslot_diag diag = {};

	if (pindir_open(bpffs, &pins, &diag) < 0)
		fail_msg("%s", diag.message);
	assert_int_equal(pindir_past(pins), past);
	return pins;
}

static void test_the_number_is_given_again(void **unused)
{
	struct pindir *pins = open_own(PINDIR_OURS); /* a new folder */
	char root[160], command[512];
	uint64_t cookie = 0;

	if (netns_cookie(&cookie) == 0) {
		pindir_close(pins);
		skip();
	}
	snprintf(root, sizeof(root), "%s", pindir_root(pins));
	fill(root, "v0");
	pindir_close(pins);
	pins = open_own(PINDIR_OURS); /* without a mark, as an older version leaves it: trusted once */
	assert_int_equal(namespace_take(pins, grace, NULL), 0);
	pindir_close(pins);
	assert_true(there("%s/edge/dispatcher", root));
	assert_true(there("%s/@netns/%llu", root, (unsigned long long)cookie));
	pins = open_own(PINDIR_OURS);
	pindir_close(pins);

	/* As if this namespace had another one's number. */
	snprintf(command, sizeof(command), "rmdir %s/@netns/%llu && mkdir %s/@netns/%llu", root,
		(unsigned long long)cookie, root, (unsigned long long)cookie + 1);
	assert_int_equal(system(command), 0);
	pins = open_own(PINDIR_ANOTHERS);
	make("%s/mine", root);
	make("%s/mine/own", root);
	assert_int_equal(namespace_take(pins, grace, NULL), 0);
	assert_int_equal(pindir_past(pins), PINDIR_OURS);
	assert_false(there("%s/edge", root));
	assert_false(there("%s/lab@off", root));
	assert_true(there("%s/mine", root));
	assert_true(there("%s/@netns/%llu", root, (unsigned long long)cookie));
	assert_false(there("%s/@netns/%llu", root, (unsigned long long)cookie + 1));
	snprintf(command, sizeof(command), "rmdir %s/mine/own %s/mine", root, root);
	assert_int_equal(system(command), 0);
	pindir_close(pins);
	assert_false(there("%s", root)); /* the mark is nothing to keep */
}

/* All that a host of this version pins for a chain is known to be a host's. */
static void test_nothing_of_a_chain_is_left(void **unused)
{
	struct dispatcher *dispatcher = NULL;
	struct xslot_diag diag = {};
	char path[160];

	make("%s/whole", bpffs);
	snprintf(path, sizeof(path), "%s/whole", bpffs);
	if (dispatcher_load(false, &dispatcher, &diag) < 0 || dispatcher_pin(dispatcher, path, &diag) < 0)
		fail_msg("%s", diag.message);
	dispatcher_free(dispatcher);
	assert_int_equal(removal_is_chain(bpffs, "whole"), 1);
	assert_int_equal(removal_forget(path, &diag), 0);
	assert_false(there("%s", path));
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_what_is_kept_on_disk(void **unused)
{
	char path[128], boot[64], text[160];
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	uint64_t cookie = 0;

	assert_int_equal(fscanf(file, "%63s", boot), 1);
	fclose(file);
	if (netns_cookie(&cookie) == 0)
		skip();
	snprintf(path, sizeof(path), "%s/namespace", state);
	assert_int_equal(namespace_of_state_is_another(state), 0); /* an older version's */
	assert_int_equal(namespace_mark_state(state, NULL), 0);
	assert_int_equal(namespace_of_state_is_another(state), 0);
	snprintf(text, sizeof(text), "%s %llu\n", boot, (unsigned long long)cookie + 1);
	write_text(path, text);
	assert_int_equal(namespace_of_state_is_another(state), 1);
	/* Of another boot: its cookies say nothing. */
	snprintf(text, sizeof(text), "00000000-0000-4000-8000-000000000000 %llu\n",
		(unsigned long long)cookie + 1);
	write_text(path, text);
	assert_int_equal(namespace_of_state_is_another(state), 0);
	unlink(path);
}

static int setup(void **unused)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	strcpy(folder, "/tmp/test-namespace-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_return_code(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), errno);
	snprintf(bpffs, sizeof(bpffs), "%s/pins", folder);
	snprintf(state, sizeof(state), "%s/state", folder);
	make("%s", state);
	make("%s", bpffs);
	assert_return_code(mount("bpf", bpffs, "bpf", 0, NULL), errno);
	assert_int_equal(system("ip link add v0 type veth peer name v1"), 0);
	program_fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "left_behind", "GPL", pass, 2, NULL);
	assert_true(program_fd >= 0);
	return grace_new(&grace, NULL);
}

static int teardown(void **unused)
{
	grace_free(grace);
	close(program_fd);
	umount(bpffs);
	rmdir(bpffs);
	rmdir(state);
	rmdir(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_namespace_that_is_gone),
		cmocka_unit_test(test_a_lock_is_left_alone),
		cmocka_unit_test(test_the_number_is_given_again),
		cmocka_unit_test(test_nothing_of_a_chain_is_left),
		cmocka_unit_test(test_what_is_kept_on_disk),
	};

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0) {
		perror("unshare");
		return 1;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An error in asking is not an answer. Here is an interface with our program, by a link and through netlink,
 * and every question about it is asked while one system call fails with one error, and while file descriptors
 * run out. The kernel made the truth; an answer is the truth or an error, and never the opposite of the
 * truth.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "extension/bpffs.h"
#include "extension/holder.h"
#include "extension/link.h"
#include "kernel/ask.h"
#include "kernel/netdev/elsewhere.h"
#include "kernel/netdev/neighbour.h"
#include "kernel/netdev/netdev.h"
#include "kernel/pindir.h"
#include "kernel/target.h"
#include "util/cleanup.h"

DEFINE_CLEANUP(struct netdev *, netdev_close);

static char folder[64], pins[80], link_pin[96], netlink_pin[96];
static int program_fd = -1, other_fd = -1;
static uint32_t program_id, link_number;
static unsigned v0, v2;
static struct netdev *by_link, *by_netlink, *elsewhere, *gone;
static pid_t holder; /* of another namespace, with v4 in it */

__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
	char command[256];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("%s", command);
}

/* ---- the questions: 1, 0, or negative for "not known" ---- */

static int index_of_v0(void)
{
	return ask_index("v0", &(unsigned){ 0 });
}

static int index_of_nothing(void)
{
	return ask_index("nosuch0", &(unsigned){ 0 });
}

static int name_of_v0(void)
{
	return ask_name(v0, (char[IF_NAMESIZE]){ 0 });
}

static int look_at_v0(void)
{
	struct netdev_look look;
	int r = netdev_look("v0", &look);

	return r < 0 ? r : look.ifindex == v0 && look.native_id == program_id && look.mtu == 1500;
}

static int link_runs(void)
{
	return netdev_runs(by_link, false, &(uint32_t){ 0 });
}

static int link_runs_briefly(void)
{
	return netdev_runs(by_link, true, &(uint32_t){ 0 });
}

static int netlink_runs(void)
{
	return netdev_alive(by_netlink);
}

static int gone_runs(void)
{
	return netdev_alive(gone);
}

static int neighbours_link(void)
{
	return neighbour_link(v0, program_id, &(uint32_t){ 0 });
}

static int neighbours_netlink(void)
{
	return neighbour_link(v2, program_id, &(uint32_t){ 0 });
}

static int neighbour_is_described(void)
{
	char text[768] = "";
	int r = neighbour_describe(v0, "v0", text, sizeof(text));

	if (r > 0 && strstr(text, "attached through netlink")) /* it is a link */
		return 0;
	return r;
}

static int link_is_there(void)
{
	return link_exists(link_number);
}

static int no_link_is_there(void)
{
	return link_exists(UINT32_MAX);
}

static int program_is_held(void)
{
	return holder_of_program(program_id);
}

static int pinned(const char *pin)
{
	CLEANUP(netdev_close) struct netdev *netdev = NULL;
	int r = netdev_open_pinned(pin, &netdev, NULL);

	/* -EINVAL: "it is none of ours". */
	if (r == -ENODEV || r == -EINVAL)
		return 0;
	return r < 0 ? r : netdev_mode(netdev) == XDP_MODE_NATIVE;
}

static int link_is_pinned(void)
{
	return pinned(link_pin);
}

static int netlink_is_pinned(void)
{
	return pinned(netlink_pin);
}

static int pins_are_listed(void)
{
	char **names = NULL;
	size_t n = 0;
	int r = pindir_list(pins, &names, &n, NULL);

	pindir_list_free(names, n);
	return r < 0 ? r : n == 2;
}

static int pin_is_a_program(void)
{
	CLEANUP(close) int fd = -1;
	int r = bpffs_open(netlink_pin, BPFFS_PROGRAM, &fd, NULL);

	return r == -EINVAL || r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static int program_has_the_id(void)
{
	CLEANUP(close) int fd = -1;
	char id[16];
	int r;

	snprintf(id, sizeof(id), "%u", program_id);
	r = target_open(id, &fd, NULL);
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static int program_has_the_name(void)
{
	CLEANUP(close) int fd = -1;
	int r = target_open("asked_for_xdp", &fd, NULL);

	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static int is_free_to_attach(void)
{
	CLEANUP(netdev_close) struct netdev *netdev = NULL;
	int r = netdev_attach("v0", XDP_MODE_NATIVE, other_fd, &netdev, NULL);

	return r == -ENODEV ? 0 : r < 0 ? r : 1; /* -EBUSY is right; "there is no such interface" is not */
}

static int can_be_claimed(void)
{
	CLEANUP(netdev_close) struct netdev *netdev = NULL;
	int r = netdev_claim("v2", XDP_MODE_NATIVE, other_fd, &netdev, NULL);

	return r == -ENODEV || r == -EAGAIN ? 0 : r < 0 ? r : 1; /* "nobody is there" is not */
}

static int is_elsewhere(void)
{
	return netdev_strip_elsewhere(elsewhere, (char[IF_NAMESIZE]){ 0 });
}

static const struct question {
	const char *name;
	int (*ask)(void);
	int truth;
	bool changes; /* asked only while it must fail */
} questions[] = {
	{ "ask_index", index_of_v0, 1 },
	{ "ask_index of nothing", index_of_nothing, 0 },
	{ "ask_name", name_of_v0, 1 },
	{ "netdev_look", look_at_v0, 1 },
	{ "netdev_runs, a link", link_runs, 1 },
	{ "netdev_runs, a link, briefly", link_runs_briefly, 1 },
	{ "netdev_alive, through netlink", netlink_runs, 1 },
	{ "netdev_alive, gone", gone_runs, 0 },
	{ "neighbour_link", neighbours_link, 1 },
	{ "neighbour_link, through netlink", neighbours_netlink, 0 },
	{ "neighbour_describe", neighbour_is_described, 1 },
	{ "link_exists", link_is_there, 1 },
	{ "link_exists, none", no_link_is_there, 0 },
	{ "holder_of_program", program_is_held, 1 },
	{ "netdev_open_pinned, a link", link_is_pinned, 1 },
	{ "netdev_open_pinned, through netlink", netlink_is_pinned, 1 },
	{ "pindir_list", pins_are_listed, 1 },
	{ "bpffs_open", pin_is_a_program, 1 },
	{ "target_open, an id", program_has_the_id, 1 },
	{ "target_open, a name", program_has_the_name, 1 },
	{ "netdev_attach", is_free_to_attach, -EBUSY },
	{ "netdev_claim", can_be_claimed, 1 },
	{ "netdev_strip_elsewhere", is_elsewhere, 1, .changes = true },
};

/* ---- faults ---- */

struct fault {
	const char *name;
	long syscall; /* -1: descriptors run out, `error` are left */
	int error;
};

static void leave_descriptors(int n)
{
	struct rlimit limit;
	int next = fcntl(program_fd, F_DUPFD, 3);

	close(next);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = (rlim_t)(next + n);
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		_exit(90);
}

static void fail_syscall(long number, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(91);
}

/* Each in a process of its own: there is no way back from a filter. */
static void ask_all(const struct fault *fault)
{
	bool hides = fault->syscall == __NR_setns || fault->syscall == __NR_openat;
	int wrong = 0;

	if (fault->syscall < 0)
		leave_descriptors(fault->error);
	else
		fail_syscall(fault->syscall, fault->error);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const struct question *question = &questions[i];
		int r;

		if (question->changes && !hides)
			continue;
		r = question->ask();
		if (r < 0 || r == question->truth)
			continue;
		wrong++;
		dprintf(2, "%s while %s (%d): the answer is %d, the truth is %d\n", question->name,
			fault->name, fault->error, r, question->truth);
	}
	_exit(wrong ? 1 : 0);
}

static int answers_under(const struct fault *fault)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		ask_all(fault);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		fail_msg("%s (%d): status %d", fault->name, fault->error, status);
	return WEXITSTATUS(status);
}

static void test_the_truth(void **state)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (!questions[i].changes && questions[i].ask() != questions[i].truth)
			fail_msg("%s: %d", questions[i].name, questions[i].ask());
	}
}

static void test_a_system_call_fails(void **state)
{
	static const int errors[] = { EMFILE, ENFILE, ENOMEM, EPERM, EACCES, EINTR };
	static const struct fault faults[] = {
		{ "socket fails", __NR_socket },
		{ "ioctl fails", __NR_ioctl },
		{ "bind fails", __NR_bind },
		{ "openat fails", __NR_openat },
		{ "bpf fails", __NR_bpf },
		{ "readlinkat fails", __NR_readlinkat },
#ifdef __NR_readlink
		{ "readlink fails", __NR_readlink },
#endif
		{ "getdents64 fails", __NR_getdents64 },
		{ "setns fails", __NR_setns },
		{ "sendto fails", __NR_sendto },
		{ "recvmsg fails", __NR_recvmsg },
		{ "recvfrom fails", __NR_recvfrom },
		{ "fcntl fails", __NR_fcntl },
	};
	int wrong = 0;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		for (size_t j = 0; j < sizeof(errors) / sizeof(errors[0]); j++) {
			struct fault fault = faults[i];

			/* libc's if_nameindex() asks again for ever. */
			if (errors[j] == EINTR &&
				(fault.syscall == __NR_sendto || fault.syscall == __NR_recvmsg))
				continue;
			fault.error = errors[j];
			wrong += answers_under(&fault);
		}
	}
	assert_int_equal(wrong, 0);
}

static void test_descriptors_run_out(void **state)
{
	int wrong = 0;

	for (int left = 0; left < 6; left++) {
		const struct fault fault = { "descriptors run out", -1, left };

		wrong += answers_under(&fault);
	}
	assert_int_equal(wrong, 0);
}

/* ---- the scene ---- */

static int load(const char *name)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, name, "GPL", pass, 2, NULL);
}

static uint32_t link_of(unsigned ifindex)
{
	uint32_t id = 0;

	while (bpf_link_get_next_id(id, &id) == 0) {
		CLEANUP(close) int fd = bpf_link_get_fd_by_id(id);
		struct bpf_link_info info = {};
		uint32_t size = sizeof(info);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
			info.type == BPF_LINK_TYPE_XDP && info.xdp.ifindex == ifindex)
			return id;
	}
	return 0;
}

static struct netdev *take_over(const char *name)
{
	struct netdev *netdev = NULL;
	int before = load("before");

	assert_int_equal(bpf_xdp_attach((int)if_nametoindex(name), before, XDP_FLAGS_DRV_MODE, NULL), 0);
	assert_int_equal(netdev_claim(name, XDP_MODE_NATIVE, program_fd, &netdev, NULL), 0);
	assert_int_equal(netdev_take_over(netdev, NULL), 0);
	netdev_commit(netdev);
	close(before);
	return netdev;
}

static void make_scene(void)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	run("for i in 0 2 4 6; do ip link add v$i type veth peer name v$((i+1)); done");
	program_fd = load("asked_for_xdp");
	other_fd = load("other");
	assert_true(program_fd >= 0 && other_fd >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(program_fd, &info, &size), 0);
	program_id = info.id;
	v0 = if_nametoindex("v0");
	v2 = if_nametoindex("v2");
	assert_int_equal(netdev_attach("v0", XDP_MODE_NATIVE, program_fd, &by_link, NULL), 0);
	link_number = link_of(v0);
	assert_int_equal(netdev_attach("v6", XDP_MODE_NATIVE, program_fd, &gone, NULL), 0);
	by_netlink = take_over("v2");
	elsewhere = take_over("v4");
	run("ip link del v6; ip link set v4 netns %d", holder);
	snprintf(pins, sizeof(pins), "%s/if",
		folder); /* some kernels have pins of their own in each BPF file system */
	assert_int_equal(pindir_make(pins, NULL), 0);
	snprintf(link_pin, sizeof(link_pin), "%s/%u", pins, v0);
	snprintf(netlink_pin, sizeof(netlink_pin), "%s/%u", pins, v2);
	assert_int_equal(netdev_pin(by_link, link_pin, NULL), 0);
	assert_int_equal(netdev_pin(by_netlink, netlink_pin, NULL), 0);
}

static int setup(void **state)
{
	strcpy(folder, "/tmp/test-ask-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_return_code(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), errno);
	assert_return_code(mount("bpf", folder, "bpf", 0, NULL), errno);
	make_scene();
	return 0;
}

static int teardown(void **state)
{
	netdev_close(by_link);
	netdev_close(by_netlink);
	netdev_close(elsewhere);
	netdev_close(gone);
	close(program_fd);
	close(other_fd);
	umount(folder);
	rmdir(folder);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	return 0;
}

/* Before all else: it is to have nothing of ours open. */
static void hold_a_namespace(void)
{
	int ready[2];

	if (pipe(ready) < 0)
		exit(1);
	holder = fork();
	if (holder == 0) {
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(ready[0], (char[1]){ 0 }, 1) != 1)
		exit(1);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_truth),
		cmocka_unit_test(test_a_system_call_fails),
		cmocka_unit_test(test_descriptors_run_out),
	};

	hold_a_namespace();
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0) {
		perror("unshare");
		return 1;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}

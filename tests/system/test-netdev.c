/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Attaching to real interfaces, in a network namespace of the test's own; and what is said when it fails. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "kernel/ask.h"
#include "kernel/dispatcher/dispatcher.h"
#include "kernel/features.h"
#include "kernel/netdev/extack.h"
#include "kernel/netdev/netdev.h"

#define PATIENCE 180 /* seconds */

static struct dispatcher *ours;
static struct xslot_diag diag;

#define run(...)                                                                                             \
	do {                                                                                                 \
		char command_[512];                                                                          \
		snprintf(command_, sizeof(command_), __VA_ARGS__);                                           \
		if (system(command_) != 0)                                                                   \
			fail_msg("%s", command_);                                                            \
	} while (0)

#define assert_says(text)                                                                                    \
	do {                                                                                                 \
		if (!strstr(diag.message, text))                                                             \
			fail_msg("\"%s\" is not in: %s", text, diag.message);                                \
	} while (0)

static uint32_t attached(const char *interface, enum xdp_mode mode)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	assert_int_equal(bpf_xdp_query(if_nametoindex(interface), 0, &query), 0);
	return mode == XDP_MODE_NATIVE ? query.drv_prog_id : query.skb_prog_id;
}

static int setup(void **state)
{
	run("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up");
	xslot_diag_clear(&diag);
	return 0;
}

static int teardown(void **state)
{
	run("ip link del v0 2>/dev/null || ip link del v1 2>/dev/null || true");
	return 0;
}

/* Somebody else's program, loaded as XDP. */
static struct bpf_object *foreign(const char *name, int *ret_fd)
{
	struct bpf_object *object = bpf_object__open_file(VERDICT_OBJECT, NULL);

	assert_non_null(object);
	assert_int_equal(bpf_object__load(object), 0);
	*ret_fd = bpf_program__fd(bpf_object__find_program_by_name(object, name));
	return object;
}

static uint32_t program_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	return info.id;
}

static void take_off(struct netdev *netdev)
{
	assert_int_equal(netdev_strip(netdev), 0);
	netdev_close(netdev);
}

static void test_attach_in_just_the_mode(void **state)
{
	for (int mode = XDP_MODE_NATIVE; mode <= XDP_MODE_GENERIC; mode++) {
		struct netdev *netdev = NULL;

		assert_int_equal(netdev_attach("v0", mode, dispatcher_fd(ours), &netdev, &diag), 0);
		assert_string_equal(netdev_name(netdev), "v0");
		assert_int_equal(netdev_ifindex(netdev), if_nametoindex("v0"));
		assert_int_equal(netdev_mode(netdev), mode);
		assert_int_equal(netdev_alive(netdev), 1);
		assert_int_equal(attached("v0", mode), dispatcher_program_id(ours));
		assert_int_equal(attached("v0", !mode), 0);
		take_off(netdev);
		assert_int_equal(attached("v0", mode), 0);
	}
}

static void test_update(void **state)
{
	struct netdev *netdev = NULL;
	struct dispatcher *newer = NULL;

	assert_int_equal(dispatcher_load(false, &newer, &diag), 0);
	assert_int_equal(netdev_attach("v0", XDP_MODE_NATIVE, dispatcher_fd(ours), &netdev, &diag), 0);
	assert_int_equal(netdev_update(netdev, dispatcher_fd(newer), &diag), 0);
	assert_int_equal(attached("v0", XDP_MODE_NATIVE), dispatcher_program_id(newer));
	assert_int_equal(netdev_alive(netdev), 1);
	take_off(netdev);
	dispatcher_free(newer);
}

static void test_missing_interface(void **state)
{
	struct netdev *netdev = NULL;

	assert_int_equal(ask_index("nosuch0", &(unsigned){ 0 }), 0);
	assert_int_equal(
		netdev_attach("nosuch0", XDP_MODE_NATIVE, dispatcher_fd(ours), &netdev, &diag), -ENODEV);
	assert_null(netdev);
	assert_says("nosuch0");
}

/* Attached through netlink, in either mode, against either mode: named with id, name and what takes it off.
 */
static void test_netlink_program_is_named(void **state)
{
	static const uint32_t flags[] = { XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE };
	static const char *off[] = { "ip link set dev v0 xdpdrv off", "ip link set dev v0 xdpgeneric off" };
	char text[64];
	int fd;
	struct bpf_object *object = foreign("verdict", &fd);

	snprintf(text, sizeof(text), "XDP program verdict (program id %u, ", program_id(fd));
	for (int theirs = 0; theirs < 2; theirs++) {
		assert_int_equal(bpf_xdp_attach(if_nametoindex("v0"), fd, flags[theirs], NULL), 0);
		for (int mode = XDP_MODE_NATIVE; mode <= XDP_MODE_GENERIC; mode++) {
			struct netdev *netdev = NULL;
			int r = netdev_attach("v0", mode, dispatcher_fd(ours), &netdev, &diag);

			assert_int_equal(r, mode == theirs ? -EBUSY : -EEXIST);
			assert_null(netdev);
			assert_says(text);
			assert_says("attached through netlink");
			assert_says(off[theirs]);
			assert_int_equal(attached("v0", theirs), program_id(fd));
			xslot_diag_clear(&diag);
		}
		run("%s", off[theirs]);
		assert_int_equal(attached("v0", theirs), 0);
	}
	bpf_object__close(object);
}

static void test_link_is_named(void **state)
{
	struct bpf_link_info info = { 0 };
	struct netdev *netdev = NULL;
	uint32_t size = sizeof(info);
	struct bpf_link *link;
	char text[64];
	int fd;
	struct bpf_object *object = foreign("next", &fd);

	link = bpf_program__attach_xdp(
		bpf_object__find_program_by_name(object, "next"), if_nametoindex("v0"));
	assert_non_null(link);
	assert_int_equal(bpf_obj_get_info_by_fd(bpf_link__fd(link), &info, &size), 0);
	assert_int_equal(netdev_attach("v0", XDP_MODE_NATIVE, dispatcher_fd(ours), &netdev, &diag), -EBUSY);
	snprintf(text, sizeof(text), "XDP program next (program id %u, native, BPF link id %u)", info.prog_id,
		info.id);
	assert_says(text);
	assert_int_equal(attached("v0", XDP_MODE_NATIVE), info.prog_id);
	bpf_link__destroy(link);
	bpf_object__close(object);
}

/* In the place of a program that came through netlink, and back; nothing changes before the one step. */
static void test_claim(void **state)
{
	struct netdev *netdev = NULL;
	int fd;
	struct bpf_object *object = foreign("verdict", &fd);
	char text[64];

	snprintf(text, sizeof(text), "verdict (program id %u)", program_id(fd));
	for (int mode = XDP_MODE_NATIVE; mode <= XDP_MODE_GENERIC; mode++) {
		uint32_t flag = mode == XDP_MODE_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;

		assert_int_equal(bpf_xdp_attach(if_nametoindex("v0"), fd, flag, NULL), 0);
		assert_int_equal(netdev_claim("v0", mode, dispatcher_fd(ours), &netdev, &diag), 0);
		assert_int_equal(netdev_kind(netdev), NETDEV_NETLINK);
		assert_string_equal(netdev_previous(netdev), text);
		assert_int_equal(netdev_alive(netdev), 0);
		netdev_give_back(netdev);
		take_off(netdev);
		assert_int_equal(attached("v0", mode), program_id(fd));

		assert_int_equal(netdev_claim("v0", mode, dispatcher_fd(ours), &netdev, &diag), 0);
		assert_int_equal(netdev_take_over(netdev, &diag), 0);
		assert_int_equal(attached("v0", mode), dispatcher_program_id(ours));
		assert_int_equal(netdev_alive(netdev), 1);
		netdev_give_back(netdev);
		assert_int_equal(attached("v0", mode), program_id(fd));
		assert_int_equal(netdev_take_over(netdev, &diag), 0);
		netdev_commit(netdev);
		assert_null(netdev_previous(netdev));
		netdev_give_back(netdev);
		assert_int_equal(attached("v0", mode), dispatcher_program_id(ours));
		take_off(netdev);
		assert_int_equal(attached("v0", mode), 0);
	}
	bpf_object__close(object);
}

/* Each step says which program it expects: what is not as expected is left alone. */
static void test_claim_expects(void **state)
{
	unsigned ifindex = if_nametoindex("v0");
	struct dispatcher *newer = NULL;
	struct netdev *netdev = NULL;
	int fd, other_fd;
	uint32_t id = 0;
	struct bpf_object *object = foreign("verdict", &fd), *other = foreign("next", &other_fd);

	assert_int_equal(dispatcher_load(false, &newer, &diag), 0);
	assert_int_equal(bpf_xdp_attach(ifindex, fd, XDP_FLAGS_DRV_MODE, NULL), 0);
	assert_int_equal(netdev_claim("v0", XDP_MODE_NATIVE, dispatcher_fd(ours), &netdev, &diag), 0);
	assert_int_equal(bpf_xdp_attach(ifindex, other_fd, XDP_FLAGS_DRV_MODE, NULL), 0);
	assert_int_equal(netdev_take_over(netdev, &diag), -EEXIST);
	assert_says("cannot take over v0 from XDP program verdict (program id ");
	assert_says("reload again");
	assert_int_equal(attached("v0", XDP_MODE_NATIVE), program_id(other_fd));
	xslot_diag_clear(&diag);
	take_off(netdev);

	assert_int_equal(netdev_claim("v0", XDP_MODE_NATIVE, dispatcher_fd(ours), &netdev, &diag), 0);
	assert_int_equal(netdev_take_over(netdev, &diag), 0);
	netdev_commit(netdev);
	assert_int_equal(netdev_update(netdev, dispatcher_fd(newer), &diag), 0);
	assert_int_equal(attached("v0", XDP_MODE_NATIVE), dispatcher_program_id(newer));
	assert_int_equal(netdev_program_id(netdev, &id), 0);
	assert_int_equal(id, dispatcher_program_id(newer));
	assert_int_equal(bpf_xdp_attach(ifindex, fd, XDP_FLAGS_DRV_MODE, NULL), 0);
	assert_int_equal(netdev_alive(netdev), 0);
	assert_true(netdev_update(netdev, dispatcher_fd(ours), &diag) < 0);
	xslot_diag_clear(&diag);
	take_off(netdev);
	assert_int_equal(attached("v0", XDP_MODE_NATIVE), program_id(fd));
	dispatcher_free(newer);
	bpf_object__close(object);
	bpf_object__close(other);
}

static void test_claim_refused(void **state)
{
	struct netdev *netdev = NULL;
	struct bpf_link *link;
	int fd;
	struct bpf_object *object = foreign("next", &fd);

	assert_int_equal(netdev_claim("v0", XDP_MODE_NATIVE, dispatcher_fd(ours), &netdev, &diag), -EAGAIN);
	xslot_diag_clear(&diag);
	link = bpf_program__attach_xdp(
		bpf_object__find_program_by_name(object, "next"), if_nametoindex("v0"));
	assert_non_null(link);
	assert_int_equal(netdev_claim("v0", XDP_MODE_NATIVE, dispatcher_fd(ours), &netdev, &diag), -EBUSY);
	assert_says("only the owner of a BPF link can replace its program");
	assert_says("BPF link id ");
	assert_int_equal(attached("v0", XDP_MODE_NATIVE), program_id(fd));
	xslot_diag_clear(&diag);
	bpf_link__destroy(link);

	assert_int_equal(bpf_xdp_attach(if_nametoindex("v0"), fd, XDP_FLAGS_SKB_MODE, NULL), 0);
	assert_int_equal(netdev_claim("v0", XDP_MODE_NATIVE, dispatcher_fd(ours), &netdev, &diag), -EEXIST);
	assert_says("generic");
	assert_null(netdev);
	bpf_object__close(object);
}

/* Somebody who drops everything, and we who do so, too. */
static struct dispatcher *dropping(void)
{
	struct xslot_generation generation = { .id = 1, .final = XDP_DROP };
	struct dispatcher *dispatcher = NULL;

	assert_int_equal(dispatcher_load(false, &dispatcher, &diag), 0);
	dispatcher_prepare(dispatcher, &generation);
	dispatcher_swap(dispatcher);
	return dispatcher;
}

static atomic_bool flooding;

static void *flood(void *interface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface) };
	static const char frame[64] = "\xff\xff\xff\xff\xff\xff";
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	while (atomic_load(&flooding))
		sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to));
	close(fd);
	return NULL;
}

/* How many frames have come in through the XDP program. */
static unsigned slipped(int fd)
{
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);
	unsigned n = 0;
	char frame[64];

	while (recvfrom(fd, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&from, &size) >= 0)
		n += from.sll_pkttype != PACKET_OUTGOING;
	return n;
}

/* There and back again, many times, in a flood: no frame meets a bare interface. */
static void test_nothing_slips_through(void **state)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct dispatcher *we = dropping(), *they = dropping();
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct netdev *netdev = NULL;
	pthread_t flooder;
	unsigned n = 0;

	at.sll_ifindex = (int)if_nametoindex("v0");
	assert_int_equal(bpf_xdp_attach(at.sll_ifindex, dispatcher_fd(they), XDP_FLAGS_DRV_MODE, NULL), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	slipped(fd); /* from before */
	atomic_store(&flooding, true);
	assert_int_equal(pthread_create(&flooder, NULL, flood, (void *)"v1"), 0);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(netdev_claim("v0", XDP_MODE_NATIVE, dispatcher_fd(we), &netdev, &diag), 0);
		assert_int_equal(netdev_take_over(netdev, &diag), 0);
		assert_int_equal(attached("v0", XDP_MODE_NATIVE), dispatcher_program_id(we));
		assert_int_equal(netdev_update(netdev, dispatcher_fd(they), &diag), 0);
		netdev_close(netdev);
	}
	assert_int_equal(slipped(fd), 0);
	run("ip link set v0 xdpdrv off");
	for (int i = 0; i < PATIENCE * 100 && n == 0; i++) {
		usleep(10000);
		n = slipped(fd);
	}
	assert_int_not_equal(n, 0); /* it would have been seen */
	atomic_store(&flooding, false);
	pthread_join(flooder, NULL);
	close(fd);
	dispatcher_free(we);
	dispatcher_free(they);
}

/* A pin marks what was attached through netlink, and holds only as long as the interface runs it. */
static void test_claim_is_found_again(void **state)
{
	unsigned ifindex = if_nametoindex("v0");
	struct netdev *netdev = NULL, *found = NULL;
	int fd;
	struct bpf_object *object = foreign("next", &fd);
	char folder[64], pin[96];

	snprintf(folder, sizeof(folder), "/sys/fs/bpf/netdev-%d", getpid());
	snprintf(pin, sizeof(pin), "%s/%u", folder, ifindex);
	assert_int_equal(mkdir(folder, 0700), 0);
	for (int mode = XDP_MODE_NATIVE; mode <= XDP_MODE_GENERIC; mode++) {
		uint32_t flag = mode == XDP_MODE_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;

		assert_int_equal(bpf_xdp_attach(ifindex, fd, flag, NULL), 0);
		assert_int_equal(netdev_claim("v0", mode, dispatcher_fd(ours), &netdev, &diag), 0);
		assert_int_equal(netdev_pin(netdev, pin, &diag), 0);
		assert_int_equal(netdev_open_pinned(pin, &found, &diag), -ENODEV);
		assert_says("does not run the program");
		xslot_diag_clear(&diag);
		assert_int_equal(netdev_detach_pinned(pin, NULL), 0);
		assert_int_equal(attached("v0", mode), program_id(fd));
		assert_int_equal(netdev_take_over(netdev, &diag), 0);
		netdev_close(netdev); /* as a host that dies */
		assert_int_equal(attached("v0", mode), dispatcher_program_id(ours));
		assert_int_equal(netdev_open_pinned(pin, &found, &diag), 0);
		assert_string_equal(netdev_name(found), "v0");
		assert_int_equal(netdev_mode(found), mode);
		assert_int_equal(netdev_kind(found), NETDEV_NETLINK);
		assert_int_equal(netdev_alive(found), 1);
		netdev_close(found);
		assert_int_equal(netdev_detach_pinned(pin, NULL), 0);
		assert_int_equal(attached("v0", mode), 0);
		assert_int_equal(unlink(pin), 0);
	}
	rmdir(folder);
	bpf_object__close(object);
}

static void test_libxdp_dispatcher_is_named(void **state)
{
	struct netdev *netdev = NULL;
	char why[256];

	if (features_freplace(why, sizeof(why)) < 0) {
		print_message("no freplace, so libxdp has no dispatcher: %s\n", why);
		skip();
	}
	run("xdp-loader load -m native -n verdict v0 %s && xdp-loader load -m native -n next v0 %s",
		VERDICT_OBJECT, VERDICT_OBJECT);
	assert_int_equal(netdev_attach("v0", XDP_MODE_NATIVE, dispatcher_fd(ours), &netdev, &diag), -EBUSY);
	assert_says("libxdp's dispatcher xdp_dispatcher (program id ");
	assert_says(" verdict (program id ");
	assert_says(" next (program id ");
	assert_says("xdp-loader unload v0 --all");
	run("xdp-loader unload v0 --all");
	assert_int_equal(netdev_attach("v0", XDP_MODE_NATIVE, dispatcher_fd(ours), &netdev, &diag), 0);
	take_off(netdev);
}

static void test_driver_refuses_mtu(void **state)
{
	struct dispatcher *with_frags = NULL;
	struct netdev *netdev = NULL;

	run("ip link set v0 mtu 9000 && ip link set v1 mtu 9000");
	assert_int_equal(netdev_attach("v0", XDP_MODE_NATIVE, dispatcher_fd(ours), &netdev, &diag), -ERANGE);
	assert_null(netdev);
	assert_says("cannot attach to v0 in native mode: driver veth refuses: Peer MTU is too large to set "
		    "XDP; ");
	assert_says("9000");
	assert_says("mode = generic");
	assert_int_equal(attached("v0", XDP_MODE_NATIVE), 0); /* asking why left nothing behind */
	xslot_diag_clear(&diag);

	assert_int_equal(netdev_attach("v0", XDP_MODE_GENERIC, dispatcher_fd(ours), &netdev, &diag), 0);
	take_off(netdev);
	if (dispatcher_load(true, &with_frags, &diag) < 0) {
		assert_says("cannot load the dispatcher program with frags = yes: ");
		assert_says("5.18");
		return;
	}
	assert_int_equal(netdev_attach("v0", XDP_MODE_NATIVE, dispatcher_fd(with_frags), &netdev, &diag), 0);
	take_off(netdev);
	dispatcher_free(with_frags);
}

static void test_driver_without_xdp(void **state)
{
	struct netdev *netdev = NULL;

	assert_int_equal(
		netdev_attach("lo", XDP_MODE_NATIVE, dispatcher_fd(ours), &netdev, &diag), -EOPNOTSUPP);
	assert_says("lo in native mode");
	assert_says("native mode; mode = generic would help");
	xslot_diag_clear(&diag);
	assert_int_equal(netdev_attach("lo", XDP_MODE_GENERIC, dispatcher_fd(ours), &netdev, &diag), 0);
	take_off(netdev);
}

/* The question that netdev.c asks after a refusal, where there is nothing to refuse, and where somebody is.
 */
static void test_asking_why_changes_nothing(void **state)
{
	unsigned ifindex = if_nametoindex("v0");
	struct bpf_object *object;
	char text[256];
	int fd;

	assert_int_equal(
		extack_probe(ifindex, XDP_FLAGS_DRV_MODE, dispatcher_fd(ours), text, sizeof(text)), 0);
	assert_int_equal(attached("v0", XDP_MODE_NATIVE), 0);
	assert_string_equal(text, "");

	object = foreign("verdict", &fd);
	assert_int_equal(bpf_xdp_attach(ifindex, fd, XDP_FLAGS_DRV_MODE, NULL), 0);
	assert_int_equal(
		extack_probe(ifindex, XDP_FLAGS_DRV_MODE, dispatcher_fd(ours), text, sizeof(text)), -EBUSY);
	assert_string_not_equal(text, "");
	assert_int_equal(attached("v0", XDP_MODE_NATIVE), program_id(fd));
	bpf_object__close(object);
}

static void test_interface_goes(void **state)
{
	struct netdev *deleted = NULL, *moved = NULL;

	assert_int_equal(netdev_attach("v0", XDP_MODE_NATIVE, dispatcher_fd(ours), &deleted, &diag), 0);
	run("ip link del v0");
	assert_int_equal(netdev_alive(deleted), 0);
	assert_int_equal(netdev_update(deleted, dispatcher_fd(ours), &diag), -ENODEV);
	assert_says("v0");
	assert_says("gone");
	xslot_diag_clear(&diag);
	take_off(deleted);

	run("ip link add v0 type veth peer name v1");
	assert_int_equal(netdev_attach("v0", XDP_MODE_GENERIC, dispatcher_fd(ours), &moved, &diag), 0);
	assert_int_equal(netdev_alive(moved), 1);
	run("ip link set v0 name w0");
	assert_int_equal(netdev_alive(moved), 1); /* a new name is the same interface */
	run("ip link set w0 netns 1");
	assert_int_equal(netdev_alive(moved), 0);
	take_off(moved);
}

static int group_setup(void **state)
{
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	if (system("ip link set lo up") != 0)
		return -1;
	if (dispatcher_load(false, &ours, &diag) < 0) {
		print_error("%s\n", diag.message);
		return -1;
	}
	return 0;
}

static int group_teardown(void **state)
{
	dispatcher_free(ours);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_attach_in_just_the_mode, setup, teardown),
		cmocka_unit_test_setup_teardown(test_update, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_interface, setup, teardown),
		cmocka_unit_test_setup_teardown(test_netlink_program_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(test_claim, setup, teardown),
		cmocka_unit_test_setup_teardown(test_claim_expects, setup, teardown),
		cmocka_unit_test_setup_teardown(test_claim_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_slips_through, setup, teardown),
		cmocka_unit_test_setup_teardown(test_claim_is_found_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_libxdp_dispatcher_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(test_driver_refuses_mtu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_driver_without_xdp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_asking_why_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interface_goes, setup, teardown),
	};

	libbpf_set_print(NULL);
	return cmocka_run_group_tests_name("netdev", tests, group_setup, group_teardown);
}

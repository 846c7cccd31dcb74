/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the kernel reports of interfaces that come, change and go, in a network namespace of the test's own.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "kernel/netdev/linkwatch.h"

#define run(...)                                                                                             \
	do {                                                                                                 \
		char command_[512];                                                                          \
		snprintf(command_, sizeof(command_), __VA_ARGS__);                                           \
		if (system(command_) != 0)                                                                   \
			fail_msg("%s", command_);                                                            \
	} while (0)

static struct linkwatch *watch;
static struct link_event seen[256];
static size_t n_seen;

static void note(const struct link_event *event, void *data)
{
	if (n_seen < sizeof(seen) / sizeof(*seen))
		seen[n_seen++] = *event;
}

/* Everything that was reported since the last time; commands that have ended have reported all they will. */
static int read_all(void)
{
	struct pollfd ready = { .fd = linkwatch_fd(watch), .events = POLLIN };
	int r = 0;

	n_seen = 0;
	while (r >= 0 && poll(&ready, 1, 0) == 1)
		r = linkwatch_read(watch, note, NULL);
	return r;
}

/* The last report about an interface of that name; NULL: there was none. */
static const struct link_event *last(const char *name)
{
	const struct link_event *found = NULL;

	for (size_t i = 0; i < n_seen; i++) {
		if (strcmp(seen[i].name, name) == 0)
			found = &seen[i];
	}
	return found;
}

static int setup(void **state)
{
	struct xslot_diag diag = {};

	if (linkwatch_open(&watch, &diag) < 0)
		fail_msg("%s", diag.message);
	return 0;
}

static int teardown(void **state)
{
	linkwatch_close(watch);
	return 0;
}

static void test_nothing_happens(void **state)
{
	assert_int_equal(linkwatch_read(watch, note, NULL), 0);
	assert_int_equal(n_seen, 0);
	linkwatch_close(NULL);
}

static void test_comes_and_goes(void **state)
{
	unsigned ifindex;

	run("ip link add d0 type veth peer name p0");
	ifindex = if_nametoindex("d0");
	assert_int_equal(read_all(), 0);
	assert_non_null(last("d0"));
	assert_false(last("d0")->gone);
	assert_int_equal(last("d0")->ifindex, ifindex);

	run("ip link del d0");
	assert_int_equal(read_all(), 0);
	assert_non_null(last("d0"));
	assert_true(last("d0")->gone);
	assert_int_equal(last("d0")->ifindex, ifindex);
}

static void test_changes(void **state)
{
	unsigned ifindex;

	run("ip link add d0 type veth peer name p0");
	ifindex = if_nametoindex("d0");
	read_all();
	run("ip link set d0 mtu 1400");
	assert_int_equal(read_all(), 0);
	assert_non_null(last("d0"));
	assert_false(last("d0")->gone);

	run("ip link set d0 name d9");
	assert_int_equal(read_all(), 0);
	assert_non_null(last("d9"));
	assert_false(last("d9")->gone);
	assert_int_equal(last("d9")->ifindex, ifindex);
	assert_false(last("d9")->aliases);

	run("ip link property add dev d9 altname another");
	run("ip link set d9 up");
	assert_int_equal(read_all(), 0);
	assert_true(last("d9")->aliases);
	run("ip link del d9");
}

static void test_moves_to_another_namespace(void **state)
{
	run("ip link add d0 type veth peer name d1");
	read_all();
	run("unshare --net sh -c 'nsenter --net=/proc/%d/ns/net ip link set d0 netns $$'", getpid());
	assert_int_equal(read_all(), 0);
	assert_non_null(last("d0"));
	assert_true(last("d0")->gone);
	/* That namespace ends some time later, and both with it; the next test wants the names now. */
	run("ip link del d1 2>/dev/null || ! ip link show dev d1 2>/dev/null");
}

/* A port that leaves its bridge is "deleted", but only there. */
static void test_a_bridge_says_nothing_about_its_ports(void **state)
{
	if (system("ip link add b0 type bridge") != 0)
		skip();
	run("ip link add d0 type veth peer name d1 && ip link set d0 master b0");
	read_all();
	run("ip link set d0 nomaster");
	assert_int_equal(read_all(), 0);
	assert_non_null(last("d0"));
	for (size_t i = 0; i < n_seen; i++)
		assert_false(seen[i].gone);
	run("ip link del d0 && ip link del b0");
}

static void test_reports_that_are_lost(void **state)
{
	int least = 0, enough = 1 << 16;

	assert_int_equal(setsockopt(linkwatch_fd(watch), SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	run("for i in 1 2 3 4 5 6 7 8; do ip link add d$i type veth peer name p$i; done");
	assert_int_equal(read_all(), -ENOBUFS);
	/* And it goes on. */
	while (read_all() < 0)
		;
	setsockopt(linkwatch_fd(watch), SOL_SOCKET, SO_RCVBUF, &enough, sizeof(enough));
	run("ip link del d8");
	assert_int_equal(read_all(), 0);
	assert_non_null(last("d8"));
	assert_true(last("d8")->gone);
	run("for i in 1 2 3 4 5 6 7; do ip link del d$i; done");
}

static void test_more_than_at_one_go(void **state)
{
	int enough = 1 << 21;

	assert_int_equal(
		setsockopt(linkwatch_fd(watch), SOL_SOCKET, SO_RCVBUFFORCE, &enough, sizeof(enough)), 0);
	run("ip link add d1 up type veth peer name p1; ip link set p1 up");
	run("for i in `seq 50`; do ip link set d1 alias $i; ip link set p1 alias $i; done");
	assert_int_equal(linkwatch_read(watch, note, NULL), 1);
	assert_int_equal(read_all(), 0);
	assert_int_equal(linkwatch_read(watch, note, NULL), 0);
	run("ip link del d1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_happens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_comes_and_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moves_to_another_namespace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_bridge_says_nothing_about_its_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reports_that_are_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_more_than_at_one_go, setup, teardown),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		perror("unshare");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

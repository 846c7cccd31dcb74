/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Nobody keeps others out of the control socket: not by many connections, not by one that never leaves. Time
 * is told by an idle connection that the server hangs up on, so no test depends on how fast the machine is.
 */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "fake-host.h"

#define STATUS "{\"method\":\"io.xslot.Status\"}"
#define MANY 70 /* more than all others than root had together, once */

static bool is_closed(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK);

	return n == 0 || (n < 0 && errno == ECONNRESET);
}

/* In a child: as `uid`, open so many connections and keep them. Returns how many the server kept. */
static unsigned crowd(const char *path, uid_t uid, unsigned n)
{
	int fds[MANY], kept = 0;
	char reply[65536];

	/* After the change of user, which takes it back; a test that fails leaves nobody behind. */
	if (setgroups(0, NULL) || setgid(uid) || setuid(uid) || prctl(PR_SET_PDEATHSIG, SIGKILL))
		_exit(100);
	for (unsigned i = 0; i < n; i++) {
		fds[i] = raw_open(path);
		fcntl(fds[i], F_SETFL, 0);
	}
	for (unsigned i = 0; i < n; i++) {
		send(fds[i], STATUS, sizeof(STATUS), MSG_NOSIGNAL);
		kept += recv(fds[i], reply, sizeof(reply), 0) > 0;
	}
	return (unsigned)kept;
}

/* A child that makes a crowd, tells how many got in, and stays until it is killed. */
static pid_t crowd_start(struct fake_host *host, uid_t uid, unsigned n, unsigned *ret_kept)
{
	int pipe_fds[2];
	ssize_t got = -1;
	pid_t pid;

	assert_return_code(pipe2(pipe_fds, O_NONBLOCK), errno);
	pid = fork();
	if (!pid) {
		unsigned kept = crowd(host->path, uid, n);

		_exit(write(pipe_fds[1], &kept, sizeof(kept)) == sizeof(kept) ? pause() : 101);
	}
	while (got < 0 && !waitpid(pid, NULL, WNOHANG)) {
		sd_event_run(host->event, 1000);
		got = read(pipe_fds[0], ret_kept, sizeof(*ret_kept));
	}
	assert_int_equal(got, sizeof(*ret_kept));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return pid;
}

static void test_one_user_leaves_room_for_others(void **state)
{
	struct fake_host *host = *state;
	unsigned first, second, kept;
	pid_t pids[2], pid;
	int fds[MANY];

	if (geteuid())
		skip();
	assert_return_code(chmod(host->directory, 0755), errno);
	assert_return_code(chmod(host->path, 0666), errno);
	pids[0] = crowd_start(host, 65534, MANY, &first);
	pids[1] = crowd_start(host, 65533, MANY, &second);
	assert_int_equal(first, SERVER_CONNECTIONS_USER);
	assert_int_equal(second, SERVER_CONNECTIONS_USER);
	for (int i = 0; i < MANY; i++) { /* root is no such user */
		fds[i] = raw_open(host->path);
		raw_send(fds[i], STATUS);
		json_decref(raw_expect(host, fds[i], NULL));
	}
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	kill(pids[0], SIGKILL);
	waitpid(pids[0], NULL, 0);
	fake_host_pump(host);
	pid = crowd_start(host, 65534, 3, &kept); /* those that left are not counted any more */
	assert_int_equal(kept, 3);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	kill(pids[1], SIGKILL);
	waitpid(pids[1], NULL, 0);
}

static void run_until_closed(struct fake_host *host, int fd)
{
	while (!is_closed(fd))
		sd_event_run(host->event, UINT64_MAX);
}

static void test_idle_connections_are_closed(void **state)
{
	struct fake_host *host = *state;
	unsigned before = count_fds();
	int busy, idle, served, later;

	server_set_patience(host->server, 20000);
	host->hold = true;
	busy = raw_open(host->path);
	raw_send(busy, "{\"method\":\"io.xslot.Reload\"}");
	fake_host_pump(host);
	host->hold = false;
	idle = raw_open(host->path);
	served = raw_open(host->path);
	raw_send(served, STATUS);
	json_decref(raw_expect(host, served, NULL));
	run_until_closed(host, idle);
	run_until_closed(host, served); /* its time began with its last reply */
	later = raw_open(host->path);
	run_until_closed(host, later);
	assert_false(is_closed(busy)); /* waits for its reply, however long */
	fake_host_reply(host, host->held[0]);
	json_decref(raw_expect(host, busy, NULL));
	run_until_closed(host, busy);
	close(busy);
	close(idle);
	close(served);
	close(later);
	fake_host_pump(host);
	assert_int_equal(count_fds(), before);
}

static void test_a_call_that_never_ends_gets_no_more_time(void **state)
{
	struct fake_host *host = *state;
	int fd, sent = 0;

	server_set_patience(host->server, 20000);
	fd = raw_open(host->path);
	fake_host_pump(host);
	while (!is_closed(fd) && sent < 30000) {
		sent += send(fd, " ", 1, MSG_NOSIGNAL) == 1;
		fake_host_pump(host);
		usleep(100);
	}
	assert_true(is_closed(fd));
	assert_in_range(sent, 1, 29999); /* and not for its length */
	close(fd);
}

static void test_a_reply_that_nobody_reads_is_dropped(void **state)
{
	struct fake_host *host = *state;
	unsigned before;
	int fd;

	server_set_patience(host->server, 20000);
	host->ballast = 4 << 20;
	fd = raw_open(host->path);
	before = count_fds();
	raw_send(fd, STATUS);
	while (host->n_status == 0 || count_fds() > before)
		sd_event_run(host->event, UINT64_MAX);
	close(fd);
}

/* What the socket holds at the moment. Returns how much. */
static size_t drain(int fd)
{
	static char chunk[1 << 16];
	size_t size = 0;
	ssize_t n;

	while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		size += (size_t)n;
	return n < 0 && errno == EAGAIN ? size : 0;
}

static void test_a_slow_reader_that_reads_is_served(void **state)
{
	struct fake_host *host = *state;
	const size_t ballast = 24 << 20;
	bool outlived = false;
	size_t got = 0;
	int fd, idle;

	server_set_patience(host->server, 1000000); /* longer than a busy machine leaves us waiting */
	host->ballast = ballast;
	fd = raw_open(host->path);
	raw_send(fd, STATUS);
	fake_host_pump(host);
	idle = raw_open(host->path);
	while (got < ballast) {
		size_t n;

		usleep(12000);
		n = drain(fd); /* makes room, which the server uses before it looks at the time */
		assert_true(n > 0);
		got += n;
		fake_host_pump(host);
		outlived |= is_closed(idle);
	}
	assert_true(outlived);
	close(idle);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_host_setup, fake_host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_user_leaves_room_for_others),
		TEST(test_idle_connections_are_closed),
		TEST(test_a_call_that_never_ends_gets_no_more_time),
		TEST(test_a_reply_that_nobody_reads_is_dropped),
		TEST(test_a_slow_reader_that_reads_is_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

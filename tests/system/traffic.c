/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * traffic: frames for the Python tests, and what becomes of them. It talks in lines.
 * "ready" is the first; from then on it hears SIGTERM.
 *
 *	traffic inject PROGRAM IFINDEX THREADS PACKETS HEX
 *		run frames through the XDP program of that id, as if they came in on the interface ("live
 *		frames": verdicts are obeyed), from each thread, until PACKETS in all (0: until SIGTERM).
 *		"injected N" at the end.
 *	traffic send INTERFACE PACKETS RATE HEX
 *		send frames, RATE a second, PACKETS of them (0: until SIGTERM). "sent N" at the end.
 *	traffic receive INTERFACE OFFSET
 *		count the frames that come in by the four bytes at OFFSET, until SIGTERM, or until they are
 *		as many as a line of stdin says, however long that takes. "trail HEX N" for each value.
 *
 * Live frames are the one source that is both fast and exact under emulation, where a veth's ring overflows:
 * the kernel runs whole batches only, so packets come in multiples of BATCH and the number is known. The same
 * pages come back without being filled anew: a frame starts with what the last run wrote into it. A batch
 * runs without a break on its CPU, so it is small: everything else, grace periods too, waits for it.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 8
#define RUN 16 /* batches a system call: it ends soon behind a slow plugin */
#define THREADS 64
#define TRAILS 4096 /* different values that `receive` tells apart */

static volatile sig_atomic_t stopped;

struct frame {
	unsigned char bytes[1514];
	size_t size;
};

struct injector {
	int program;
	unsigned ifindex;
	const struct frame *frame;
	atomic_long budget; /* batches yet to run; LONG_MAX: no limit */
	atomic_ulong packets;
	atomic_int error;
};

static void on_signal(int number)
{
	stopped = 1;
}

static int die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	return 1;
}

static bool parse_frame(const char *hex, struct frame *ret_frame)
{
	size_t size = strlen(hex) / 2;

	if (size < ETH_HLEN || size > sizeof(ret_frame->bytes))
		return false;
	for (size_t i = 0; i < size; i++) {
		if (sscanf(hex + 2 * i, "%2hhx", &ret_frame->bytes[i]) != 1)
			return false;
	}
	ret_frame->size = size;
	return true;
}

/* One system call's worth; false when there is nothing left to do. */
static bool inject_some(struct injector *injector)
{
	long batches = atomic_fetch_sub(&injector->budget, RUN);
	struct xdp_md context = {
		.data_end = (__u32)injector->frame->size,
		.ingress_ifindex = injector->ifindex,
	};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = injector->frame->bytes,
		.data_size_in = (__u32)injector->frame->size, .ctx_in = &context,
		.ctx_size_in = sizeof(context), .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);

	if (batches <= 0)
		return false;
	options.repeat = BATCH * (int)(batches < RUN ? batches : RUN);
	if (bpf_prog_test_run_opts(injector->program, &options) < 0) {
		atomic_store(&injector->error, errno);
		return false;
	}
	atomic_fetch_add(&injector->packets, (unsigned long)options.repeat);
	return true;
}

static void *inject_thread(void *data)
{
	while (!stopped && inject_some(data))
		;
	return NULL;
}

static int inject(
	unsigned program_id, unsigned ifindex, unsigned n_threads, long packets, const struct frame *frame)
{
	struct injector injector = { .ifindex = ifindex, .frame = frame };
	pthread_t threads[THREADS];
	sigset_t signals;

	if (n_threads == 0 || n_threads > THREADS || packets % BATCH != 0) {
		fprintf(stderr, "traffic: 1 to %d threads, packets in multiples of %d\n", THREADS, BATCH);
		return 2;
	}
	atomic_store(&injector.budget, packets ? packets / BATCH : INT64_MAX / 2);
	injector.program = bpf_prog_get_fd_by_id(program_id);
	if (injector.program < 0)
		return die("cannot open the program");
	puts("ready");
	/* Threads take no signals: an interrupted run would not say how many frames it had run. */
	sigfillset(&signals);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	for (unsigned i = 0; i < n_threads; i++)
		pthread_create(&threads[i], NULL, inject_thread, &injector);
	pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
	for (unsigned i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	printf("injected %lu\n", atomic_load(&injector.packets));
	errno = atomic_load(&injector.error);
	return errno ? die("the run failed") : 0;
}

static int open_socket(const char *interface, int protocol)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons((uint16_t)protocol),
		.sll_ifindex = (int)if_nametoindex(interface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static int send_frames(const char *interface, long packets, long rate, const struct frame *frame)
{
	struct timespec pause = { .tv_nsec = rate > 1 ? 1000000000 / rate : 999999999 };
	long sent = 0;
	int fd = open_socket(interface, 0);

	if (fd < 0)
		return die(interface);
	puts("ready");
	while (!stopped && (packets == 0 || sent < packets)) {
		if (write(fd, frame->bytes, frame->size) == (ssize_t)frame->size)
			sent++;
		else if (errno != ENOBUFS && errno != EINTR)
			return die("cannot send");
		nanosleep(&pause, NULL);
	}
	printf("sent %ld\n", sent);
	close(fd);
	return 0;
}

struct tally {
	uint32_t value;
	unsigned long count;
};

static void count_value(struct tally *tallies, uint32_t value)
{
	for (size_t i = 0; i < TRAILS; i++) {
		if (tallies[i].count == 0 || tallies[i].value == value) {
			tallies[i].value = value;
			tallies[i].count++;
			return;
		}
	}
}

/* All that wait in the socket: how many there were. */
static unsigned long receive_some(int fd, size_t offset, struct tally *tallies)
{
	unsigned char frame[2048];
	unsigned long received = 0;
	uint32_t value;
	ssize_t n;

	while ((n = recv(fd, frame, sizeof(frame), MSG_DONTWAIT)) >= 0) {
		if (n < (ssize_t)(offset + sizeof(value)))
			continue;
		memcpy(&value, frame + offset, sizeof(value));
		count_value(tallies, ntohl(value));
		received++;
	}
	return received;
}

/* The number in a line of stdin; ULONG_MAX when there is none. */
static unsigned long read_number(void)
{
	char line[32];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n <= 0)
		return ULONG_MAX;
	line[n] = 0;
	return strtoul(line, NULL, 10);
}

static int receive(const char *interface, size_t offset)
{
	static struct tally tallies[TRAILS];
	unsigned long received = 0, wanted = ULONG_MAX;
	int fd = open_socket(interface, ETH_P_ALL), size = 8 << 20;
	struct pollfd fds[] = { { fd, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };

	if (fd < 0)
		return die(interface);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	puts("ready");
	while (!stopped && received < wanted) {
		poll(fds, 2, 200 /* milliseconds: how soon SIGTERM is noticed */);
		if (fds[1].revents) {
			wanted = read_number();
			fds[1] = (struct pollfd){ .fd = -1 };
		}
		received += receive_some(fd, offset, tallies);
	}
	receive_some(fd, offset, tallies);
	for (size_t i = 0; i < TRAILS && tallies[i].count; i++)
		printf("trail %x %lu\n", tallies[i].value, tallies[i].count);
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	const char *verb = argc > 1 ? argv[1] : "";
	struct frame frame = {};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(verb, "inject") && argc == 7 && parse_frame(argv[6], &frame))
		return inject((unsigned)atol(argv[2]), (unsigned)atol(argv[3]), (unsigned)atol(argv[4]),
			atol(argv[5]), &frame);
	if (!strcmp(verb, "send") && argc == 6 && parse_frame(argv[5], &frame))
		return send_frames(argv[2], atol(argv[3]), atol(argv[4]), &frame);
	if (!strcmp(verb, "receive") && argc == 4)
		return receive(argv[2], (size_t)atol(argv[3]));
	fputs("usage: traffic inject PROGRAM IFINDEX THREADS PACKETS HEX | send INTERFACE PACKETS RATE HEX |"
	      " receive INTERFACE OFFSET\n",
		stderr);
	return 2;
}

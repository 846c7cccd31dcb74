/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * consume: the user's end of a map that a program of somebody else sends packets or events to.
 *
 *	consume ring MAP          read the ring buffer
 *	consume perf MAP          read the perf buffer
 *	consume xsk MAP INTERFACE N
 *	                          open an AF_XDP socket on queue 0, put it into the map, read N frames,
 *	                          which come a while after the program has sent them there
 *
 * MAP is a map's id or its pin. "ready" when it listens, "consumed N" at the end, which SIGTERM is, too.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xdp/xsk.h>

#define FRAMES 64
#define FRAME_SIZE XSK_UMEM__DEFAULT_FRAME_SIZE
#define TICK 50 /* milliseconds */

static volatile sig_atomic_t stopped;
static unsigned long consumed;

static void on_signal(int number)
{
	stopped = 1;
}

static void die(const char *what, int error)
{
	fprintf(stderr, "consume: %s: %s\n", what, strerror(error < 0 ? -error : error));
	exit(1);
}

static int open_map(const char *name)
{
	int fd = name[0] == '/' ? bpf_obj_get(name) : bpf_map_get_fd_by_id((uint32_t)atoi(name));

	if (fd < 0)
		die(name, errno);
	return fd;
}

static void ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

static int on_event(void *context, void *data, size_t size)
{
	consumed++;
	return 0;
}

static void consume_ring(int map)
{
	struct ring_buffer *ring = ring_buffer__new(map, on_event, NULL, NULL);

	if (!ring)
		die("ring buffer", errno);
	ready();
	while (!stopped)
		ring_buffer__poll(ring, TICK);
	ring_buffer__consume(ring);
	ring_buffer__free(ring);
}

static void on_sample(void *context, int cpu, void *data, __u32 size)
{
	consumed++;
}

static void consume_perf(int map)
{
	struct perf_buffer *buffer = perf_buffer__new(map, 8, on_sample, NULL, NULL, NULL);

	if (!buffer)
		die("perf buffer", errno);
	ready();
	while (!stopped)
		perf_buffer__poll(buffer, TICK);
	perf_buffer__consume(buffer);
	perf_buffer__free(buffer);
}

static void take(struct xsk_ring_cons *rx)
{
	uint32_t first, n = xsk_ring_cons__peek(rx, FRAMES, &first);

	consumed += n;
	if (n)
		xsk_ring_cons__release(rx, n);
}

/* As many frames as the test sends at most: none is given back. */
static void consume_xsk(int map, const char *interface, unsigned long wanted)
{
	struct xsk_socket_config config = {
		.rx_size = FRAMES,
		.tx_size = FRAMES,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_COPY,
	};
	struct xsk_umem_config umem_config = {
		.fill_size = FRAMES, .comp_size = FRAMES, .frame_size = FRAME_SIZE
	};
	struct xsk_ring_prod fill = {}, tx = {};
	struct xsk_ring_cons done = {}, rx = {};
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	uint32_t first = 0;
	void *memory;
	int r;

	memory = mmap(NULL, FRAMES * FRAME_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap", errno);
	r = xsk_umem__create(&umem, memory, FRAMES * FRAME_SIZE, &fill, &done, &umem_config);
	if (r == 0)
		r = xsk_socket__create(&socket, interface, 0, umem, &rx, &tx, &config);
	if (r == 0)
		r = xsk_socket__update_xskmap(socket, map);
	if (r < 0 || xsk_ring_prod__reserve(&fill, FRAMES, &first) != FRAMES)
		die("AF_XDP socket", r);
	for (uint32_t i = 0; i < FRAMES; i++)
		*xsk_ring_prod__fill_addr(&fill, first + i) = i * FRAME_SIZE;
	xsk_ring_prod__submit(&fill, FRAMES);
	ready();
	while (!stopped && consumed < wanted) {
		struct pollfd fd = { .fd = xsk_socket__fd(socket), .events = POLLIN };

		poll(&fd, 1, TICK);
		take(&rx);
	}
	take(&rx);
	xsk_socket__delete(socket);
	xsk_umem__delete(umem);
	munmap(memory, FRAMES * FRAME_SIZE);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	int map;

	if (argc < 3)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	map = open_map(argv[2]);
	if (strcmp(argv[1], "ring") == 0)
		consume_ring(map);
	else if (strcmp(argv[1], "perf") == 0)
		consume_perf(map);
	else if (strcmp(argv[1], "xsk") == 0 && argc > 4)
		consume_xsk(map, argv[3], strtoul(argv[4], NULL, 10));
	else
		return 2;
	printf("consumed %lu\n", consumed);
	return 0;
}

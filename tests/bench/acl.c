/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What acl costs. As root: `bench-acl` prints both of what follows, `bench-acl load [LINES]` and `bench-acl
 * packet` one.
 *
 * load: milliseconds to read that many rules and to fill the kernel's tables with them, and their memory.
 * packet: nanoseconds a packet in test runs, less those of a program that does nothing. In a guest whose
 * clock counts instructions (QEMU with `-icount shift=0` and one CPU) these are instructions, the same every
 * time. The last line is the worst that any packet and any rules can cost: all tags and extension headers
 * that are looked through, every prefix length on the way down the trie, the longest list, no rule that
 * matches.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acl-host.h"
#include "acl.bpf.h"
#include "acl.h"

#define REPEAT 20000

extern const struct xslot_plugin xslot_plugin;

static struct acl_host host;

static void die(const char *what)
{
	fprintf(stderr, "bench-acl: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int map_fd(struct acl_host *bench, const char *name)
{
	return bpf_object__find_map_fd_by_name(bench->maps, name);
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static struct bpf_object *load_program(void)
{
	struct bpf_object *object = bpf_object__open_mem(acl_bpf, sizeof(acl_bpf), NULL);

	if (!object || bpf_object__load(object))
		die("cannot load acl's program");
	return object;
}

/* An instance with these rules. Returns its milliseconds in check and in start. */
static struct bpf_object *start(const char *text, double *ret_check, double *ret_start)
{
	struct bpf_object *object = load_program();
	double begin, checked;

	acl_host_init(&host, text, strlen(text), ACL_DENY);
	host.map_fd = map_fd;
	host.maps = object;
	begin = now_ms();
	if (xslot_plugin.check(&host.context)) {
		fprintf(stderr, "bench-acl: line %u: %s\n", host.errors[0].line, host.errors[0].text);
		exit(1);
	}
	checked = now_ms();
	if (xslot_plugin.start(&host.context)) {
		fprintf(stderr, "bench-acl: %s\n", host.errors[0].text);
		exit(1);
	}
	*ret_check = checked - begin;
	*ret_start = now_ms() - checked;
	return object;
}

static void stop(struct bpf_object *object)
{
	xslot_plugin.stop(&host.context);
	bpf_object__close(object);
}

/* "memlock" of a map's fdinfo, in KiB. */
static unsigned long map_kib(struct bpf_object *object, const char *name)
{
	char path[64], line[128];
	unsigned long bytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_object__find_map_fd_by_name(object, name));
	file = fopen(path, "r");
	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "memlock: %lu", &bytes);
	fclose(file);
	return bytes / 1024;
}

/* A file of all kinds: hosts, networks, IPv6, with and without ports. */
static char *make_rules(unsigned lines)
{
	size_t size = (size_t)lines * 64 + 1, n = 0;
	char *text = malloc(size);

	if (!text)
		die("malloc");
	text[0] = '\0';
	for (unsigned i = 0; i < lines; i++) {
		const char *action = i % 3 ? "deny" : "allow";
		unsigned a = i >> 16 & 255, b = i >> 8 & 255, c = i & 255;

		if (i % 4 == 0)
			n += (size_t)snprintf(
				text + n, size - n, "%s 2001:db8:%x:%x::/64\n", action, i >> 16, i & 65535);
		else if (i % 4 == 1)
			n += (size_t)snprintf(
				text + n, size - n, "%s 172.%u.%u.%u tcp %u-%u\n", action, a, b, c, c, c + b);
		else if (i % 4 == 2)
			n += (size_t)snprintf(text + n, size - n, "%s 10.%u.%u.%u/31 udp\n", action, a, b, c);
		else
			n += (size_t)snprintf(
				text + n, size - n, "%s 11.%u.%u.0/24 tcp %u\n", action, a, b, c);
	}
	return text;
}

static void bench_load(unsigned lines)
{
	static const char *const maps[] = { "prefixes4", "prefixes6", "entries", "hits" };
	char *text = make_rules(lines);
	double check, fill;
	struct bpf_object *object = start(text, &check, &fill);

	printf("%u rules: check %.0f ms, start (read again, and fill) %.0f ms; KiB:", lines, check, fill);
	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		printf(" %s %lu", maps[i], map_kib(object, maps[i]));
	printf("\n");
	stop(object);
	free(text);
}

static unsigned run(int fd, const uint8_t *packet, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = (uint32_t)size,
		.repeat = REPEAT);

	for (int i = 0; i < 2; i++) /* the first time warms everything */
		if (bpf_prog_test_run_opts(fd, &options))
			die("test run");
	return options.duration;
}

static unsigned run_nothing(const uint8_t *packet, size_t size)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "nothing", "GPL", program, 2, NULL);

	if (fd < 0)
		die("cannot load a program that does nothing");
	return run(fd, packet, size);
}

static size_t put(uint8_t *packet, size_t size, const void *data, size_t n)
{
	memcpy(packet + size, data, n);
	return size + n;
}

static const uint8_t tcp[20] = { 0x30, 0x39, 0x9c, 0x40, [12] = 0x50 };

/* TCP from 198.51.100.1 to port 40000. */
static size_t make_ip4(uint8_t *packet)
{
	static const uint8_t bytes[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0,
		64, 6, 0, 0, 198, 51, 100, 1, 192, 0, 2, 1 };

	return put(packet, put(packet, 0, bytes, sizeof(bytes)), tcp, sizeof(tcp));
}

/* TCP from ffff:…:ffff to port 40000, behind `tags` tags and `headers` destination options headers. */
static size_t make_ip6(uint8_t *packet, unsigned tags, unsigned headers)
{
	static const uint8_t ethernet[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 },
			     tag[4] = { 0x81, 0, 0, 1 }, ip[10] = { 0x86, 0xdd, 0x60 };
	size_t size = put(packet, 0, ethernet, sizeof(ethernet));

	while (tags--)
		size = put(packet, size, tag, sizeof(tag));
	size = put(packet, size, ip, sizeof(ip));
	packet[size - 3] = (uint8_t)(headers * 8 + sizeof(tcp));
	packet[size - 2] = headers ? 60 : 6;
	memset(packet + size, 0xff, 16);
	size += 32;
	for (unsigned i = 0; i < headers; i++) {
		packet[size] = i + 1 < headers ? 60 : 6;
		size += 8;
	}
	return put(packet, size, tcp, sizeof(tcp));
}

static void print_cost(const char *what, const char *rules, const uint8_t *packet, size_t size)
{
	double check, fill;
	struct bpf_object *object = start(rules, &check, &fill);
	int fd = bpf_program__fd(bpf_object__find_program_by_name(object, "acl"));
	unsigned cost = run(fd, packet, size), nothing = run_nothing(packet, size);

	printf("%6u  %s\n", cost - nothing, what);
	stop(object);
}

/* `prefix` of ffff:…:ffff, of that length. */
static size_t add_prefix(char *text, size_t n, const char *action, unsigned length)
{
	n += (size_t)sprintf(text + n, "%s ", action);
	for (unsigned i = 0; i < 8; i++) {
		unsigned bits = length > i * 16 ? length - i * 16 : 0;

		n += (size_t)sprintf(
			text + n, "%s%x", i ? ":" : "", bits >= 16 ? 0xffff : 0xffff0000 >> bits & 0xffff);
	}
	return n + (size_t)sprintf(text + n, "/%u", length);
}

/*
 * Prefixes of all lengths lie on the way to ffff:…:ffff/128. That one has 63 rules, compared to the last
 * number and not matching; the 64th, of /127, decides. Being without a protocol, it ends the list.
 */
static void make_worst_rules(char *text)
{
	size_t n = 0;

	for (unsigned length = 0; length < 128; length++)
		n = add_prefix(text, n, "\ndeny", length);
	for (unsigned i = 0; i < 63; i++) {
		n = add_prefix(text, n, "\nallow", 128);
		n += (size_t)sprintf(text + n, " tcp %u", i);
	}
}

static void bench_packet(void)
{
	static uint8_t packet[512];
	static char rules[65536];
	size_t size = make_ip4(packet), n;

	printf("nanoseconds (with -icount: instructions) a packet, less those of a test run itself:\n");
	print_cost("IPv4, no rules", "", packet, size);
	print_cost("IPv4, 1 rule that matches", "allow any tcp 40000\n", packet, size);
	for (unsigned i = n = 0; i < 63; i++)
		n += (size_t)sprintf(rules + n, "deny any tcp %u\n", i);
	sprintf(rules + n, "allow any tcp 40000\n");
	print_cost("IPv4, the last of 64 rules matches", rules, packet, size);
	size = make_ip6(packet, 0, 0);
	print_cost("IPv6, 1 rule that matches", "allow any tcp 40000\n", packet, size);
	print_cost("IPv6, the last of 64 rules matches", rules, packet, size);
	memset(packet, 0, sizeof(packet));
	size = make_ip6(packet, 4, 8);
	print_cost("IPv6, 4 tags, 8 extension headers, the last of 64 rules matches", rules, packet, size);
	make_worst_rules(rules);
	print_cost("the same, and a prefix of every length above it: the worst case", rules, packet, size);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "all";

	if (strcmp(what, "packet"))
		bench_load(argc > 2 ? (unsigned)atoi(argv[2]) : 100000);
	if (strcmp(what, "load"))
		bench_packet();
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* count: every packet goes on, and is counted once, under its protocol, whatever tags and headers precede. */
#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <xslot/slots.h>

#include "check.h"
#include "count.bpf.h"
#include "harness.h"

static struct bpf_object *object;

static size_t run(const struct harness_frame *frame, unsigned repeat)
{
	uint8_t bytes[2048];
	size_t size = harness_build(frame, bytes);

	assert_int_equal(harness_run(object, bytes, size, repeat), XSLOT_NEXT);
	return size;
}

static void status_is(const char *expected)
{
	char *text = harness_status("count", object, NULL, NULL);

	assert_string_equal(text, expected);
	free(text);
}

static void test_counts_by_protocol(void **state)
{
	status_is("");
	assert_int_equal(run(&(struct harness_frame){ .source = "192.0.2.1", .payload = 10 }, 3), 52);
	assert_int_equal(run(&(struct harness_frame){ .source = "2001:db8::1" }, 1), 62);
	run(&(struct harness_frame){ .source = "192.0.2.1", .protocol = 6, .payload = 30 }, 1);
	run(&(struct harness_frame){ .source = "192.0.2.1", .protocol = 6, .vlans = { 5 } }, 1);
	run(&(struct harness_frame){ .source = "192.0.2.1", .protocol = 1, .vlans = { 5, 6 } }, 1);
	run(&(struct harness_frame){ .source = "2001:db8::1", .protocol = 58 }, 1);
	run(&(struct harness_frame){ .source = "192.0.2.1", .protocol = 255 }, 1);
	run(&(struct harness_frame){ .ethertype = 0x0806 }, 2);
	run(&(struct harness_frame){ .ethertype = 0x0806, .vlans = { 5 } }, 1);
	run(&(struct harness_frame){ .ethertype = 0x88cc }, 1);
	status_is("icmp: 1 packets, 50 bytes\n"
		  "tcp: 2 packets, 118 bytes\n"
		  "udp: 4 packets, 218 bytes\n"
		  "icmp6: 1 packets, 62 bytes\n"
		  "protocol-255: 1 packets, 42 bytes\n"
		  "arp: 3 packets, 70 bytes\n"
		  "other: 1 packets, 22 bytes\n");
}

static void test_cut_packet_counts_as_what_is_known(void **state)
{
	uint8_t bytes[2048];

	harness_build(&(struct harness_frame){ .source = "192.0.2.1" }, bytes);
	assert_int_equal(harness_run(object, bytes, 14 + 19, 1), XSLOT_NEXT);
	assert_int_equal(harness_run(object, bytes, 14 + 20, 1), XSLOT_NEXT);
	status_is("udp: 1 packets, 34 bytes\nother: 1 packets, 33 bytes\n");
}

/* All buffers of a packet count, where the kernel has such packets (5.18). */
static void test_bytes_of_all_buffers(void **state)
{
	const uint8_t frags = 1;
	size_t size = 9000;
	uint8_t *bytes = calloc(1, size);
	uint8_t head[2048];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes, .data_size_in = (uint32_t)size, .repeat = 1);
	int r;

	bpf_object__close(object);
	object = harness_open(count_bpf, sizeof(count_bpf));
	harness_set(object, "xslot_frags", &frags, 1);
	bpf_program__set_flags(bpf_object__next_program(object, NULL), 1 << 5 /* BPF_F_XDP_HAS_FRAGS */);
	if (bpf_object__load(object) < 0) {
		free(bytes);
		skip();
	}
	harness_build(&(struct harness_frame){ .source = "192.0.2.1" }, head);
	memcpy(bytes, head, 64);
	r = bpf_prog_test_run_opts(bpf_program__fd(bpf_object__next_program(object, NULL)), &opts);
	free(bytes);
	assert_int_equal(r, 0);
	assert_int_equal(opts.retval, XSLOT_NEXT);
	status_is("udp: 1 packets, 9000 bytes\n");
}

static int open_object(void **state)
{
	object = harness_open(count_bpf, sizeof(count_bpf));
	harness_load(object);
	return 0;
}

static int close_object(void **state)
{
	bpf_object__close(object);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counts_by_protocol, open_object, close_object),
		cmocka_unit_test_setup_teardown(
			test_cut_packet_counts_as_what_is_known, open_object, close_object),
		cmocka_unit_test_setup_teardown(test_bytes_of_all_buffers, open_object, close_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

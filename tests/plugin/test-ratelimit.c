/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * ratelimit: exact numbers without a fake clock. A bucket whose time stamp lies in the future is not
 * refilled: then passes and drops are whole numbers that no scheduling changes. And whatever the clock says
 * when a packet is handled, it is written into the bucket: from the bucket before and after, refilling is
 * checked to the billionth.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xslot/slots.h>

#include "check.h"
#include "harness.h"
#include "ratelimit.bpf.h"
#include "ratelimit/ratelimit.h"

#define NANO 1000000000ULL

struct params {
	uint64_t rate;
	uint64_t burst;
	uint32_t unit;
	uint32_t prefix4;
	uint32_t prefix6;
};

static struct bpf_object *object;

static void open_with(const struct params *params)
{
	uint32_t prefix4 = params->prefix4 ?: 32, prefix6 = params->prefix6 ?: 64;

	object = harness_open(ratelimit_bpf, sizeof(ratelimit_bpf));
	harness_set(object, "rate", &params->rate, 8);
	harness_set(object, "burst", &params->burst, 8);
	harness_set(object, "unit", &params->unit, 4);
	harness_set(object, "prefix4", &prefix4, 4);
	harness_set(object, "prefix6", &prefix6, 4);
}

static void start(const struct params *params)
{
	open_with(params);
	harness_load(object);
}

/* A reload: the next instance has the state of the running one. */
static void restart(const struct params *params)
{
	struct bpf_object *old = object;

	open_with(params);
	harness_share(object, old, "buckets");
	harness_share(object, old, "locks");
	harness_share(object, old, "totals");
	harness_load(object);
	bpf_object__close(old);
}

static int stop(void **state)
{
	bpf_object__close(object);
	object = NULL;
	return 0;
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NANO + (uint64_t)ts.tv_nsec;
}

static uint64_t in_an_hour(void)
{
	return now() + 3600 * NANO;
}

static struct ratelimit_source source_of(const char *address, uint8_t length, uint8_t unit)
{
	struct ratelimit_source source = { .length = length, .unit = unit };

	source.family = strchr(address, ':') ? 6 : 4;
	inet_pton(source.family == 6 ? AF_INET6 : AF_INET, address, source.address);
	return source;
}

static void put(const struct ratelimit_source *source, uint64_t credit, uint64_t at)
{
	struct ratelimit_bucket bucket = { .credit = credit, .at = at };

	assert_int_equal(bpf_map_update_elem(harness_map(object, "buckets"), source, &bucket, BPF_ANY), 0);
}

static struct ratelimit_bucket get(const struct ratelimit_source *source)
{
	struct ratelimit_bucket bucket;

	assert_int_equal(bpf_map_lookup_elem(harness_map(object, "buckets"), source, &bucket), 0);
	return bucket;
}

static bool exists(const struct ratelimit_source *source)
{
	struct ratelimit_bucket bucket;

	return bpf_map_lookup_elem(harness_map(object, "buckets"), source, &bucket) == 0;
}

static uint32_t run(const struct harness_frame *frame)
{
	uint8_t bytes[2048];

	return harness_run(object, bytes, harness_build(frame, bytes), 1);
}

/* How many of `n` packets from `address` pass; each one passes or is dropped. */
static unsigned passes(const char *address, unsigned n, size_t payload)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < n; i++) {
		uint32_t verdict = run(&(struct harness_frame){ .source = address, .payload = payload });

		assert_true(verdict == XSLOT_NEXT || verdict == XDP_DROP);
		passed += verdict == XSLOT_NEXT;
	}
	return passed;
}

static void test_burst_is_exact(void **state)
{
	struct ratelimit_source source = source_of("192.0.2.1", 32, RATELIMIT_PACKETS);

	start(&(struct params){ .rate = 1000, .burst = 50 });
	put(&source, 50 * NANO, in_an_hour());
	assert_int_equal(passes("192.0.2.1", 80, 0), 50);
	assert_int_equal(get(&source).credit, 0);
	put(&source, 2 * NANO - 1, in_an_hour());
	assert_int_equal(passes("192.0.2.1", 5, 0), 1);
	assert_int_equal(get(&source).credit, NANO - 1);
}

/* Where the clock runs: what passes lies between what the time before and after allow. */
static void test_new_source_begins_full_and_refills(void **state)
{
	uint64_t begin, end;
	unsigned passed;

	start(&(struct params){ .rate = 100, .burst = 30 });
	begin = now();
	passed = passes("192.0.2.1", 1000, 0);
	end = now();
	assert_in_range(passed, 30, 30 + (end - begin) * 100 / NANO + 1);
}

static void test_burst_is_rate_when_not_given(void **state)
{
	struct ratelimit_source source = source_of("192.0.2.1", 32, RATELIMIT_PACKETS);

	start(&(struct params){ .rate = 20 });
	run(&(struct harness_frame){ .source = "192.0.2.1" });
	assert_int_equal(get(&source).credit, 19 * NANO);
}

static void test_bytes(void **state)
{
	struct ratelimit_source source = source_of("192.0.2.1", 32, RATELIMIT_BYTES);

	start(&(struct params){ .rate = 1000, .burst = 100000, .unit = RATELIMIT_BYTES });
	put(&source, 1000 * NANO, in_an_hour());
	/* Ethernet, IPv4 and UDP are 42 bytes. A packet too large is dropped and costs nothing. */
	assert_int_equal(passes("192.0.2.1", 1, 959), 0);
	assert_int_equal(passes("192.0.2.1", 1, 858), 1);
	assert_int_equal(get(&source).credit, 100 * NANO);
	assert_int_equal(passes("192.0.2.1", 3, 8), 2);
	assert_int_equal(get(&source).credit, 0);
}

/* The arithmetic alone, at the values where it turns. */
static void test_refill_at_its_edges(void **state)
{
	static const uint64_t rates[] = { 1, 2, 7, 999999937, 18000000000 };
	static const uint64_t fulls[] = { NANO, 7 * NANO, 18000000000 * NANO };

	for (int i = 0; i < 5 * 3 * 4 * 9; i++) {
		uint64_t rate = rates[i % 5], full = fulls[i / 5 % 3], one = i / 30 % 2;
		uint64_t credit = i / 15 % 4 < 2 ? one : full - one;
		uint64_t turns[] = { 0, 1, (1 << 29) - 1, 1 << 29, (full - credit) / rate - 1,
			(full - credit) / rate, (full - credit) / rate + 1, UINT64_MAX / rate, UINT64_MAX };
		uint64_t elapsed = turns[i / 60];
		unsigned __int128 sum = (unsigned __int128)elapsed * rate + credit;

		assert_true(ratelimit_refill(credit, full, rate, elapsed) == (sum < full ? sum : full));
	}
}

static unsigned __int128 expected_credit(
	const struct params *params, const struct ratelimit_bucket *before, uint64_t at)
{
	unsigned __int128 full = (unsigned __int128)(params->burst ?: params->rate) * NANO;
	unsigned __int128 credit = before->credit;

	if (at > before->at)
		credit += (unsigned __int128)(at - before->at) * params->rate;
	return credit < full ? credit : full;
}

/* Random buckets and idle times, from nanoseconds to all of the machine's uptime and beyond. */
static void check_refill(const struct params *params)
{
	struct ratelimit_source source = source_of("192.0.2.1", 32, RATELIMIT_PACKETS);
	uint64_t full = (params->burst ?: params->rate) * NANO;

	for (int i = 0; i < 200; i++) {
		uint64_t idle = (((uint64_t)random() << 31) | (uint64_t)random()) >> (random() % 62);
		uint64_t t = now();
		struct ratelimit_bucket before = { .at = idle < t ? t - idle : 0 }, after;
		unsigned __int128 expected;
		uint32_t verdict;

		before.credit = (((uint64_t)random() << 33) ^ (uint64_t)random()) % (full + 1);
		before.credit >>= random() % 40;
		put(&source, before.credit, before.at);
		verdict = run(&(struct harness_frame){ .source = "192.0.2.1" });
		after = get(&source);
		assert_in_range(after.at, t, now());
		expected = expected_credit(params, &before, after.at);
		assert_int_equal(verdict, expected >= NANO ? XSLOT_NEXT : XDP_DROP);
		if (expected >= NANO)
			expected -= NANO;
		assert_true(after.credit == expected);
	}
}

static void test_refill_is_exact(void **state)
{
	static const struct params cases[] = {
		{ .rate = 1, .burst = 1 },
		{ .rate = 1, .burst = 18000000000 },
		{ .rate = 3, .burst = 1000 },
		{ .rate = 999983, .burst = 7 },
		{ .rate = 10000 },
		{ .rate = 1000000000, .burst = 1 },
		{ .rate = 18000000000, .burst = 1 },
		{ .rate = 18000000000 },
	};

	srandom(2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(&cases[i]);
		check_refill(&cases[i]);
		stop(NULL);
	}
}

static void test_sources_are_prefixes(void **state)
{
	struct ratelimit_source four = source_of("192.0.2.0", 24, 0);
	struct ratelimit_source six = source_of("2001:db8:0:fe00::", 55, 0);

	start(&(struct params){ .rate = 1, .burst = 10, .prefix4 = 24, .prefix6 = 55 });
	put(&four, 5 * NANO, in_an_hour());
	assert_int_equal(passes("192.0.2.1", 3, 0), 3);
	assert_int_equal(passes("192.0.2.255", 3, 0), 2);
	assert_int_equal(passes("192.0.3.1", 1, 0), 1);
	put(&six, 5 * NANO, in_an_hour());
	assert_int_equal(passes("2001:db8:0:fe01::1", 3, 0), 3);
	assert_int_equal(passes("2001:db8:0:ffff:ffff::", 3, 0), 2);
	assert_int_equal(passes("2001:db8:0:fc00::", 1, 0), 1);
}

static void test_prefix_zero_is_one_source(void **state)
{
	struct ratelimit_source all = source_of("0.0.0.0", 0, 0);
	uint32_t zero = 0;

	open_with(&(struct params){ .rate = 1, .burst = 10 });
	harness_set(object, "prefix4", &zero, 4);
	harness_load(object);
	put(&all, 2 * NANO, in_an_hour());
	assert_int_equal(passes("192.0.2.1", 1, 0) + passes("10.0.0.1", 1, 0) + passes("255.0.0.1", 1, 0), 2);
}

static void test_default_prefixes(void **state)
{
	struct ratelimit_source host = source_of("192.0.2.7", 32, 0);
	struct ratelimit_source net = source_of("2001:db8:1:2::", 64, 0);

	start(&(struct params){ .rate = 1000 });
	passes("192.0.2.7", 1, 0);
	passes("2001:db8:1:2:3::9", 1, 0);
	assert_true(exists(&host));
	assert_true(exists(&net));
}

static void test_tags_do_not_hide_the_source(void **state)
{
	struct ratelimit_source source = source_of("192.0.2.1", 32, 0);
	struct harness_frame frame = { .source = "192.0.2.1", .vlans = { 7, 8 } };

	start(&(struct params){ .rate = 1, .burst = 10 });
	put(&source, 2 * NANO, in_an_hour());
	assert_int_equal(run(&frame), XSLOT_NEXT);
	frame.vlans[1] = 0;
	assert_int_equal(run(&frame), XSLOT_NEXT);
	assert_int_equal(run(&frame), XDP_DROP);
}

/* Not IP: goes on, and has no bucket. Not readable: one bucket for all of it. */
static void test_what_is_not_ip(void **state)
{
	struct ratelimit_source unreadable = {};
	uint8_t bytes[2048];
	size_t size = harness_build(&(struct harness_frame){ .source = "192.0.2.1" }, bytes);

	start(&(struct params){ .rate = 1, .burst = 10 });
	put(&unreadable, 2 * NANO, in_an_hour());
	for (int i = 0; i < 20; i++)
		assert_int_equal(run(&(struct harness_frame){ .ethertype = 0x0806 }), XSLOT_NEXT);
	assert_int_equal(get(&unreadable).credit, 2 * NANO);
	assert_int_equal(harness_run(object, bytes, size - 20, 1), XSLOT_NEXT);
	bytes[14] = 0x65;
	assert_int_equal(harness_run(object, bytes, size, 1), XSLOT_NEXT);
	assert_int_equal(harness_run(object, bytes, size, 1), XDP_DROP);
}

/* Buckets live on; a smaller burst caps them, a larger one leaves what is there. */
static void test_reload_keeps_credit(void **state)
{
	struct ratelimit_source source = source_of("192.0.2.1", 32, 0);

	start(&(struct params){ .rate = 1, .burst = 10 });
	put(&source, 8 * NANO, in_an_hour());
	assert_int_equal(passes("192.0.2.1", 1, 0), 1);
	restart(&(struct params){ .rate = 1, .burst = 100 });
	assert_int_equal(passes("192.0.2.1", 1, 0), 1);
	assert_int_equal(get(&source).credit, 6 * NANO);
	restart(&(struct params){ .rate = 5, .burst = 3 });
	assert_int_equal(passes("192.0.2.1", 10, 0), 3);
}

/* Credit in packets is not taken for bytes, nor that of a /24 for a host's. */
static void test_reload_never_misreads_a_bucket(void **state)
{
	struct ratelimit_source source = source_of("192.0.2.0", 32, 0);

	start(&(struct params){ .rate = 1, .burst = 10 });
	put(&source, 0, in_an_hour());
	assert_int_equal(passes("192.0.2.0", 1, 0), 0);
	restart(&(struct params){ .rate = 1, .burst = 1000, .unit = RATELIMIT_BYTES });
	assert_int_equal(passes("192.0.2.0", 1, 0), 1);
	restart(&(struct params){ .rate = 1, .burst = 10, .prefix4 = 24 });
	assert_int_equal(passes("192.0.2.0", 1, 0), 1);
	restart(&(struct params){ .rate = 1, .burst = 10 });
	assert_int_equal(passes("192.0.2.0", 1, 0), 0);
}

static void *hammer(void *frames)
{
	uint8_t bytes[2048];
	size_t size = harness_build(&(struct harness_frame){ .source = "192.0.2.1" }, bytes);

	for (int i = 0; i < 10; i++)
		harness_run(object, bytes, size, *(unsigned *)frames / 10);
	return NULL;
}

static char *status(uint64_t unit, uint64_t prefix4)
{
	static const char *const names[] = { "unit", "prefix4", "prefix6", "sources", NULL };
	struct xslot_value values[] = { { .number = unit }, { .number = prefix4 }, { .number = 64 },
		{ .number = RATELIMIT_SOURCES } };

	return harness_status("ratelimit", object, values, names);
}

/* However CPUs interleave, a credit is spent once. */
static void test_cpus_share_a_bucket_exactly(void **state)
{
	struct ratelimit_source source = source_of("192.0.2.1", 32, 0);
	unsigned frames = 3000000;
	pthread_t threads[4];
	char *text;

	start(&(struct params){ .rate = 1, .burst = 12000000 });
	put(&source, 11654321 * NANO, in_an_hour());
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, &frames), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	text = status(RATELIMIT_PACKETS, 32);
	assert_string_equal(text, "passed: 11654321 packets\n"
				  "dropped: 345679 packets\n"
				  "sources: 1 of 65536\n");
	free(text);
}

static void test_status_counts_what_is_current(void **state)
{
	struct ratelimit_source old = source_of("192.0.2.0", 24, 0);
	struct ratelimit_source net = source_of("2001:db8::", 64, 0);
	char *text;

	start(&(struct params){ .rate = 1, .burst = 1 });
	put(&old, 0, 0);
	put(&net, NANO, in_an_hour());
	passes("192.0.2.1", 1, 0);
	passes("2001:db8::1", 1, 0);
	passes("2001:db8::2", 1, 0);
	text = status(RATELIMIT_PACKETS, 32);
	assert_non_null(strstr(text, "passed: 2 packets\ndropped: 1 packets\nsources: 2 of 65536\n"));
	free(text);
}

/* A full table stays bounded, and newcomers get a bucket all the same. */
static void test_sources_are_bounded(void **state)
{
	struct ratelimit_source source = source_of("10.0.0.0", 32, 0);
	char *text, *sources, address[24];

	start(&(struct params){ .rate = 1, .burst = 1 });
	for (uint32_t i = 0; i < RATELIMIT_SOURCES + 5000; i++) {
		uint32_t number = htonl(0x0a000000 + i);

		memcpy(source.address, &number, 4);
		put(&source, 0, in_an_hour());
	}
	for (int i = 0; i < 200; i++) {
		uint64_t begin = now();
		unsigned passed;

		snprintf(address, sizeof(address), "192.0.2.%d", i);
		passed = passes(address, 2, 0);
		assert_in_range(passed, 1, 1 + (now() - begin) / NANO);
	}
	text = status(RATELIMIT_PACKETS, 32);
	sources = strstr(text, "sources: ");
	assert_in_range(strtoul(sources + 9, NULL, 10), RATELIMIT_SOURCES / 2, RATELIMIT_SOURCES);
	assert_null(strstr(text, "untracked"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_burst_is_exact, stop),
		cmocka_unit_test_teardown(test_new_source_begins_full_and_refills, stop),
		cmocka_unit_test_teardown(test_burst_is_rate_when_not_given, stop),
		cmocka_unit_test_teardown(test_bytes, stop),
		cmocka_unit_test(test_refill_at_its_edges),
		cmocka_unit_test(test_refill_is_exact),
		cmocka_unit_test_teardown(test_sources_are_prefixes, stop),
		cmocka_unit_test_teardown(test_prefix_zero_is_one_source, stop),
		cmocka_unit_test_teardown(test_default_prefixes, stop),
		cmocka_unit_test_teardown(test_tags_do_not_hide_the_source, stop),
		cmocka_unit_test_teardown(test_what_is_not_ip, stop),
		cmocka_unit_test_teardown(test_reload_keeps_credit, stop),
		cmocka_unit_test_teardown(test_reload_never_misreads_a_bucket, stop),
		cmocka_unit_test_teardown(test_cpus_share_a_bucket_exactly, stop),
		cmocka_unit_test_teardown(test_status_counts_what_is_current, stop),
		cmocka_unit_test_teardown(test_sources_are_bounded, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

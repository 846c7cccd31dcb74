/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Parameters as a loaded program sees them, and every way in which table and program can disagree. */
#include "check.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/instance/instance.h"
#include "rodata.bpf.h"
#include "rodata.h"

#define VALUE(...) (&(struct xslot_value){ __VA_ARGS__ })

static int open_with(const struct instance_param *params, size_t n, struct instance **ret_instance,
	const char **ret_param, struct xslot_diag *diag)
{
	struct instance_options options = {
		.name = "plugin rodata",
		.object = rodata_bpf,
		.object_size = sizeof(rodata_bpf),
		.function = "rodata",
		.params = params,
		.n_params = n,
	};

	return instance_open(&options, ret_instance, ret_param, diag);
}

/* Load with these parameters, run once, and see. */
static void see(const struct instance_param *params, size_t n, struct seen *ret_seen)
{
	unsigned char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet), .repeat = 1);
	struct instance *instance = NULL;
	struct xslot_diag diag = {};
	int fd;

	if (open_with(params, n, &instance, NULL, &diag) < 0 || instance_verify_as_xdp(instance, &diag) < 0)
		fail_msg("%s\n%s", diag.message, diag.log ? diag.log : "");
	fd = bpf_prog_get_fd_by_id(instance_program_id(instance));
	assert_true(fd >= 0);
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), 0);
	assert_int_equal(run.retval, XSLOT_NEXT);
	assert_int_equal(
		bpf_map_lookup_elem(instance_map_fd(instance, "seen", NULL), &(uint32_t){ 0 }, ret_seen), 0);
	close(fd);
	instance_free(instance);
}

static void test_each_type_arrives(void **state)
{
	const struct instance_param params[] = {
		{ "u8", VALUE(XSLOT_UINT, .number = 255) },
		{ "u16", VALUE(XSLOT_UINT, .number = 65535) },
		{ "u32", VALUE(XSLOT_DURATION, .number = 4294967295) },
		{ "u64", VALUE(XSLOT_UINT, .number = UINT64_MAX) },
		{ "s8", VALUE(XSLOT_INT, .integer = -128) },
		{ "s16", VALUE(XSLOT_INT, .integer = -32768) },
		{ "s32", VALUE(XSLOT_UINT, .number = 2147483647) },
		{ "s64", VALUE(XSLOT_INT, .integer = INT64_MIN) },
		{ "flag", VALUE(XSLOT_BOOL, .boolean = true) },
		{ "flag_number", VALUE(XSLOT_BOOL, .boolean = true) },
		{ "fruit", VALUE(XSLOT_ENUM, .number = PLUM) },
		{ "fruit_number", VALUE(XSLOT_ENUM, .number = PEAR) },
		{ "untouched", VALUE(XSLOT_NONE) },
		{ "text", VALUE(XSLOT_STRING, .text = "seven77") },
		{ "mac", VALUE(XSLOT_MAC, .mac = { 1, 35, 69, 103, 137, 171 }) },
		{ "prefix", VALUE(XSLOT_PREFIX, .prefix = { { 10, 1 }, 4, 16, {} }) },
		{ "peer", VALUE(XSLOT_ADDRESS, .prefix = { { 192, 0, 2, 1 }, 4, 32, {} }) },
		{ "port", VALUE(XSLOT_UINT, .number = 53) },
		{ "peer6", VALUE(XSLOT_ADDRESS, .prefix = { { 0x20, 1, [15] = 7 }, 6, 128, {} }) },
	};
	struct seen seen = {};

	see(params, sizeof(params) / sizeof(*params), &seen);
	assert_int_equal(seen.u8, 255);
	assert_int_equal(seen.u16, 65535);
	assert_int_equal(seen.u32, 4294967295);
	assert_true(seen.u64 == UINT64_MAX);
	assert_true(seen.s8 == -128 && seen.s16 == -32768 && seen.s32 == 2147483647 && seen.s64 == INT64_MIN);
	assert_true(seen.flag == 1 && seen.flag_number == 1);
	assert_true(seen.fruit == PLUM && seen.fruit_number == PEAR);
	assert_int_equal(seen.untouched, 77);
	assert_string_equal(seen.text, "seven77");
	assert_memory_equal(seen.mac, ((uint8_t[]){ 1, 35, 69, 103, 137, 171 }), 6);
	assert_memory_equal(
		&seen.prefix, (&(struct xslot_prefix){ { 10, 1 }, 4, 16, {} }), sizeof(seen.prefix));
	assert_memory_equal(&seen.peer, ((uint8_t[]){ 192, 0, 2, 1 }), 4);
	assert_memory_equal(&seen.port, ((uint8_t[]){ 0, 53 }), 2);
	assert_memory_equal(seen.peer6, ((uint8_t[16]){ 0x20, 1, [15] = 7 }), 16);
}

static void test_text_replaces_all_of_a_longer_default(void **state)
{
	const struct instance_param params[] = { { "text", VALUE(XSLOT_PATH, .text = "/a") } };
	struct seen seen = {};

	see(params, 1, &seen);
	assert_memory_equal(seen.text, "/a\0\0\0\0\0\0", 8);
}

static void test_unset_leaves_the_initial_values(void **state)
{
	struct seen seen = {};

	see(NULL, 0, &seen);
	assert_int_equal(seen.untouched, 77);
	assert_string_equal(seen.text, "default");
	assert_int_equal(seen.u64, 0);
}

struct refusal {
	struct instance_param param;
	int error;
	const char *words;
};

static void test_what_does_not_fit_is_refused_in_words(void **state)
{
	const struct refusal refusals[] = {
		{ { "u8", VALUE(XSLOT_UINT, .number = 256) }, -ERANGE,
			"256 does not fit its variable of 8 bits, which holds 0 to 255" },
		{ { "u16", VALUE(XSLOT_INT, .integer = -1) }, -ERANGE,
			"-1 does not fit its variable of 16 bits, which holds 0 to 65535" },
		{ { "u32", VALUE(XSLOT_DURATION, .number = 1ULL << 32) }, -ERANGE, "of 32 bits" },
		{ { "s8", VALUE(XSLOT_INT, .integer = -129) }, -ERANGE, "which holds -128 to 127" },
		{ { "s8", VALUE(XSLOT_UINT, .number = 128) }, -ERANGE, "which holds -128 to 127" },
		{ { "s64", VALUE(XSLOT_UINT, .number = UINT64_MAX) }, -ERANGE,
			"holds -9223372036854775808 to" },
		{ { "fruit", VALUE(XSLOT_ENUM, .number = 3) }, -ERANGE,
			"no enumerator of that value in enum fruit" },
		{ { "text", VALUE(XSLOT_STRING, .text = "eight888") }, -ERANGE,
			"is 8 bytes long, and its variable has room for 7" },
		{ { "flag", VALUE(XSLOT_UINT, .number = 1) }, -EINVAL,
			"is a bool, where an integer of 1, 2, 4 or 8 bytes" },
		{ { "fruit", VALUE(XSLOT_UINT, .number = 3) }, -ERANGE,
			"3 is not the value of an enumerator in enum fruit" },
		{ { "text", VALUE(XSLOT_ADDRESS, .prefix = { .family = 4 }) }, -EINVAL,
			"where struct xslot_prefix, __be32 or struct in6_addr" },
		{ { "peer", VALUE(XSLOT_ADDRESS, .prefix = { .family = 6 }) }, -EINVAL,
			"has 4 bytes, and an IPv6 address has 16" },
		{ { "u32", VALUE(XSLOT_STRING, .text = "") }, -EINVAL,
			"an unsigned integer of 4 bytes, where an array of char" },
		{ { "text", VALUE(XSLOT_MAC, .mac = {}) }, -EINVAL,
			"an array of 8 bytes, where an array of 6 bytes" },
		{ { "mac", VALUE(XSLOT_BOOL, .boolean = 1) }, -EINVAL,
			"an array of 6 bytes, where a bool or an integer" },
		{ { "odd", VALUE(XSLOT_PREFIX, .prefix = {}) }, -EINVAL,
			"struct (unnamed), where struct xslot_prefix" },
		{ { "prefix", VALUE(XSLOT_UINT, .number = 1) }, -EINVAL,
			"is struct xslot_prefix, where an integer" },
		{ { "u32", VALUE(XSLOT_FILE) }, -EINVAL, "a file is read by the plugin's callbacks" },
		{ { "nothing", VALUE(XSLOT_FILE) }, -ENOENT,
			"a file is for callbacks, and the plugin has none" },
		{ { "nothing", VALUE(XSLOT_UINT) }, -ENOENT, "no `const volatile` variable of that name" },
		{ { "nothing", VALUE(XSLOT_NONE) }, -ENOENT, "no `const volatile` variable of that name" },
		{ { "not_const", VALUE(XSLOT_UINT) }, -EINVAL, "is in .data, not in .rodata" },
		{ { "seen", VALUE(XSLOT_UINT) }, -EINVAL, "is in .maps, not in .rodata" },
	};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		struct instance *instance = NULL;
		struct xslot_diag diag = {};
		const char *param = NULL;
		char expected[128];

		assert_int_equal(
			open_with(&refusals[i].param, 1, &instance, &param, &diag), refusals[i].error);
		assert_null(instance);
		assert_ptr_equal(param, refusals[i].param.name);
		snprintf(expected, sizeof(expected), "plugin rodata: parameter %s: ", refusals[i].param.name);
		if (strncmp(diag.message, expected, strlen(expected)) != 0 ||
			!strstr(diag.message, refusals[i].words))
			fail_msg("\"%s\" is not about %s, \"%s\"", diag.message, refusals[i].param.name,
				refusals[i].words);
	}
}

static void test_optional_may_have_no_variable(void **state)
{
	const struct instance_param params[] = {
		{ "nothing", VALUE(XSLOT_UINT, .number = 1), .optional = true },
		{ "not_const", VALUE(XSLOT_UINT, .number = 5), .optional = true },
		{ "file", VALUE(XSLOT_FILE), .optional = true },
		{ "u8", VALUE(XSLOT_UINT, .number = 5), .optional = true },
	};
	struct seen seen = {};

	see(params, 4, &seen);
	assert_int_equal(seen.u8, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_type_arrives),
		cmocka_unit_test(test_text_replaces_all_of_a_longer_default),
		cmocka_unit_test(test_unset_leaves_the_initial_values),
		cmocka_unit_test(test_what_does_not_fit_is_refused_in_words),
		cmocka_unit_test(test_optional_may_have_no_variable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Object files that were never made for xslot: Debian's own, and one with everything that goes wrong. */
#include "check.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/foreign/foreign.h"
#include "kernel/instance/instance.h"
#include "kernel/instance/instance_private.h"
#include "object.bpf.h"
#include "object_legacy.bpf.h"
#include "util/reader.h"

#define DEBIAN "/usr/lib/x86_64-linux-gnu/bpf"

static struct instance_options foreign(const void *object, size_t size, const char *program)
{
	return (struct instance_options){
		.name = "plugin object",
		.object = object,
		.object_size = size,
		.function = program,
		.foreign = true,
		.same_state_version = true,
	};
}

/* As a later host would find them. */
static void check_maps(const struct instance *instance)
{
	for (size_t i = 0; i < instance->maps.n_maps; i++) {
		const struct carry_map *map = &instance->maps.maps[i];
		struct xslot_diag diag = {};

		if (carry_check_map(map, bpf_map__fd(map->map), NULL, &diag) < 0)
			fail_msg("%s", diag.message);
	}
}

static struct instance *load(const struct instance_options *options)
{
	struct instance *instance = NULL;
	struct xslot_diag diag = {};

	if (instance_open(options, &instance, NULL, &diag) < 0 || instance_verify_as_xdp(instance, &diag) < 0)
		fail_msg("%s\n%s", diag.message, diag.log ? diag.log : "");
	check_maps(instance);
	return instance;
}

static unsigned run(const struct instance *instance)
{
	unsigned char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet), .repeat = 1);
	int fd = bpf_prog_get_fd_by_id(instance_program_id(instance));

	assert_true(fd >= 0);
	assert_int_equal(bpf_prog_test_run_opts(fd, &opts), 0);
	close(fd);
	return opts.retval;
}

static struct blob *debian(const char *name)
{
	struct blob *blob = NULL;
	char path[128];

	snprintf(path, sizeof(path), DEBIAN "/%s.o", name);
	if (access(path, R_OK) < 0)
		return NULL;
	assert_int_equal(blob_read(path, 1 << 20, &blob, NULL), 0);
	return blob;
}

struct known {
	const char *file;
	const char *map; /* one of its maps */
	enum map_class class;
	uint32_t proceed;
	unsigned verdict; /* on a packet of zeros, unconfigured */
};

static void test_debians_objects_run(void **state)
{
	static const struct known objects[] = {
		{ "xdpfilt_alw_all", "filter_ipv4", MAP_STATE, 1 << XDP_PASS, XDP_PASS },
		{ "xdpfilt_alw_tcp", "filter_ports", MAP_STATE, 1 << XDP_PASS, XDP_PASS },
		{ "xdpfilt_dny_all", "xdp_stats_map", MAP_STATE, 1 << XDP_PASS, XDP_DROP },
		{ "xdpfilt_dny_eth", "filter_ethernet", MAP_STATE, 1 << XDP_PASS, XDP_DROP },
		{ "xdpdump_xdp", "xdpdump_perf_map", MAP_CONFIG, 1 << XDP_PASS, XDP_PASS },
		{ "xsk_def_xdp_prog", "xsks_map", MAP_CONFIG, 1 << XDP_PASS, XDP_PASS },
	};

	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		const struct known *known = &objects[i];
		struct blob *blob = debian(known->file);
		const struct instance_map *maps;
		struct instance_options options;
		struct instance *instance;
		size_t n, found = 0;

		if (!blob)
			skip();
		options = foreign(blob->data, blob->size, NULL);
		instance = load(&options);
		blob_free(blob);
		n = instance_maps(instance, &maps);
		for (size_t m = 0; m < n; m++)
			if (strcmp(maps[m].name, known->map) == 0 && maps[m].class == known->class)
				found++;
		if (found != 1 || instance_run_config(instance) != known->proceed ||
			run(instance) != known->verdict)
			fail_msg("%s: %zu maps %s, proceeds on %#x, verdict %u", known->file, found,
				known->map, instance_run_config(instance), run(instance));
		instance_free(instance);
	}
}

static void test_state_of_debians_objects_goes_on(void **state)
{
	struct blob *blob = debian("xdpfilt_alw_all");
	struct instance_options options;
	struct instance *first, *second;
	uint8_t mac[6] = {}, deny[1024] = {};

	if (!blob)
		skip();
	options = foreign(blob->data, blob->size, "xdpfilt_alw_all");
	first = load(&options);
	memset(deny, 0xff, sizeof(deny));
	assert_int_equal(
		bpf_map_update_elem(instance_map_fd(first, "filter_ethernet", NULL), mac, deny, BPF_ANY), 0);
	options.previous = first;
	second = load(&options);
	instance_free(first);
	assert_int_equal(run(second), XDP_DROP);
	assert_int_equal(access("/sys/fs/bpf/filter_ethernet", F_OK), -1);
	instance_free(second);
	blob_free(blob);
}

static void test_one_program_of_several(void **state)
{
	struct instance_options options = foreign(object_bpf, sizeof(object_bpf), "drop");
	struct instance *instance = load(&options);
	uint64_t n = 0;

	assert_int_equal(instance_run_config(instance), 1 << XDP_DROP | 1 << XDP_TX);
	assert_int_equal(run(instance), XDP_DROP);
	assert_int_equal(bpf_map_lookup_elem(
				 instance_map_fd(instance, "xslot_test_pinned", NULL), &(uint32_t){ 0 }, &n),
		0);
	assert_int_equal(n, 1);
	assert_int_equal(access("/sys/fs/bpf/xslot_test_pinned", F_OK), -1);
	instance_free(instance);
	options.function = "pass";
	instance = load(&options);
	assert_int_equal(run(instance), XDP_PASS);
	assert_int_equal(instance_run_config(instance), 1 << XDP_PASS);
	instance_free(instance);
}

static void check_refused(struct instance_options options, int error, const char *const words[])
{
	struct instance *instance = NULL;
	struct xslot_diag diag = {};

	assert_int_equal(instance_open(&options, &instance, NULL, &diag), error);
	assert_null(instance);
	for (; *words; words++)
		if (!strstr(diag.message, *words))
			fail_msg("\"%s\" does not say \"%s\"", diag.message, *words);
}

static void test_refusals_say_what_would_help(void **state)
{
	static const char *const several[] = { "plugin object: ", "several programs",
		"drop, pass, frags, unchecked", NULL };
	static const char *const no_such[] = { "no program other", "drop, pass, frags, unchecked", NULL };
	static const char *const legacy[] = { "section \"maps\"", "libbpf 1.0", ".maps", NULL };
	static const char *const no_object[] = { "not a BPF object", NULL };

	check_refused(foreign(object_bpf, sizeof(object_bpf), NULL), -EINVAL, several);
	check_refused(foreign(object_bpf, sizeof(object_bpf), "other"), -ENOENT, no_such);
	check_refused(foreign(object_legacy_bpf, sizeof(object_legacy_bpf), "drop"), -EOPNOTSUPP, legacy);
	check_refused(foreign("some text", 9, "drop"), -ENOEXEC, no_object);
	check_refused(foreign(object_bpf, 100, "drop"), -ENOEXEC, no_object);
	check_refused(foreign(object_bpf, sizeof(object_bpf) / 2, "drop"), -ENOEXEC, no_object);
}

static void test_frags_only_where_the_section_says_so(void **state)
{
	static const char *const not_marked[] = { "frags = yes", "program pass",
		"\"xdp/a.section/of_its_own\"", NULL };
	struct instance_options options = foreign(object_bpf, sizeof(object_bpf), "pass");
	struct instance *instance;

	options.frags = true;
	check_refused(options, -EINVAL, not_marked);
	options.function = "frags";
	instance = load(&options);
	assert_int_equal(run(instance), XDP_TX);
	instance_free(instance);
}

static void test_the_verifiers_reason_is_in_the_sentence(void **state)
{
	struct instance_options options = foreign(object_bpf, sizeof(object_bpf), "unchecked");
	struct instance *instance = NULL;
	struct xslot_diag diag = {};

	assert_int_equal(instance_open(&options, &instance, NULL, &diag), 0);
	assert_int_equal(instance_verify_as_xdp(instance, &diag), -EACCES);
	if (!strstr(diag.message, "plugin object: the verifier refuses unchecked(): ") ||
		!strstr(diag.message, "invalid access to packet") || !strstr(diag.message, "return *data"))
		fail_msg("%s", diag.message);
	assert_null(strchr(diag.message, '\n'));
	assert_non_null(diag.log);
	assert_non_null(strstr(diag.log, "processed "));
	xslot_diag_clear(&diag);
	instance_free(instance);
}

/* ---- programs that are reached by a tail call ---- */

static struct blob *shape(const char *name)
{
	struct blob *blob = NULL;
	char path[256];

	snprintf(path, sizeof(path), SHAPES "/shape-%s.o", name);
	assert_int_equal(blob_read(path, 1 << 20, &blob, NULL), 0);
	return blob;
}

static struct instance *load_shape(
	const char *name, const char *program, const struct instance_param *params, size_t n)
{
	struct blob *blob = shape(name);
	struct instance_options options = foreign(blob->data, blob->size, program);
	struct instance *instance;

	options.params = params;
	options.n_params = n;
	instance = load(&options);
	blob_free(blob);
	return instance;
}

static unsigned run_packet(const struct instance *instance, unsigned char packet[static 64])
{
	unsigned char out[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = 64, .data_out = out,
		.data_size_out = sizeof(out), .repeat = 1);
	int fd = bpf_prog_get_fd_by_id(instance_program_id(instance));

	assert_true(fd >= 0);
	assert_int_equal(bpf_prog_test_run_opts(fd, &opts), 0);
	close(fd);
	memcpy(packet, out, sizeof(out));
	return opts.retval;
}

static void test_tail_calls_reach_their_programs(void **state)
{
	struct instance *instance = load_shape("tails", "tails", NULL, 0);
	unsigned char packet[64] = {};

	packet[23] = 6;
	assert_int_equal(run_packet(instance, packet), XDP_DROP);
	packet[23] = 17;
	assert_int_equal(run_packet(instance, packet), XDP_PASS);
	assert_int_equal(packet[44], 0x17);
	instance_free(instance);
	instance = load_shape("loop", NULL, NULL, 0);
	assert_int_equal(run_packet(instance, memset(packet, 0, sizeof(packet))), XDP_PASS);
	assert_int_equal(packet[47], 5);
	instance_free(instance);
}

#define TEXT(text_) (&(struct xslot_value){ .type = XSLOT_STRING, .text = text_ })

static void test_arrays_by_name(void **state)
{
	const struct instance_param by_name = { "steps", TEXT("middle,3 : end"), .optional = false };
	struct instance *instance = load_shape("steps", "start", &by_name, 1);
	unsigned char packet[64] = {};

	assert_int_equal(run_packet(instance, packet), XDP_PASS);
	assert_int_equal(packet[44], 0x33);
	instance_free(instance);
	instance = load_shape("steps", "start", NULL, 0);
	assert_int_equal(run_packet(instance, packet), XDP_DROP);
	instance_free(instance);
}

static void test_arrays_by_a_wrong_name(void **state)
{
	static const struct {
		const char *text, *words;
	} wrong[] = {
		{ "nobody", "no XDP program \"nobody\"" },
		{ "start, ", "no XDP program \"\"" },
		{ "4:end", "no index 4, it has 0 to 3" },
		{ "4294967296:end", "no index 4294967295" },
		{ "1:end, 1:middle", "index 1 of program array steps is given twice" },
		{ "1.end", "\"1.end\" is neither" },
	};
	struct blob *blob = shape("steps");

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		const struct instance_param param = { "steps", TEXT(wrong[i].text), .optional = false };
		struct instance_options options = foreign(blob->data, blob->size, "start");
		struct instance *instance = NULL;
		struct xslot_diag diag = {};
		const char *about = NULL;

		options.params = &param;
		options.n_params = 1;
		assert_true(instance_open(&options, &instance, &about, &diag) < 0);
		assert_ptr_equal(about, param.name);
		if (!strstr(diag.message, wrong[i].words))
			fail_msg("%s: \"%s\"", wrong[i].text, diag.message);
	}
	blob_free(blob);
}

/* ---- what a slot may set ---- */

static const struct xslot_param *find_row(const struct xslot_param *table, const char *name)
{
	for (size_t i = 0; i < XSLOT_MAX_PARAMS && table[i].type != XSLOT_NONE; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

static void test_a_table_of_what_can_be_set(void **state)
{
	static const struct {
		const char *name;
		uint32_t type;
	} rows[] = {
		{ "policy", XSLOT_ENUM },
		{ "odd", XSLOT_UINT },
		{ "port", XSLOT_UINT },
		{ "peer", XSLOT_ADDRESS },
		{ "mac", XSLOT_MAC },
		{ "word", XSLOT_STRING },
		{ "invert", XSLOT_BOOL },
		{ "offset", XSLOT_INT },
	};
	struct xslot_param table[XSLOT_MAX_PARAMS] = {};
	const char *const wanted[] = { "counter", "folded" };
	struct blob *blob = shape("tuned");

	assert_int_equal(foreign_params(blob->data, blob->size, NULL, 0, table, NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct xslot_param *row = find_row(table, rows[i].name);

		if (!row || row->type != rows[i].type)
			fail_msg("%s: type %u", rows[i].name, row ? row->type : 0);
	}
	assert_string_equal(find_row(table, "policy")->words, "POLICY_ADMIT|POLICY_DENY");
	assert_null(find_row(table, "counter"));
	assert_null(find_row(table, "folded"));
	memset(table, 0, sizeof(table));
	assert_int_equal(foreign_params(blob->data, blob->size, wanted, 2, table, NULL), 0);
	assert_non_null(find_row(table, "counter")); /* so that writing it can say why not */
	assert_null(find_row(table, "folded"));	     /* the code has it already */
	blob_free(blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_debians_objects_run),
		cmocka_unit_test(test_state_of_debians_objects_goes_on),
		cmocka_unit_test(test_one_program_of_several),
		cmocka_unit_test(test_refusals_say_what_would_help),
		cmocka_unit_test(test_frags_only_where_the_section_says_so),
		cmocka_unit_test(test_the_verifiers_reason_is_in_the_sentence),
		cmocka_unit_test(test_tail_calls_reach_their_programs),
		cmocka_unit_test(test_arrays_by_name),
		cmocka_unit_test(test_arrays_by_a_wrong_name),
		cmocka_unit_test(test_a_table_of_what_can_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

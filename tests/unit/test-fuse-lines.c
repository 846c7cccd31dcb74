/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A fused chain's lines, merged from those of its parts: where each goes, and what the kernel demands of all.
 */
#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "kernel/fuse/lines.h"

#define BODY 4
#define FUNCTION 3
#define PART (BODY + FUNCTION)

/* Two parts, each of 4 instructions and a subprogram of 3; the chain's own code is one instruction each time.
 */
static struct bpf_insn insns[12 + 2 * FUNCTION];
static struct fuse_place places[] = {
	{ 0, 0, FUSE_ENTER },
	{ 1, 0, FUSE_BODY },
	{ 5, 0, FUSE_TEST },
	{ 6, 1, FUSE_ENTER },
	{ 7, 1, FUSE_BODY },
	{ 11, 1, FUSE_FINAL },
};
static struct fuse_function functions[] = {
	{ .start = 0 },
	{ .start = 12, .from = BODY, .part = 0 },
	{ .start = 15, .from = BODY, .part = 1 },
};
static const struct fuse_code code = { insns, 18, functions, 3, places, 6 };
static const struct fuse_part parts[] = { { .name = "a", .n_insns = PART },
	{ .name = "b", .n_insns = PART } };

struct merged {
	struct fuse_lines lines;
	struct bpf_line_info *all;
	size_t n;
};

static void set_up(struct merged *merged)
{
	*merged = (struct merged){ .lines = { .btf = btf__new_empty(), .n_sources = 2 } };
	for (size_t i = 0; i < code.n_insns; i++)
		insns[i].code = BPF_ALU64 | BPF_MOV | BPF_K;
	for (size_t i = 0; i < 2; i++)
		merged->lines.sources[i].lines = calloc(PART, sizeof(struct bpf_line_info));
}

static void tear_down(struct merged *merged)
{
	btf__free(merged->lines.btf);
	fuse_lines_deinit(&merged->lines);
	free(merged->all);
}

static void add(struct merged *merged, size_t part, uint32_t at, const char *text)
{
	struct fuse_source *source = &merged->lines.sources[part];

	source->lines[source->n_lines++] = (struct bpf_line_info){
		.insn_off = at,
		.file_name_off = (uint32_t)btf__add_str(merged->lines.btf, "a.c"),
		.line_off = (uint32_t)btf__add_str(merged->lines.btf, text),
		.line_col = 7 << 10 | 2,
	};
}

/* "1 text, 5 text", and in order. */
static void assert_lines(struct merged *merged, const char *expected)
{
	char text[1024] = "";
	size_t used = 0;

	assert_int_equal(fuse_lines_build(&merged->lines, parts, &code, &merged->all, &merged->n), 0);
	for (size_t i = 0; i < merged->n; i++) {
		if (i > 0)
			assert_true(merged->all[i].insn_off > merged->all[i - 1].insn_off);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u %s", i ? ", " : "",
			merged->all[i].insn_off,
			btf__str_by_offset(merged->lines.btf, merged->all[i].line_off));
	}
	assert_string_equal(text, expected);
}

static void test_all_known(void **state)
{
	struct merged merged;

	set_up(&merged);
	add(&merged, 0, 0, "A0");
	add(&merged, 0, 3, "A3");
	add(&merged, 0, 4, "AF0");
	add(&merged, 0, 6, "AF2");
	add(&merged, 1, 0, "B0");
	add(&merged, 1, 4, "BF0");
	assert_lines(&merged, "0 a: begins, 1 A0, 4 A3, 5 a: does its verdict proceed?, 6 b: begins, 7 B0, "
			      "11 the chain's final verdict, 12 AF0, 14 AF2, 15 BF0");
	assert_int_equal(merged.all[1].line_col, 7 << 10 | 2);
	assert_string_equal(btf__str_by_offset(merged.lines.btf, merged.all[1].file_name_off), "a.c");
	assert_string_equal(btf__str_by_offset(merged.lines.btf, merged.all[0].file_name_off), "xslot");
	tear_down(&merged);
}

/* Each function has a line at its start, or the kernel refused the program. */
static void test_little_known(void **state)
{
	struct merged merged;

	set_up(&merged);
	add(&merged, 0, 2, "A2");
	add(&merged, 0, 5, "AF1");
	assert_lines(&merged, "0 a: begins, 1 a, 3 A2, 5 a: does its verdict proceed?, 6 b: begins, 7 b, "
			      "11 the chain's final verdict, 12 a, 13 AF1, 15 b");
	tear_down(&merged);
}

static void test_half_an_instruction(void **state)
{
	struct merged merged;

	set_up(&merged);
	insns[2].code = BPF_LD | BPF_IMM | BPF_DW;
	insns[3].code = 0;
	add(&merged, 0, 0, "A0");
	add(&merged, 0, 1, "A1");
	add(&merged, 0, 2, "A2");
	add(&merged, 0, 3, "A3");
	assert_lines(&merged,
		"0 a: begins, 1 A0, 2 A1, 4 A3, 5 a: does its verdict proceed?, 6 b: begins, 7 b, "
		"11 the chain's final verdict, 12 a, 15 b");
	tear_down(&merged);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_known),
		cmocka_unit_test(test_little_known),
		cmocka_unit_test(test_half_an_instruction),
	};

	return cmocka_run_group_tests_name("fuse-lines", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Logs as kernels write them, and the part of a sentence that is made of each. */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "extension/advice.h"
#include "extension/verifier.h"

#define STATISTICS                                                                                           \
	"verification time 55 usec\nstack depth 0\n"                                                         \
	"processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"

static void check(const char *log, const char *expected)
{
	char words[200];

	verifier_verdict(log, -EACCES, words, sizeof(words));
	assert_string_equal(words, expected);
}

static void test_the_reason_and_its_place(void **state)
{
	check("reg type unsupported for arg#0 function unchecked#9\n"
	      "0: R1=ctx(off=0,imm=0) R10=fp0\n"
	      "; unsigned char *data = (void *)(long)ctx->data;\n"
	      "0: (61) r1 = *(u32 *)(r1 +0)         ; R1_w=pkt(off=0,r=0,imm=0)\n"
	      "; return *data ? XDP_PASS : XDP_DROP;\n"
	      "1: (71) r1 = *(u8 *)(r1 +0)\n"
	      "invalid access to packet, off=0 size=1, R1(id=0,off=0,r=0)\n"
	      "R1 offset is outside of the packet\n" STATISTICS,
		"invalid access to packet, off=0 size=1, R1(id=0,off=0,r=0); R1 offset is outside of the "
		"packet, "
		"at \"return *data ? XDP_PASS : XDP_DROP;\"");
}

static void test_remarks_on_the_way_are_left_out(void **state)
{
	check("Validating drop() func#0...\n"
	      "0: (b7) r0 = 1\n"
	      "last_idx 7 first_idx 0\n"
	      "regs=4 stack=0 before 6: (85) call bpf_map_lookup_elem#1\n"
	      "from 6 to 9: R0=0 R10=fp0\n"
	      "9: (95) exit\n"
	      "mark_precise: frame0: last_idx 9 first_idx 0\n"
	      "regs=4 stack=0 before 6: (85) call bpf_map_lookup_elem#1\n"
	      "back-edge from insn 9 to 3\n" STATISTICS,
		"back-edge from insn 9 to 3");
}

static void test_no_more_than_the_last_three(void **state)
{
	check("one\ntwo\nthree\nfour\n", "two; three; four");
}

static void test_logs_without_instructions(void **state)
{
	check("Extension program changes packet data, while original does not\n" STATISTICS,
		"Extension program changes packet data, while original does not");
	check("slot_9_a() is not a global function", "slot_9_a() is not a global function");
}

static void test_no_reason(void **state)
{
	check("", "its log gives no reason");
	check("0: (95) exit\n" STATISTICS, "its log gives no reason");
}

/* What a plain log says nothing of: seen on 6.1, with 65 maps and with a program of a million branches. */
static void test_the_error_tells(void **state)
{
	char words[200];

	verifier_verdict(STATISTICS, -E2BIG, words, sizeof(words));
	assert_string_equal(words, "it uses more than 64 maps, the most that a program may use");
	verifier_verdict("BPF program is too large. Processed 1000001 insn\n" STATISTICS, -E2BIG, words,
		sizeof(words));
	assert_string_equal(words, "BPF program is too large. Processed 1000001 insn");
	verifier_verdict("0: (b7) r0 = 1\nR1_w=ct", -ENOSPC, words, sizeof(words));
	assert_non_null(strstr(words, "too complex"));
	assert_null(strstr(words, "R1_w"));
}

static void test_tabs_of_a_line(void **state)
{
	check("; asm volatile(\"r0 = 0;\texit\")\n0: (95) exit\nR0 !read_ok\n",
		"R0 !read_ok, at \"asm volatile(\"r0 = 0; exit\")\"");
}

static void test_long_logs_are_cut(void **state)
{
	char log[1000], words[50];

	memset(log, 'x', sizeof(log));
	memcpy(log, "; source\n", 9);
	log[500] = '\n';
	log[999] = 0;
	verifier_verdict(log, -EACCES, words, sizeof(words));
	assert_int_equal(strlen(words), sizeof(words) - 1);
}

static void check_advice(const char *warnings, const char *log, const char *expected)
{
	char words[300];

	advice_find(warnings, log, words, sizeof(words));
	if (!expected[0])
		assert_string_equal(words, "");
	else if (!strstr(words, expected))
		fail_msg("\"%s\" does not say \"%s\"", words, expected);
}

static void test_what_would_help(void **state)
{
	check_advice("",
		"4: (85) call pc+24\nUnrecognized arg#0 type PTR\n"
		"Caller passes invalid args into func#1\n",
		": on this kernel an extension cannot pass the context to a global function of its own; make the function static");
	check_advice("", "unknown func bpf_xdp_load_bytes#189\n", "has no helper bpf_xdp_load_bytes for XDP");
	check_advice("libbpf: extern (func ksym) 'bpf_ct': not found in kernel or module BTFs\n", "",
		"has bpf_ct; load the module");
	/* libbpf 1.1's words, of a process with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON */
	check_advice(
		"failed to iterate BTF objects: -1; extern (func ksym) 'bpf_ct': not found in kernel or module BTFs",
		"", "does not have bpf_ct, and only a process with CAP_SYS_ADMIN may look for it in modules");
	check_advice("", "Caller passes invalid args into func#1\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_would_help),
		cmocka_unit_test(test_the_reason_and_its_place),
		cmocka_unit_test(test_remarks_on_the_way_are_left_out),
		cmocka_unit_test(test_no_more_than_the_last_three),
		cmocka_unit_test(test_logs_without_instructions),
		cmocka_unit_test(test_no_reason),
		cmocka_unit_test(test_the_error_tells),
		cmocka_unit_test(test_tabs_of_a_line),
		cmocka_unit_test(test_long_logs_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

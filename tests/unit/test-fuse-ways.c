/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which exits and jumps of a program have a verdict that is known, as "number=verdict", + when that is all.
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "insns.h"
#include "kernel/fuse/ways.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static void check(const char *expected, const struct bpf_insn *insns, size_t n)
{
	struct fuse_way ways[32] = {};
	char text[256] = "";
	size_t used = 0;

	assert_true(n <= 32);
	fuse_ways_find(insns, n, ways);
	for (size_t i = 0; i < n; i++)
		if (ways[i].known)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%zu=%u%s",
				used ? " " : "", i, ways[i].verdict, ways[i].alone ? "+" : "");
	assert_string_equal(text, expected);
}

#define assert_ways(expected, ...)                                                                           \
	do {                                                                                                 \
		const struct bpf_insn insns[] = { __VA_ARGS__ };                                             \
		check(expected, insns, N(insns));                                                            \
	} while (0)

static void test_exits(void **state)
{
	assert_ways("1=2+", SET32(0, 2), EXIT);
	assert_ways("1=31+", SET(0, 31), EXIT);
	assert_ways("1=4294967295+", SET(0, -1), EXIT);
	assert_ways("2=2", SET32(0, 2), SET32(1, 7), EXIT);
	assert_ways("2=2", SET32(6, 2), MOV(0, 6), EXIT);
	assert_ways("3=2", SET32(6, 2), HELPER(5), MOV(0, 6), EXIT);
	assert_ways("2=2", SET32(0, 2), STORE(1, 0, 0), EXIT);
	assert_ways("", LOAD(0, 1, 0), EXIT);
	assert_ways("", SET32(0, 2), HELPER(5), EXIT);
	assert_ways("", SET32(1, 2), HELPER(5), MOV(0, 1), EXIT);
	assert_ways("", SET32(0, 2), ADD(0, 1), EXIT);
	assert_ways("", SET32(0, 2), LOAD(0, 1, 0), EXIT);
	assert_ways("", SET32(6, 2), MOV_SIGNED(0, 6), EXIT);
	assert_ways("", LOAD_64(0, 2), EXIT);
	assert_ways("", SET32(0, 2), LOAD_64(0, 2), EXIT);
	/* What fetches writes its source, or r0. */
	assert_ways("", SET32(6, 2), ATOMIC(1, 6, BPF_ADD | BPF_FETCH), MOV(0, 6), EXIT);
	assert_ways("", SET32(0, 2), ATOMIC(1, 6, BPF_CMPXCHG), EXIT);
}

static void test_jumps(void **state)
{
	/* Either of two constants, as compilers have it: the jump leaves, and what follows has the exit
	 * alone. */
	assert_ways("1=1 3=2+", SET32(0, 1), IF_ZERO(1, 1), SET32(0, 2), EXIT);
	assert_ways("1=1 4=2", SET32(6, 1), IF_ZERO(1, 1), SET32(6, 2), MOV(0, 6), EXIT);
	/* Several returns, one exit: one of the ways stays, or nothing would lead to it. */
	assert_ways("3=2 5=3+", SET32(0, 1), IF_ZERO(1, 4), SET32(0, 2), IF_ZERO(2, 2), SET32(0, 3), JUMP(0),
		EXIT);
	assert_ways("4=2+", IF_ZERO(1, 2), SET32(0, 1), JUMP(2), SET32(0, 2), JUMP(0), EXIT);
	/* Over a jump, and upwards. */
	assert_ways("2=1", IF_ZERO(2, 2), SET32(0, 1), IF_ZERO(1, 1), LOAD(0, 1, 0), JUMP(0), EXIT);
	assert_ways("4=5 5=4", LOAD(0, 1, 0), IF_ZERO(2, 4), SET32(0, 4), SET32(6, 5), IF_ZERO(1, 1), EXIT,
		MOV(0, 6), EXIT);
	assert_ways("4=4+", IF_ZERO(1, 2), LOAD(0, 1, 0), EXIT, SET32(0, 4), JUMP(-3));
	/* What another way leads to is not known. */
	assert_ways("", LOAD(6, 1, 0), IF_ZERO(1, 1), SET32(6, 1), STORE(1, 2, 0), MOV(0, 6), EXIT);
	assert_ways("", SET32(0, 1), IF_ZERO(1, 1), ADD(0, 1), STORE(1, 0, 0), EXIT);
	/* Not those that cannot lead as far, or that the kernel replaces; they lead somewhere all the same.
	 */
	assert_ways("", SET32(0, 1), MAY_GO(1), LOAD(0, 1, 0), EXIT);
	assert_ways("", LOAD(0, 1, 0), IF_ZERO(1, 2), SET32(0, 1), JUMP_FAR(0), EXIT);
	assert_ways("", LOAD(0, 1, 0), IF_ZERO(1, 1), JUMP_FAR(2), SET(0, 2), STORE(1, 0, 0), EXIT);
	/* Not in a circle. */
	assert_ways("", SET32(0, 1), JUMP(-1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exits),
		cmocka_unit_test(test_jumps),
	};

	return cmocka_run_group_tests_name("fuse-ways", tests, NULL, NULL);
}

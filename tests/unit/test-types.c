/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * All that is asked about types, of a BTF in which one word is another: names and types that are not there,
 * types that are aliases of themselves or hold themselves. The answers may be any, but they come, and from
 * inside of the BTF (the tests are built with ASan).
 */
#include "kernel/types.h"

#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "extension/btf_read.h"
#include "extension/signature.h"

/* One type of every kind that our code tells apart; the numbers are ids. */
static struct btf *make(void)
{
	struct btf *btf = btf__new_empty();
	int u32 = btf__add_int(btf, "unsigned int", 4, 0);			  /* 1 */
	int bytes = btf__add_array(btf, u32, btf__add_int(btf, "char", 1, 0), 8); /* 2, 3 */
	int proto, var;

	btf__add_struct(btf, "flow", 24); /* 4 */
	btf__add_field(btf, "source", u32, 0, 0);
	btf__add_field(btf, "bytes", bytes, 32, 0);
	btf__add_field(btf, "timer", btf__add_struct(btf, "bpf_timer", 8), 96, 0); /* 5 */
	btf__add_typedef(btf, "flow_t", btf__add_const(btf, 4));		   /* 6, 7 */
	btf__add_enum(btf, "policy", 4);					   /* 8 */
	btf__add_enum_value(btf, "allow", 0);
	proto = btf__add_func_proto(btf, u32);			       /* 9 */
	btf__add_func_param(btf, "ctx", btf__add_ptr(btf, 4));	       /* 10 */
	btf__add_func(btf, "filter", BTF_FUNC_GLOBAL, proto);	       /* 11 */
	var = btf__add_var(btf, "flows", BTF_VAR_GLOBAL_ALLOCATED, 7); /* 12 */
	btf__add_datasec(btf, ".rodata", 24);			       /* 13 */
	btf__add_datasec_var_info(btf, var, 0, 24);
	btf__add_decl_tag(btf, "xslot:state", var, -1); /* 14 */
	assert_int_equal(btf__type_cnt(btf), 15);
	return btf;
}

#define FUNCTION 11

static void ask(const struct btf *good, const struct btf *btf)
{
	struct signature there = { good, FUNCTION }, here = { btf, FUNCTION };
	struct types_variable variable;
	struct xslot_diag diag = {};
	char words[64];

	types_find_variable(btf, "flows", &variable);
	for (uint32_t id = 0; id < btf__type_cnt(btf) + 2; id++) {
		types_tagged(btf, id, "xslot:state");
		types_same_layout(good, id, btf, id);
		types_same_layout(btf, id, btf, id);
		types_contain(btf, id, "bpf_spin_lock");
		types_is_network_order(btf, id);
		types_is_address(btf, id);
		types_describe(btf, id, words, sizeof(words));
		assert_non_null(btf_read_type(btf, id));
	}
	signature_compare(&there, &here, "xdp_md", &diag);
	signature_compare(&here, &there, "xdp_md", &diag);
	xslot_diag_clear(&diag);
}

static void test_any_word_is_another(void **state)
{
	struct btf *good = make();
	uint32_t size, words[] = { 0, 1, 4, 6, 7, 10, 13, 15, 0x00ffffff, 0x7fffffff, 0xffffffff };
	const struct btf_header *raw = btf__raw_data(good, &size);
	size_t taken = 0;

	for (uint32_t at = 0; at < raw->type_len; at += 4) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			uint8_t *copy = malloc(size);
			struct btf *btf;

			memcpy(copy, raw, size);
			memcpy(copy + raw->hdr_len + raw->type_off + at, &words[i], 4);
			btf = btf__new(copy, size);
			if (btf) {
				ask(good, btf);
				taken++;
			}
			btf__free(btf);
			free(copy);
		}
	}
	assert_true(taken > 300); /* libbpf refuses the others */
	btf__free(good);
}

/* Two of itself, each with two of itself, …: who follows all that never comes back. */
static void test_a_struct_holds_itself(void **state)
{
	struct btf *btf = btf__new_empty();

	btf__add_struct(btf, "hydra", 8);
	for (int i = 0; i < 4; i++)
		btf__add_field(btf, "head", 1, 0, 0);
	assert_true(types_contain(btf, 1, "bpf_timer")); /* cannot be known */
	assert_false(types_same_layout(btf, 1, btf, 1));
	btf__free(btf);
}

static void test_an_alias_of_itself(void **state)
{
	struct btf *btf = btf__new_empty();
	struct signature signature = { btf, 4 };
	char text[256];

	btf__add_const(btf, 1);
	btf__add_ptr(btf, 2);
	btf__add_func_proto(btf, 2);
	btf__add_func(btf, "round", BTF_FUNC_GLOBAL, 3);
	assert_null(types_resolve(btf, 1));
	assert_false(types_is_address(btf, 1));
	signature_describe(&signature, text, sizeof(text));
	assert_memory_equal(text, "…", strlen("…"));
	btf__free(btf);
}

/* Of two names that are not there nobody knows that they are the same. */
static void test_names_that_are_not_there(void **state)
{
	struct btf *btf = make();

	assert_string_equal(btf_read_name(btf, UINT32_MAX), "");
	assert_false(btf_read_same_name(btf, UINT32_MAX, btf, UINT32_MAX));
	assert_true(btf_read_same_name(btf, 0, btf, 0));
	assert_int_equal(btf_kind(btf_read_type(btf, UINT32_MAX)), BTF_KIND_UNKN);
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_word_is_another),
		cmocka_unit_test(test_a_struct_holds_itself),
		cmocka_unit_test(test_an_alias_of_itself),
		cmocka_unit_test(test_names_that_are_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

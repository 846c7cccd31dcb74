/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Two functions side by side, written as BTF here: which may stand in for which, and what is said when not.
 */
#include "extension/signature.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

/* Types that the cases below are made of; ids in one BTF. */
struct types {
	struct btf *btf;
	int s32, s64, u32, u8, xdp_md, xdp_md_pointer, facts, facts_pointer, declared, declared_pointer;
	int verdict, const_xdp_md_pointer, int_typedef, void_pointer, u32_pointer;
};

static struct types make(unsigned context_size, unsigned facts_size)
{
	struct types t = { .btf = btf__new_empty() };

	assert_non_null(t.btf);
	t.s32 = btf__add_int(t.btf, "int", 4, BTF_INT_SIGNED);
	t.s64 = btf__add_int(t.btf, "long", 8, BTF_INT_SIGNED);
	t.u32 = btf__add_int(t.btf, "unsigned int", 4, 0);
	t.u8 = btf__add_int(t.btf, "unsigned char", 1, 0);
	t.xdp_md = btf__add_struct(t.btf, "xdp_md", context_size);
	assert_int_equal(btf__add_field(t.btf, "data", t.u32, 0, 0), 0);
	t.xdp_md_pointer = btf__add_ptr(t.btf, t.xdp_md);
	t.facts = btf__add_struct(t.btf, "facts", facts_size);
	t.facts_pointer = btf__add_ptr(t.btf, t.facts);
	t.declared = btf__add_fwd(t.btf, "facts", BTF_FWD_STRUCT);
	t.declared_pointer = btf__add_ptr(t.btf, t.declared);
	t.verdict = btf__add_enum(t.btf, "xdp_action", 4);
	assert_int_equal(btf__add_enum_value(t.btf, "XDP_DROP", 1), 0);
	t.const_xdp_md_pointer = btf__add_ptr(t.btf, btf__add_const(t.btf, t.xdp_md));
	t.int_typedef = btf__add_typedef(t.btf, "verdict_t", t.s32);
	t.void_pointer = btf__add_ptr(t.btf, 0);
	t.u32_pointer = btf__add_ptr(t.btf, t.u32);
	assert_true(t.u32_pointer > 0);
	return t;
}

/* A global function of that name; the types of its result and arguments end with -1. */
static struct signature function(struct types *t, const char *name, const int *types)
{
	int prototype = btf__add_func_proto(t->btf, types[0]);

	assert_true(prototype > 0);
	for (const int *arguments = types + 1; *arguments != -1; arguments++)
		assert_int_equal(btf__add_func_param(t->btf, "argument", *arguments), 0);
	return (struct signature){ t->btf,
		(uint32_t)btf__add_func(t->btf, name, BTF_FUNC_GLOBAL, prototype) };
}

#define FUNCTION(types, name, ...) function(types, name, (const int[]){ __VA_ARGS__, -1 })

/* Two sets of types, as two compilation units have them; `there` is the target's. */
static struct types there, here;

static int set_up(void **state)
{
	there = make(24, 16);
	here = make(24, 16);
	return 0;
}

static int tear_down(void **state)
{
	btf__free(there.btf);
	btf__free(here.btf);
	return 0;
}

static void fits(struct signature target, struct signature extension)
{
	struct xslot_diag diag = {};

	if (signature_compare(&target, &extension, "xdp_md", &diag) != 0)
		fail_msg("%s", diag.message);
}

static void fits_not(struct signature target, struct signature extension, const char *message)
{
	struct xslot_diag diag = {};

	assert_int_equal(signature_compare(&target, &extension, "xdp_md", &diag), -EPROTOTYPE);
	assert_string_equal(diag.message, message);
	/* Without anywhere to write to it is refused all the same. */
	assert_int_equal(signature_compare(&target, &extension, "xdp_md", NULL), -EPROTOTYPE);
}

static void the_same_fits(void **state)
{
	fits(FUNCTION(&there, "slot", there.s32, there.xdp_md_pointer),
		FUNCTION(&here, "acl", here.s32, here.xdp_md_pointer));
	fits(FUNCTION(&there, "slot", there.s32, there.xdp_md_pointer, there.facts_pointer, there.u8),
		FUNCTION(&here, "acl", here.s32, here.xdp_md_pointer, here.facts_pointer, here.u8));
	fits(FUNCTION(&there, "slot", 0), FUNCTION(&here, "acl", 0));
}

static void names_and_qualifiers_do_not_matter(void **state)
{
	fits(FUNCTION(&there, "slot", there.s32, there.xdp_md_pointer),
		FUNCTION(&here, "acl", here.int_typedef, here.const_xdp_md_pointer));
	/* The kernel compares the kind of the result only. */
	fits(FUNCTION(&there, "slot", there.s32, there.xdp_md_pointer),
		FUNCTION(&here, "acl", here.s64, here.xdp_md_pointer));
}

static void numbers_of_arguments_differ(void **state)
{
	fits_not(FUNCTION(&there, "slot", there.s32, there.xdp_md_pointer),
		FUNCTION(&here, "acl", here.s32, here.xdp_md_pointer, here.u32),
		"\"int acl(struct xdp_md *, unsigned int)\" cannot stand in for \"int slot(struct xdp_md "
		"*)\": "
		"it takes 1 argument there, 2 here");
	fits_not(FUNCTION(&there, "slot", there.s32, there.xdp_md_pointer, there.u8),
		FUNCTION(&here, "acl", here.s32),
		"\"int acl(void)\" cannot stand in for \"int slot(struct xdp_md *, unsigned char)\": "
		"it takes 2 arguments there, 0 here");
}

static void results_differ(void **state)
{
	fits_not(FUNCTION(&there, "slot", there.s32, there.xdp_md_pointer),
		FUNCTION(&here, "acl", here.verdict, here.xdp_md_pointer),
		"\"enum xdp_action acl(struct xdp_md *)\" cannot stand in for \"int slot(struct xdp_md *)\": "
		"the result is of another kind");
	fits_not(FUNCTION(&there, "slot", there.s32), FUNCTION(&here, "acl", 0),
		"\"void acl(void)\" cannot stand in for \"int slot(void)\": the result is of another kind");
}

static void arguments_differ(void **state)
{
	fits_not(FUNCTION(&there, "slot", there.s32, there.u32), FUNCTION(&here, "acl", here.s32, here.u8),
		"\"int acl(unsigned char)\" cannot stand in for \"int slot(unsigned int)\": "
		"argument 1 has 4 bytes there, 1 here");
	fits_not(FUNCTION(&there, "slot", there.s32, there.xdp_md_pointer, there.u32),
		FUNCTION(&here, "acl", here.s32, here.xdp_md_pointer, here.facts_pointer),
		"\"int acl(struct xdp_md *, struct facts *)\" cannot stand in for "
		"\"int slot(struct xdp_md *, unsigned int)\": argument 2 is of another kind");
	fits_not(FUNCTION(&there, "slot", there.s32, there.xdp_md_pointer),
		FUNCTION(&here, "acl", here.s32, here.facts_pointer),
		"\"int acl(struct facts *)\" cannot stand in for \"int slot(struct xdp_md *)\": "
		"argument 1 points to struct xdp_md there, to struct facts here");
}

static void sizes_behind_pointers_differ(void **state)
{
	struct types longer = make(24, 24);

	fits_not(FUNCTION(&there, "slot", there.s32, there.xdp_md_pointer, there.facts_pointer),
		FUNCTION(&longer, "acl", longer.s32, longer.xdp_md_pointer, longer.facts_pointer),
		"\"int acl(struct xdp_md *, struct facts *)\" cannot stand in for "
		"\"int slot(struct xdp_md *, struct facts *)\": argument 2 points to 16 bytes there (struct "
		"facts), "
		"to 24 here: compile both with the same header");
	btf__free(longer.btf);
}

static void an_older_context_fits(void **state)
{
	struct types older = make(8, 16);
	struct signature slot = FUNCTION(&there, "slot", there.s32, there.xdp_md_pointer);
	struct signature acl = FUNCTION(&older, "acl", older.s32, older.xdp_md_pointer);
	struct xslot_diag diag = {};

	fits(slot, acl);
	/* Only where it is the context: for another type of program it is a struct like any other. */
	assert_int_equal(signature_compare(&slot, &acl, "__sk_buff", &diag), -EPROTOTYPE);
	assert_int_equal(signature_compare(&slot, &acl, NULL, &diag), -EPROTOTYPE);
	btf__free(older.btf);
}

static void what_is_only_declared_fits(void **state)
{
	fits(FUNCTION(&there, "slot", there.s32, there.facts_pointer),
		FUNCTION(&here, "acl", here.s32, here.declared_pointer));
	fits(FUNCTION(&there, "slot", there.s32, there.void_pointer),
		FUNCTION(&here, "acl", here.s32, here.facts_pointer));
}

static void what_is_no_function_does_not_fit(void **state)
{
	struct signature type = { here.btf, (uint32_t)here.s32 };
	struct signature nothing = { here.btf, 9999 };
	struct xslot_diag diag = {};

	assert_int_equal(signature_compare(&type, &type, NULL, &diag), -EPROTOTYPE);
	assert_int_equal(signature_compare(&nothing, &type, NULL, &diag), -EPROTOTYPE);
}

static void a_long_description_is_cut(void **state)
{
	struct signature slot =
		FUNCTION(&there, "slot", there.s32, there.xdp_md_pointer, there.facts_pointer);
	char text[12];

	signature_describe(&slot, text, sizeof(text));
	assert_string_equal(text, "int slot(st");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_same_fits),
		CASE(names_and_qualifiers_do_not_matter),
		CASE(numbers_of_arguments_differ),
		CASE(results_differ),
		CASE(arguments_differ),
		CASE(sizes_behind_pointers_differ),
		CASE(an_older_context_fits),
		CASE(what_is_only_declared_fits),
		CASE(what_is_no_function_does_not_fit),
		CASE(a_long_description_is_cut),
	};

	return cmocka_run_group_tests_name("signature", tests, NULL, NULL);
}

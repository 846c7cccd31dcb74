/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The lifecycle of an extension: open, load, attach, detach, unload, and what each says in the wrong state.
 */
#include "extension-fixture.h"

static struct target_program target;

static int set_up(void **state)
{
	target = target_new(&target_object, "entry");
	return 0;
}

static int tear_down(void **state)
{
	target_free(&target);
	return 0;
}

static void loaded_is_not_live_attached_is(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_diag diag = {};
	uint32_t link;

	assert_int_equal(run(target.fd), UNTOUCHED);
	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	assert_int_equal(run(target.fd), 327);
	expect_ok(xslot_extension_detach(extension, link, &diag), &diag);
	assert_int_equal(run(target.fd), UNTOUCHED);
	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	assert_int_equal(run(target.fd), 327);
	xslot_extension_free(extension);
	assert_int_equal(run(target.fd), UNTOUCHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(loaded_is_not_live_attached_is, set_up, tear_down),
	};

	libbpf_set_print(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

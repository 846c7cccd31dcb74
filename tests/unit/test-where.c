/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What a plugin learns of its chain: by plugins that were built with smaller and with larger structs, too. */
#include "host/services/where.h"

#include <errno.h>
#include <string.h>

#include "check.h"

static struct config_interface interfaces[] = { { .name = "eth0" }, { .name = "eth1.7" } };

static void test_chain(void **state)
{
	const struct config_chain chain = {
		.name = "edge", .interfaces = interfaces, .n_interfaces = 2, .generic = true, .frags = true
	};
	struct xslot_chain_info info;
	struct where *where = NULL;
	char name[XSLOT_INTERFACE_NAME];

	assert_int_equal(where_chain(&where, &info, sizeof(info)), -ENOENT);
	assert_int_equal(where_interface(&where, 0, name, sizeof(name)), -ENOENT);
	where_set(&where, &chain);
	assert_int_equal(where_chain(&where, &info, sizeof(info)), 0);
	assert_string_equal(info.name, "edge");
	assert_int_equal(info.mode, XSLOT_MODE_GENERIC);
	assert_int_equal(info.frags, 1);
	assert_int_equal(info.n_interfaces, 2);
	assert_int_equal(where_interface(&where, 1, name, sizeof(name)), 0);
	assert_string_equal(name, "eth1.7");
	assert_int_equal(where_interface(&where, 2, name, sizeof(name)), -ENOENT);
	assert_int_equal(where_interface(&where, 0, name, 4), -ENAMETOOLONG);
	where_free(where);
}

static void test_changes(void **state)
{
	struct config_chain chain = { .name = "edge", .interfaces = interfaces, .n_interfaces = 2 };
	struct xslot_chain_info info;
	struct where *where = NULL;
	char name[XSLOT_INTERFACE_NAME];

	where_set(&where, &chain);
	chain.interfaces = &interfaces[1];
	chain.n_interfaces = 1;
	where_set(&where, &chain);
	assert_int_equal(where_chain(&where, &info, sizeof(info)), 0);
	assert_int_equal(info.mode, XSLOT_MODE_NATIVE);
	assert_int_equal(info.frags, 0);
	assert_int_equal(info.n_interfaces, 1);
	assert_int_equal(where_interface(&where, 0, name, sizeof(name)), 0);
	assert_string_equal(name, "eth1.7");
	assert_int_equal(where_interface(&where, 1, name, sizeof(name)), -ENOENT);
	where_free(where);
}

static void test_other_sizes(void **state)
{
	const struct config_chain chain = { .name = "edge", .interfaces = interfaces, .n_interfaces = 1 };
	union {
		struct xslot_chain_info info;
		uint8_t bytes[2 * sizeof(struct xslot_chain_info)];
	} room;
	struct where *where = NULL;

	where_set(&where, &chain);
	memset(&room, 0xee, sizeof(room));
	assert_int_equal(where_chain(&where, &room.info, offsetof(struct xslot_chain_info, frags)), 0);
	assert_int_equal(room.info.mode, XSLOT_MODE_NATIVE);
	assert_int_equal(room.info.frags, 0xeeeeeeee);
	assert_int_equal(where_chain(&where, &room.info, sizeof(room)), 0);
	assert_int_equal(room.info.n_interfaces, 1);
	for (size_t i = sizeof(room.info); i < sizeof(room); i++)
		assert_int_equal(room.bytes[i], 0);
	where_free(where);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_other_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Plugin files are older or newer than the host that loads them. So what a plugin was compiled with stays
 * where it was: a line here changes only together with XSLOT_PLUGIN_ABI, and then the old layout moves to
 * core/module/abiN.c. A new field goes behind the last one and gets a line of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <xslot/chain.h>
#include <xslot/map.h>
#include <xslot/number.h>

#include "check.h"
#include "module/module.h"
#include "util/diag.h"

#define SIZE(type_, size_)                                                                                   \
	{                                                                                                    \
		"sizeof(struct " #type_ ")", sizeof(struct type_), (size_)                                   \
	}
#define OFFSET(type_, field_, offset_)                                                                       \
	{                                                                                                    \
		"struct " #type_ "." #field_, offsetof(struct type_, field_), (offset_)                      \
	}

static const struct {
	const char *what;
	size_t is, was;
} layout[] = {
	SIZE(xslot_plugin, 312),
	OFFSET(xslot_plugin, magic, 0),
	OFFSET(xslot_plugin, abi, 8),
	OFFSET(xslot_plugin, size, 12),
	OFFSET(xslot_plugin, param_size, 16),
	OFFSET(xslot_plugin, command_size, 20),
	OFFSET(xslot_plugin, name, 24),
	OFFSET(xslot_plugin, version, 56),
	OFFSET(xslot_plugin, summary, 88),
	OFFSET(xslot_plugin, state_version, 216),
	OFFSET(xslot_plugin, bpf, 224),
	OFFSET(xslot_plugin, bpf_size, 232),
	OFFSET(xslot_plugin, function, 240),
	OFFSET(xslot_plugin, check, 248),
	OFFSET(xslot_plugin, start, 256),
	OFFSET(xslot_plugin, migrate, 264),
	OFFSET(xslot_plugin, settle, 272),
	OFFSET(xslot_plugin, live, 280),
	OFFSET(xslot_plugin, status, 288),
	OFFSET(xslot_plugin, resume, 296),
	OFFSET(xslot_plugin, stop, 304),
	SIZE(xslot_param, 416),
	OFFSET(xslot_param, name, 0),
	OFFSET(xslot_param, type, 32),
	OFFSET(xslot_param, help, 36),
	OFFSET(xslot_param, required, 164),
	OFFSET(xslot_param, callbacks, 168),
	OFFSET(xslot_param, fallback, 172),
	OFFSET(xslot_param, words, 236),
	OFFSET(xslot_param, bounds, 364),
	OFFSET(xslot_param, min, 368),
	OFFSET(xslot_param, max, 376),
	OFFSET(xslot_param, reserved, 384),
	SIZE(xslot_command, 272),
	OFFSET(xslot_command, name, 0),
	OFFSET(xslot_command, arguments, 32),
	OFFSET(xslot_command, help, 96),
	OFFSET(xslot_command, reading, 224),
	OFFSET(xslot_command, reserved, 228),
	OFFSET(xslot_command, run, 232),
	OFFSET(xslot_command, reserved2, 240),
	SIZE(xslot_value, 32),
	OFFSET(xslot_value, type, 0),
	OFFSET(xslot_value, given, 4),
	OFFSET(xslot_value, value_size, 6),
	OFFSET(xslot_value, boolean, 8),
	OFFSET(xslot_value, number, 8),
	OFFSET(xslot_value, integer, 8),
	OFFSET(xslot_value, mac, 8),
	OFFSET(xslot_value, prefix, 8),
	OFFSET(xslot_value, text, 8),
	OFFSET(xslot_value, data, 16),
	OFFSET(xslot_value, size, 24),
	SIZE(xslot_context, 32),
	OFFSET(xslot_context, host, 0),
	OFFSET(xslot_context, slot, 8),
	OFFSET(xslot_context, data, 16),
	OFFSET(xslot_context, size, 24),
	SIZE(xslot_host, 144),
	OFFSET(xslot_host, size, 0),
	OFFSET(xslot_host, value, 8),
	OFFSET(xslot_host, error, 16),
	OFFSET(xslot_host, log, 24),
	OFFSET(xslot_host, map_fd, 32),
	OFFSET(xslot_host, old_map_fd, 40),
	OFFSET(xslot_host, status, 48),
	OFFSET(xslot_host, watch_fd, 56),
	OFFSET(xslot_host, watch_timer, 64),
	OFFSET(xslot_host, chain, 72),
	OFFSET(xslot_host, interface, 80),
	OFFSET(xslot_host, sum, 88),
	OFFSET(xslot_host, watch_once, 120),
	OFFSET(xslot_host, unwatch, 128),
	OFFSET(xslot_host, number, 136),
	SIZE(xslot_label, 16),
	SIZE(xslot_number, 96),
	OFFSET(xslot_number, name, 0),
	OFFSET(xslot_number, unit, 8),
	OFFSET(xslot_number, kind, 16),
	OFFSET(xslot_number, value, 24),
	OFFSET(xslot_number, labels, 32),
	SIZE(xslot_chain_info, 48),
	OFFSET(xslot_chain_info, name, 0),
	OFFSET(xslot_chain_info, mode, 32),
	OFFSET(xslot_chain_info, frags, 36),
	OFFSET(xslot_chain_info, n_interfaces, 40),
	OFFSET(xslot_host, map_entries, 96),
	OFFSET(xslot_host, map_info, 104),
	OFFSET(xslot_host, map_add, 112),
	SIZE(xslot_map_info, 48),
	OFFSET(xslot_map_info, size, 0),
	OFFSET(xslot_map_info, type, 4),
	OFFSET(xslot_map_info, key_size, 8),
	OFFSET(xslot_map_info, value_size, 12),
	OFFSET(xslot_map_info, max_entries, 16),
	OFFSET(xslot_map_info, flags, 20),
	OFFSET(xslot_map_info, state_version, 24),
	OFFSET(xslot_map_info, key_type, 28),
	OFFSET(xslot_map_info, value_type, 32),
	OFFSET(xslot_map_info, btf_size, 36),
	OFFSET(xslot_map_info, btf, 40),
	SIZE(xslot_prefix, 20),
	OFFSET(xslot_prefix, address, 0),
	OFFSET(xslot_prefix, family, 16),
	OFFSET(xslot_prefix, length, 17),
	SIZE(xslot_message_head, 104),
	OFFSET(xslot_message_head, format, 0),
	OFFSET(xslot_message_head, level, 1),
	OFFSET(xslot_message_head, n_words, 2),
	OFFSET(xslot_message_head, text, 8),
	SIZE(xslot_message, 200),
	OFFSET(xslot_message, words, 104),
};

static void test_layout_of_abi_2(void **state)
{
	assert_int_equal(XSLOT_PLUGIN_ABI, 2);
	for (size_t i = 0; i < sizeof(layout) / sizeof(layout[0]); i++)
		if (layout[i].is != layout[i].was)
			fail_msg("%s is %zu, and plugins were built with %zu", layout[i].what, layout[i].is,
				layout[i].was);
}

static void describe(const char *name, struct descriptor *ret_plugin)
{
	struct xslot_diag diag = {};
	char path[256];

	snprintf(path, sizeof(path), "%s/%s.so", OLD_PLUGINS, name);
	if (module_describe(path, ret_plugin, &diag) < 0)
		fail_msg("%s", diag.message);
	assert_int_equal(ret_plugin->abi, 1);
	assert_string_equal(ret_plugin->name, name);
}

static void test_descriptor_of_abi_1(void **state)
{
	struct descriptor plugin;

	describe("ratelimit", &plugin);
	assert_string_equal(plugin.params[0].name, "rate");
	assert_int_equal(plugin.params[0].required, 1);
	assert_int_equal(plugin.params[0].bounds, XSLOT_BOUND_MIN | XSLOT_BOUND_MAX);
	assert_int_equal(plugin.params[0].min, 1);
	assert_string_equal(plugin.params[2].words, "packets|bytes");
	assert_string_equal(plugin.params[4].name, "prefix6");
	assert_string_equal(plugin.params[4].fallback, "64");
	assert_int_equal(plugin.params[4].max, 128);
	assert_int_equal(plugin.params[5].type, XSLOT_NONE);
	describe("acl", &plugin);
	assert_int_equal(plugin.params[0].bounds, 0);
	assert_false(plugin.object);
	describe("object", &plugin);
	assert_true(plugin.object);
	assert_int_equal(plugin.bpf_size, 0);
	assert_string_equal(plugin.commands[0].name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout_of_abi_2),
		cmocka_unit_test(test_descriptor_of_abi_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>
#include <linux/bpf.h>

#include "config-files.h"
#include "config/config.h"

static struct config *load(const char *text)
{
	struct report report = {};
	struct config *config = NULL;

	file_write("x.ini", text);
	if (config_load("x.ini", &config, &report) < 0)
		fail_msg("%s", report_text(&report));
	assert_int_equal(report.n_errors, 0);
	return config;
}

static void test_defaults(void **state)
{
	struct config *config = load("[chain edge]\ninterfaces = eth0\n[slot edge.10]\nplugin = count\n");
	struct config_chain *chain = &config->chains[0];

	assert_string_equal(config->file, "x.ini");
	assert_string_equal(config->host.plugin_path, TEST_PLUGINDIR);
	assert_string_equal(config->host.bpffs, "/sys/fs/bpf/xslot");
	assert_string_equal(config->host.socket, "/run/xslot/control");
	assert_int_equal(config->host.log_level, LOG_LEVEL_INFO);
	assert_int_equal(config->host.on_stop, ON_STOP_KEEP);
	assert_int_equal(config->host.on_stop_place.line, 0);
	assert_int_equal(config->n_chains, 1);
	assert_string_equal(chain->name, "edge");
	assert_int_equal(chain->n_interfaces, 1);
	assert_false(chain->generic);
	assert_int_equal(chain->final, XDP_PASS);
	assert_int_equal(chain->on_gap, XDP_ABORTED);
	assert_false(chain->frags);
	assert_true(chain->fuse);
	assert_int_equal(chain->place.line, 1);
	assert_int_equal(chain->n_slots, 1);
	assert_int_equal(chain->slots[0].number, 10);
	assert_string_equal(chain->slots[0].plugin, "count");
	assert_null(chain->slots[0].object);
	assert_null(chain->slots[0].program);
	assert_false(chain->slots[0].state_fresh);
	assert_false(chain->slots[0].proceed_given);
	assert_true(chain->slots[0].fuse);
	assert_int_equal(chain->slots[0].n_params, 0);
	assert_int_equal(chain->slots[0].place.line, 3);
	assert_int_equal(chain->slots[0].plugin_place.line, 4);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
	};

	return cmocka_run_group_tests(tests, files_setup, files_teardown);
}

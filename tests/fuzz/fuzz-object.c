/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Any bytes as `object =`, up to where the kernel is asked: its programs, what may be set in it, each of that
 * set, its maps told apart, its run configuration. It opens, or an error says why not.
 */
#include <bpf/libbpf.h>
#include <errno.h>

#include "kernel/foreign/foreign.h"
#include "kernel/instance/instance.h"
#include "theirs.h"

static struct xslot_param table[XSLOT_MAX_PARAMS];

static struct xslot_value value_of(enum xslot_type type)
{
	struct xslot_value value = { .type = type, .given = true };

	if (type == XSLOT_STRING || type == XSLOT_PATH)
		value.text = "text";
	if (type == XSLOT_ADDRESS || type == XSLOT_PREFIX)
		value.prefix.family = 4;
	return value;
}

static void open_with(const struct instance_options *options)
{
	struct instance *instance = NULL;
	struct xslot_diag diag = {};
	int r = instance_open(options, &instance, NULL, &diag);

	expect(r < 0 || instance != NULL, "an instance or an error");
	expect(r == 0 || diag.message[0] != 0, "an error says something");
	if (r == 0)
		instance_run_config(instance);
	instance_free(instance);
	xslot_diag_clear(&diag);
}

static void open_all(const uint8_t *data, size_t size)
{
	const char *const wanted[] = { "flows", "limit" };
	struct instance_options options = { .name = "plugin object", .object = data, .object_size = size };
	struct xslot_diag diag = {};

	memset(table, 0, sizeof(table));
	if (foreign_params(data, size, wanted, 2, table, &diag) < 0) {
		expect(diag.message[0] != 0, "an error says something");
		xslot_diag_clear(&diag);
		return;
	}
	open_with(&options); /* as a plugin's own */
	options.foreign = true;
	open_with(&options);
	for (size_t i = 0; i < XSLOT_MAX_PARAMS && table[i].type; i++) {
		struct xslot_value value = value_of(table[i].type);
		struct instance_param param = { .name = table[i].name, .value = &value };

		options.params = &param;
		options.n_params = 1;
		open_with(&options);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (THEIRS_GO_ON())
		open_all(data, size);
	return 0;
}

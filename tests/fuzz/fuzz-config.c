/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Any bytes as a configuration file, and each of its slots against a table with all types. Besides not
 * crashing: a configuration or an error, never both or neither; each error names a line that is there; what
 * was accepted holds what config.h promises.
 */
#include <xslot/slots.h>

#include "config/config.h"
#include "config/param.h"
#include "fuzz.h"

/* No FILE: it would open whatever the fuzzer thinks of. */
static const struct xslot_param schema[XSLOT_MAX_PARAMS] = {
	{ "b", XSLOT_BOOL, "" },
	{ "u", XSLOT_UINT, "", .min = 1, .max = 1000000 },
	{ "i", XSLOT_INT, "" },
	{ "d", XSLOT_DURATION, "", .fallback = "1s" },
	{ "e", XSLOT_ENUM, "", .words = "allow|deny" },
	{ "s", XSLOT_STRING, "" },
	{ "p", XSLOT_PATH, "" },
	{ "m", XSLOT_MAC, "" },
	{ "a", XSLOT_ADDRESS, "" },
	{ "x", XSLOT_PREFIX, "" },
};

static void check_report(struct report *report, unsigned lines)
{
	for (size_t i = 0; i < report->n_kept; i++) {
		char *text = report_format(&report->errors[i]);

		expect(report->errors[i].line <= lines, "an error's line exists");
		expect(strpbrk(text, "\n\r\x1b") == NULL, "an error is one line of text");
		free(text);
	}
	report_clear(report);
}

static void check_slot(const struct config_slot *slot, unsigned lines)
{
	struct params *params = NULL;
	struct report report = {};
	int r = params_parse(slot, schema, NULL, &params, &report);

	expect((r == 0) == (params != NULL) && (r == 0) == (report.n_errors == 0), "parameters or errors");
	expect(slot->plugin != NULL && slot->place.line > 0, "a slot has a plugin");
	if (params)
		expect(params_equal(params, params), "parameters equal themselves");
	params_free(params);
	check_report(&report, lines);
}

static void check_chain(const struct config_chain *chain, unsigned lines)
{
	expect(chain->n_interfaces > 0 && chain->n_slots <= XSLOT_MAX_SLOTS, "a chain's bounds");
	for (size_t i = 0; i < chain->n_interfaces; i++)
		expect(strlen(chain->interfaces[i].name) - 1 < 15, "an interface's name");
	for (size_t i = 0; i < chain->n_slots; i++) {
		expect(i == 0 || chain->slots[i - 1].number < chain->slots[i].number, "slots are in order");
		check_slot(&chain->slots[i], lines);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH];
	int fd = fuzz_file(data, size, path);
	struct files *files = files_new(NULL);
	struct config *config = NULL;
	struct report report = {};
	unsigned lines = 1;
	int r;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	files_trust_all(files); /* a memfd lies in no folder */
	r = config_load(files, path, &config, &report);
	expect((r == 0) == (config != NULL) && (r == 0) == (report.n_errors == 0),
		"a configuration or errors");
	for (size_t i = 0; config && i < config->n_chains; i++)
		check_chain(&config->chains[i], lines);
	config_free(config);
	files_free(files);
	check_report(&report, lines);
	close(fd);
	return 0;
}

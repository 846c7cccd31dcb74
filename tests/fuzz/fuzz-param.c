/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Any text as a value of any type: the first byte says which, the next four a range, the rest is the text.
 * What was accepted lies in its range, an enum's word exists, and an error is one line.
 */
#include "config/param.h"
#include "config/param_text.h"
#include "fuzz.h"

static const enum xslot_type types[] = { XSLOT_BOOL, XSLOT_UINT, XSLOT_INT, XSLOT_DURATION, XSLOT_ENUM,
	XSLOT_STRING, XSLOT_PATH, XSLOT_MAC, XSLOT_ADDRESS, XSLOT_PREFIX, XSLOT_FILE };

static void check_value(const struct xslot_param *param, const struct xslot_value *value)
{
	/* As xslot-plugin(7) has it: .max 0 beside a .min above 0 is no limit, and an INT's .max has a sign.
	 */
	bool range = param->min || param->max, limit = param->max || param->min <= 0;

	expect(value->type == param->type, "a value has its parameter's type");
	if (value->type == XSLOT_UINT && range)
		expect(value->number >= (uint64_t)param->min && (!limit || value->number <= param->max),
			"a number lies in its range");
	if (value->type == XSLOT_INT && range)
		expect(value->integer >= param->min && (!limit || value->integer <= (int64_t)param->max),
			"a number lies in its range");
	if (value->type == XSLOT_ENUM)
		expect(value->number < 3, "a word exists");
	if (value->type == XSLOT_PREFIX || value->type == XSLOT_ADDRESS)
		expect(value->prefix.family == 4 || value->prefix.family == 6, "an address has a family");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xslot_param table[XSLOT_MAX_PARAMS] = {
		{ .name = "value", .words = "allow|deny|log" },
	};
	struct xslot_value value = {};
	struct xslot_diag diag = {};
	char *text;

	if (size < 5)
		return -1;
	table[0].type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
	if (table[0].type != XSLOT_ENUM)
		table[0].words[0] = 0;
	if (table[0].type == XSLOT_UINT || table[0].type == XSLOT_INT) {
		table[0].min = (int8_t)data[1] * (1 << data[2] % 24);
		table[0].max = (uint64_t)((int8_t)data[3] * (1 << data[4] % 24));
	}
	text = fuzz_text(data + 5, size - 5);
	if (params_check_schema(table, NULL) == 0) {
		if (param_text_parse(&table[0], text, &value, &diag) == 0)
			check_value(&table[0], &value);
		else
			expect(diag.message[0] != 0, "an error says something");
	}
	xslot_diag_clear(&diag);
	free(text);
	return 0;
}

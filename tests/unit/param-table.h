/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A plugin's table with a row of every type. */
#ifndef TESTS_UNIT_PARAM_TABLE_H
#define TESTS_UNIT_PARAM_TABLE_H

#include <xslot/plugin.h>

static const struct xslot_param schema[XSLOT_MAX_PARAMS] = {
	{ "bool", XSLOT_BOOL, "a bool" },
	{ "uint", XSLOT_UINT, "a number" },
	{ "rate", XSLOT_UINT, "a number with a range", XSLOT_RANGE(1, 65536) },
	{ "int", XSLOT_INT, "a signed number" },
	{ "shift", XSLOT_INT, "a signed number with a range", XSLOT_RANGE(-10, 0) },
	{ "time", XSLOT_DURATION, "a duration" },
	{ "period", XSLOT_DURATION, "a duration with a range", XSLOT_RANGE(1000000, 90000000000) },
	{ "policy", XSLOT_ENUM, "a word", .words = "allow|deny|log-only" },
	{ "string", XSLOT_STRING, "any text" },
	{ "path", XSLOT_PATH, "a path" },
	{ "mac", XSLOT_MAC, "a MAC address" },
	{ "address", XSLOT_ADDRESS, "an address" },
	{ "prefix", XSLOT_PREFIX, "a prefix" },
	{ "file", XSLOT_FILE, "a file" },
	{ "least", XSLOT_UINT, "a number with no upper limit", XSLOT_AT_LEAST(10) },
	{ "below", XSLOT_INT, "a negative number", XSLOT_RANGE(-10, (uint64_t)-1) },
	{ "above", XSLOT_INT, "a signed number with no upper limit", XSLOT_AT_LEAST(1) },
	{ "wait", XSLOT_DURATION, "a duration with no upper limit", XSLOT_AT_LEAST(1000000000) },
	{ "burst", XSLOT_UINT, "with a fallback", .fallback = "2k" },
};

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Bad plugins that are good shared objects: what is wrong lies in the BPF object, in the table of parameters,
 * or in a callback. Those that are no plugins at all are in tests/plugin/modules.
 */
#include <errno.h>
#include <xslot/plugin.h>

#include HEADER /* generated: NAME.bpf.h */

#define TEXT(word) TEXT_OF(word)
#define TEXT_OF(word) #word
#define BYTES(word) BYTES_OF(word)
#define BYTES_OF(word) word##_bpf

/* XSLOT_PLUGIN takes the name as it stands. */
#define PLUGIN(name, ...) XSLOT_PLUGIN(name, __VA_ARGS__)

#ifndef FUNCTION
#define FUNCTION TEXT(NAME)
#endif

#ifdef FAILS
enum where { NOWHERE, CHECK, CHECK_SILENTLY, START, START_SILENTLY, STATUS };

static enum where where(struct xslot_context *context)
{
	return (enum where)xslot_value(context, "fail")->number;
}

static int check(struct xslot_context *context)
{
	if (where(context) == CHECK) {
		xslot_error(context, "fail", 0, "check fails, as asked");
		xslot_error(context, "fail", 0, "for two reasons");
	}
	return where(context) == CHECK_SILENTLY ? -EDOM : 0;
}

static int start(struct xslot_context *context)
{
	if (where(context) == START)
		return xslot_error(context, "fail", 0, "start fails, as asked");
	return where(context) == START_SILENTLY ? -EXFULL : 0;
}

static int status(struct xslot_context *context)
{
	xslot_status(context, "as", "far as it got");
	return where(context) == STATUS ? -EDOM : 0;
}
#define CALLBACKS .check = check, .start = start, .status = status
#else
#define CALLBACKS
#endif

#ifdef PARAMS
XSLOT_PARAMS(PARAMS);
#endif

PLUGIN(NAME, .version = "1", .summary = "a bad plugin", .bpf = BYTES(NAME), .bpf_size = sizeof(BYTES(NAME)),
	.function = FUNCTION, CALLBACKS);

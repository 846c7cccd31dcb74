/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A slot's parameters: text from the INI file, checked against the plugin's table and converted to typed
 * values.
 */
#ifndef CONFIG_PARAM_H
#define CONFIG_PARAM_H

#include <stddef.h>
#include <xslot/plugin.h>

#include "config/config.h"
#include "util/files.h"

struct params;

/*
 * Parse and check all parameters of `slot` against `schema` (XSLOT_MAX_PARAMS rows, ends at type XSLOT_NONE)
 * and read its FILE parameters through `files` (at most 256 MiB each). The schema itself is checked first, an
 * error there is the plugin's and told at the slot's `plugin` line. All errors go into `report`, in order of
 * lines: unknown key with the nearest known one, wrong type, out of range, missing required key (at the
 * slot's header).
 */
int params_parse(const struct config_slot *slot, const struct xslot_param *schema, struct files *files,
	struct params **ret_params, struct report *report);
void params_free(struct params *params); /* accepts NULL */

/* By name; NULL when the schema has none. A parameter that is not given and has no fallback has type
 * XSLOT_NONE. */
const struct xslot_value *params_get(const struct params *params, const char *name);

/* In order of the schema. */
size_t params_count(const struct params *params);
const char *params_name(const struct params *params, size_t index);
const struct xslot_value *params_at(const struct params *params, size_t index);

/*
 * Where it was given: its line; the slot's header when it was not, or `name` is no parameter. With `line` > 0
 * and a FILE parameter: that line of the file. The file's name is owned by `params`.
 */
struct config_place params_place(const struct params *params, const char *name, unsigned line);

/* The same values, FILE contents compared by bytes? Place and spelling do not count (1k and 1000 are equal).
 */
bool params_equal(const struct params *a, const struct params *b);

/*
 * Check a table itself (names, NUL termination, known types, no key that the host owns, a fallback that
 * parses). Returns 0, or -EINVAL with the sentence.
 */
int params_check_schema(const struct xslot_param *schema, struct xslot_diag *diag);

#endif

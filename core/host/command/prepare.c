/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A prefix or a duration is written in one way, in the INI files and on the command line. */
#include "host/command/prepare.h"

#include <errno.h>
#include <string.h>

#include "config/param_text.h"
#include "config/text.h"
#include "util/cleanup.h"
#include "util/diag.h"

static int find(const struct descriptor *plugin, const char *name, size_t *ret_index, struct xslot_diag *diag)
{
	const char *names[XSLOT_MAX_COMMANDS];
	CLEANUP(free) char *hint = NULL;
	size_t n = 0;

	for (; plugin->commands[n].name[0]; n++) {
		names[n] = plugin->commands[n].name;
		if (strcmp(names[n], name) != 0)
			continue;
		*ret_index = n;
		return 0;
	}
	if (n == 0)
		return fail(diag, -EINVAL, "plugin %s has no commands", plugin->name);
	hint = text_hint(name, names, n, n == 1 ? "its only one is" : "it has");
	return fail(diag, -EINVAL, "plugin %s has no command \"%s\"%s", plugin->name, name, hint ? hint : "");
}

static int check_number(const struct descriptor_command *row, size_t n, struct xslot_diag *diag)
{
	size_t wanted = 0;

	while (wanted < XSLOT_MAX_ARGUMENTS && row->types[wanted] != XSLOT_NONE)
		wanted++;
	if (n == wanted)
		return 0;
	if (wanted == 0)
		return fail(diag, -EINVAL, "%s takes no arguments, and was given %zu", row->name, n);
	return fail(diag, -EINVAL, "%s takes %zu argument%s (%s), and was given %zu", row->name, wanted,
		wanted == 1 ? "" : "s", row->arguments, n);
}

/* As in an INI file; but whoever types a command may leave out the length of a single address. */
static int parse(uint32_t type, const char *word, struct xslot_value *ret, struct xslot_diag *diag)
{
	const bool single = type == XSLOT_PREFIX && !strchr(word, '/');
	const struct xslot_param param = { .type = single ? XSLOT_ADDRESS : type };
	int r = param_text_parse(&param, word, ret, diag);

	ret->type = r == 0 ? type : ret->type;
	ret->given = true;
	return r;
}

int prepare_command(const struct descriptor *plugin, const char *name, const char *const *words, size_t n,
	struct prepared *ret, struct xslot_diag *diag)
{
	const struct descriptor_command *row;
	size_t index = 0;
	int r = find(plugin, name, &index, diag);

	if (r < 0)
		return r;
	row = &plugin->commands[index];
	r = check_number(row, n, diag);
	if (r < 0)
		return r;
	*ret = (struct prepared){ .row = row };
	for (size_t i = 0; i < n; i++) {
		r = parse(row->types[i], words[i], &ret->arguments[i], diag);
		if (r < 0)
			return fail_within(diag, -EINVAL, "%s: argument %zu, \"%s\"", name, i + 1, words[i]);
	}
	ret->call = (struct context_command){
		.index = index, .arguments = ret->arguments, .n = n, .ret_said = &ret->said
	};
	return 0;
}

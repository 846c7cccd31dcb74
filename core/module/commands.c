/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A row is checked whole where it is read: from the bytes of a file whose code has not run, and again where
 * it is mapped. So a command that is listed can be called, and its types are numbers from here on.
 */
#include "module/commands.h"

#include <errno.h>
#include <string.h>

#include "util/diag.h"

#define ROW_MIN offsetof(struct xslot_command, reserved2)

/* XSLOT_ENUM needs words and XSLOT_FILE a reload: they are for parameters. */
static const struct {
	const char *word;
	enum xslot_type type;
} types[] = {
	{ "BOOL", XSLOT_BOOL },
	{ "UINT", XSLOT_UINT },
	{ "INT", XSLOT_INT },
	{ "DURATION", XSLOT_DURATION },
	{ "STRING", XSLOT_STRING },
	{ "PATH", XSLOT_PATH },
	{ "MAC", XSLOT_MAC },
	{ "ADDRESS", XSLOT_ADDRESS },
	{ "PREFIX", XSLOT_PREFIX },
};

#define TYPES "BOOL, UINT, INT, DURATION, STRING, PATH, MAC, ADDRESS and PREFIX"

static uint32_t type_of(const char *word)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].word, word) == 0)
			return types[i].type;
	return XSLOT_NONE;
}

static int read_types(struct descriptor_command *command, const char *path, struct xslot_diag *diag)
{
	char copy[sizeof(command->arguments)], *rest = copy, *word;
	size_t n = 0;

	memcpy(copy, command->arguments, sizeof(copy));
	while (copy[0] && (word = strsep(&rest, " "))) {
		if (n == XSLOT_MAX_ARGUMENTS)
			return fail(diag, -ENOEXEC,
				"%s: its command %s takes more than %u arguments, and a command may take %u",
				path, command->name, XSLOT_MAX_ARGUMENTS, XSLOT_MAX_ARGUMENTS);
		command->types[n] = type_of(word);
		if (command->types[n++] == XSLOT_NONE)
			return fail(diag, -ENOEXEC,
				"%s: its command %s has an argument of type \"%s\"; the types are " TYPES
				", with one blank between two",
				path, command->name, word);
	}
	return 0;
}

/* As a verb of xslotctl, so that no shell takes it for something else. */
static bool is_name(const char *name)
{
	return name[0] >= 'a' && name[0] <= 'z' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == 0;
}

#define TERMINATED(array) (memchr((array), 0, sizeof(array)) != NULL)

static int check_row(struct descriptor *ret, size_t i, const char *path, struct xslot_diag *diag)
{
	struct descriptor_command *command = &ret->commands[i];

	if (!TERMINATED(command->name) || !TERMINATED(command->arguments) || !TERMINATED(command->help))
		return fail(diag, -ENOEXEC,
			"%s has a descriptor whose command %zu has a text longer than its field", path,
			i + 1);
	if (!is_name(command->name))
		return fail(diag, -ENOEXEC,
			"%s calls its command %zu \"%s\": a name has a to z, 0 to 9, _ and -, and begins with a letter",
			path, i + 1, command->name);
	if (command->reading > 1)
		return fail(diag, -ENOEXEC, "%s: .reading of its command %s is 0 or 1, not %u", path,
			command->name, command->reading);
	for (size_t k = 0; k < i; k++)
		if (strcmp(ret->commands[k].name, command->name) == 0)
			return fail(diag, -ENOEXEC, "%s declares its command %s twice", path, command->name);
	return read_types(command, path, diag);
}

static int read_row(const void *bytes, size_t row_size, size_t i, const char *path, struct descriptor *ret,
	struct xslot_diag *diag)
{
	const size_t known =
		row_size < sizeof(struct xslot_command) ? row_size : sizeof(struct xslot_command);
	struct xslot_command row = {};

	memcpy(&row, bytes, known);
	if (row.reserved || !descriptor_is_zero(bytes, ROW_MIN, known))
		return fail(diag, -EPROTONOSUPPORT,
			"%s sets a reserved field of its command %zu: it was built for a newer xslot", path,
			i + 1);
	if (!descriptor_is_zero(bytes, known, row_size))
		return fail(diag, -EPROTONOSUPPORT,
			"%s says more about its command %zu than this host understands: it was built for a newer xslot",
			path, i + 1);
	memcpy(ret->commands[i].name, row.name, sizeof(row.name));
	memcpy(ret->commands[i].arguments, row.arguments, sizeof(row.arguments));
	memcpy(ret->commands[i].help, row.help, sizeof(row.help));
	ret->commands[i].reading = row.reading;
	ret->run[i] = row.run;
	return check_row(ret, i, path, diag);
}

int commands_read(const struct descriptor_source *source, size_t row_size, const char *path,
	struct descriptor *ret, struct xslot_diag *diag)
{
	size_t n;
	int r = 0;

	if (row_size < ROW_MIN || source->commands_size % row_size != 0)
		return fail(diag, -ENOEXEC,
			"%s has %zu bytes of commands in rows of %zu: rows have at least %zu, and all the same",
			path, source->commands_size, row_size, ROW_MIN);
	n = source->commands_size / row_size;
	if (n > XSLOT_MAX_COMMANDS)
		return fail(diag, -ENOEXEC, "%s has %zu commands, and a plugin may have %u", path, n,
			XSLOT_MAX_COMMANDS);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = read_row((const char *)source->commands + i * row_size, row_size, i, path, ret, diag);
	return r;
}

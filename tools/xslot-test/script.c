/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A test reads like a session: a command, and its result below it. So --update writes the same file with
 * other blocks, and everything else in it, comments and blank lines too, stays.
 */
#include "script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/diag.h"
#include "util/reader.h"

#define SCRIPT_MAX (16u << 20) /* bytes */

DEFINE_CLEANUP(struct script *, script_free);
DEFINE_CLEANUP(struct blob *, blob_free);

static const char *const names[] = {
	[COMMAND_TEST] = "test",
	[COMMAND_FILE] = "file",
	[COMMAND_BUILD] = "build",
	[COMMAND_PLUGIN] = "plugin",
	[COMMAND_CHAIN] = "chain",
	[COMMAND_PACKET] = "packet",
	[COMMAND_PACKETS] = "packets",
	[COMMAND_PCAP] = "pcap",
	[COMMAND_MAP] = "map",
	[COMMAND_STATUS] = "status",
	[COMMAND_CALL] = "call",
	[COMMAND_LOG] = "log",
	[COMMAND_REFUSED] = "refused",
};

#define N_NAMES (sizeof(names) / sizeof(*names))

void script_free(struct script *script)
{
	if (!script)
		return;
	for (size_t i = 0; i < script->n_lines; i++)
		free(script->lines[i]);
	for (size_t i = 0; i < script->n_commands; i++)
		free(script->commands[i].output);
	free(script->lines);
	free(script->commands);
	free(script->name);
	free(script);
}

static bool is_indented(const char *line)
{
	return (*line == '\t' || *line == ' ') && line[strspn(line, " \t")];
}

static bool is_blank(const char *line)
{
	return !line[strspn(line, " \t")];
}

static int read_file(const char *path, struct blob **ret_blob, struct xslot_diag *diag)
{
	struct stat st;

	if (stat(path, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		return fail(diag, -EINVAL, "%s is not a regular file; \"-\" reads a test from stdin", path);
	return blob_read(path, SCRIPT_MAX, ret_blob, diag);
}

static int read_lines(struct script *script, const struct blob *blob)
{
	CLEANUP(fclose) FILE *file = blob->size ? fmemopen(blob->data, blob->size, "r") : NULL;
	CLEANUP(free) char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (!file)
		return blob->size ? -ENOMEM : 0;
	while ((length = getline(&line, &size, file)) >= 0) {
		char **lines = reallocarray(script->lines, script->n_lines + 1, sizeof(*lines));

		if (!lines)
			return -ENOMEM;
		script->lines = lines;
		if (length > 0 && line[length - 1] == '\n')
			line[length - 1] = 0;
		lines[script->n_lines] = strdup(line);
		if (!lines[script->n_lines++])
			return -ENOMEM;
	}
	return feof(file) ? 0 : ferror(file) ? -EIO : -ENOMEM;
}

/* "packet ip …" to its kind and what is behind the word. -1: no command. */
static int command_kind(const char *line, const char **ret_argument)
{
	size_t length = strcspn(line, " \t");

	for (size_t i = 0; i < N_NAMES; i++) {
		if (strlen(names[i]) == length && !strncmp(line, names[i], length)) {
			*ret_argument = line + length + strspn(line + length, " \t");
			return (int)i;
		}
	}
	return -1;
}

/* The indented lines from `line` on; blank ones count when more indented ones follow. */
static size_t block_end(const struct script *script, size_t line)
{
	size_t end = line;

	for (; line < script->n_lines; line++) {
		if (is_indented(script->lines[line]))
			end = line + 1;
		else if (!is_blank(script->lines[line]))
			break;
	}
	return end;
}

static int add_command(struct script *script, size_t *line, struct xslot_diag *diag)
{
	const char *argument = "";
	struct command *commands;
	int kind = command_kind(script->lines[*line], &argument);

	if (is_indented(script->lines[*line]))
		return fail(diag, -EINVAL, "%s:%zu: an indented line belongs to no command", script->name,
			*line + 1);
	if (kind < 0)
		return fail(diag, -EINVAL,
			"%s:%zu: \"%.*s\" is not a command; the commands are: test, file, build, plugin, chain, packet, packets, pcap, map, status, call, log, refused",
			script->name, *line + 1, (int)strcspn(script->lines[*line], " \t"),
			script->lines[*line]);
	if (kind != COMMAND_TEST && !script->n_commands)
		return fail(diag, -EINVAL,
			"%s:%zu: the first command must be \"test\", with the test's title", script->name,
			*line + 1);
	commands = reallocarray(script->commands, script->n_commands + 1, sizeof(*commands));
	if (!commands)
		return fail(diag, -ENOMEM, "out of memory");
	script->commands = commands;
	commands[script->n_commands++] = (struct command){
		.kind = (enum command_kind)kind,
		.argument = argument,
		.line = *line,
		.from = *line + 1,
		.to = block_end(script, *line + 1),
	};
	*line = commands[script->n_commands - 1].to;
	return 0;
}

int script_read(const char *path, struct script **ret_script, struct xslot_diag *diag)
{
	CLEANUP(script_free) struct script *script = calloc(1, sizeof(*script));
	CLEANUP(blob_free) struct blob *blob = NULL;
	int r;

	if (!script || !(script->name = strdup(path)))
		return fail(diag, -ENOMEM, "out of memory");
	if (strcmp(path, "-") == 0)
		r = blob_read_stream(STDIN_FILENO, "stdin", SCRIPT_MAX, &blob, diag);
	else
		r = read_file(path, &blob, diag);
	if (r < 0)
		return r;
	r = read_lines(script, blob);
	if (r < 0)
		return fail(diag, r, "cannot read %s: %s", path, strerror(-r));
	for (size_t line = 0; r == 0 && line < script->n_lines;) {
		if (is_blank(script->lines[line]) || script->lines[line][0] == '#')
			line++;
		else
			r = add_command(script, &line, diag);
	}
	if (r < 0)
		return r;
	*ret_script = TAKE_PTR(script);
	return 0;
}

static void write_block(const char *output, FILE *out)
{
	while (*output) {
		size_t length = strcspn(output, "\n");

		fprintf(out, "\t%.*s\n", (int)length, output);
		output += length + (output[length] == '\n');
	}
}

void script_write(const struct script *script, FILE *out)
{
	size_t line = 0;

	for (size_t i = 0; i < script->n_commands; i++) {
		const struct command *command = &script->commands[i];

		if (!command->output)
			continue;
		for (; line <= command->line; line++)
			fprintf(out, "%s\n", script->lines[line]);
		write_block(command->output, out);
		line = command->to;
	}
	for (; line < script->n_lines; line++)
		fprintf(out, "%s\n", script->lines[line]);
}

const char *script_block_line(const struct script *script, size_t line)
{
	const char *text = script->lines[line];

	return text + strspn(text, " \t");
}

bool script_line_matches(const char *pattern, const char *text)
{
	for (; *pattern; pattern++, text++) {
		if (*pattern == '*') {
			do
				if (script_line_matches(pattern + 1, text))
					return true;
			while (*text++);
			return false;
		}
		if (*pattern != *text)
			return false;
	}
	return !*text;
}

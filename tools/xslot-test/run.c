/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Each command that shows something returns lines, and these are compared with the block below it. An
 * expectation is nothing else; so whatever can be shown can be expected, and --update can write it.
 */
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "capture.h"
#include "host/command/prepare.h"
#include "maps.h"
#include "show.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/text.h"

static const char nothing_loaded[] = "nothing is loaded yet: put a plugin or chain first";

static int run_packet(
	struct session *session, const struct command *command, FILE *out, struct xslot_diag *diag)
{
	struct rig_result result;
	struct packet packet;
	char verdict[SHOW_VERDICT];
	int r;

	r = packet_parse(command->argument, &packet, diag);
	if (r == 0)
		r = rig_run(session->rig, &packet, &result, diag);
	if (r < 0)
		return r;
	show_verdict(session->rig, session->whole, &result, verdict);
	fprintf(out, "%s\n", verdict);
	show_changes(&packet, &result.packet, out);
	return 0;
}

/* "packets N …": "2 next, 3 drop". */
static int run_packets(
	struct session *session, const struct command *command, FILE *out, struct xslot_diag *diag)
{
	char verdict[SHOW_VERDICT], last[SHOW_VERDICT] = "", *text;
	unsigned long n = strtoul(command->argument, &text, 10), same = 0;
	const char *between = "";
	struct rig_result result;
	struct packet packet;
	int r;

	if (n < 1 || n > 1000000)
		return fail(diag, -EINVAL, "packets needs a count from 1 to 1000000, and the packet");
	r = packet_parse(text, &packet, diag);
	for (unsigned long i = 0; r == 0 && i < n; i++) {
		r = rig_run(session->rig, &packet, &result, diag);
		if (r < 0)
			break;
		show_verdict(session->rig, session->whole, &result, verdict);
		if (same && strcmp(verdict, last) != 0) {
			fprintf(out, "%s%lu %s", between, same, last);
			between = ", ";
			same = 0;
		}
		same++;
		strcpy(last, verdict);
	}
	if (r == 0)
		fprintf(out, "%s%lu %s\n", between, same, last);
	return r;
}

static void print_range(unsigned from, unsigned to, const char *verdict, FILE *out)
{
	if (from == to)
		fprintf(out, "%u: %s\n", from, verdict);
	else if (from < to)
		fprintf(out, "%u to %u: %s\n", from, to, verdict);
}

/* Packets in a row that met the same and were not changed are one line. */
static int run_capture(struct session *session, struct capture *capture, FILE *out, struct xslot_diag *diag)
{
	char verdict[SHOW_VERDICT], last[SHOW_VERDICT] = "";
	unsigned from = 1, number = 0;
	struct rig_result result;
	struct packet packet;
	int r;

	while ((r = capture_next(capture, &packet, diag)) > 0) {
		bool changed;

		number++;
		if (rig_run(session->rig, &packet, &result, diag) < 0)
			return fail_within(diag, -EINVAL, "packet %u", number);
		show_verdict(session->rig, session->whole, &result, verdict);
		changed = show_is_changed(&packet, &result.packet);
		if (changed || strcmp(verdict, last) != 0) {
			print_range(from, number - 1, last, out);
			from = number;
		}
		strcpy(last, verdict);
		if (changed) {
			print_range(number, number, verdict, out);
			show_changes(&packet, &result.packet, out);
			from = number + 1;
		}
	}
	if (r == 0)
		print_range(from, number, last, out);
	return r;
}

static int run_pcap(
	struct session *session, const struct command *command, FILE *out, struct xslot_diag *diag)
{
	struct capture *capture;
	char path[PATH_MAX];
	int r;

	r = session_path(session, command->argument, path, diag);
	if (r == 0)
		r = capture_open(path, &capture, diag);
	if (r < 0)
		return r;
	r = run_capture(session, capture, out, diag);
	capture_close(capture);
	return r;
}

static int run_map(struct session *session, const struct command *command, FILE *out, struct xslot_diag *diag)
{
	const struct rig_slot *slot;
	unsigned number = 0;
	char name[64];

	if (sscanf(command->argument, "%63s %u", name, &number) < 1)
		return fail(diag, -EINVAL, "map needs a name, and in a chain the slot's number");
	slot = rig_slot(session->rig, number, diag);
	return slot ? maps_print(slot, name, out, diag) : -EINVAL;
}

static void print_number(const struct status_number *number, FILE *out)
{
	fputs(number->name, out);
	for (size_t i = 0; i < number->n_labels; i++)
		fprintf(out, "%s%s=\"%s\"%s", i ? "," : "{", number->labels[i].key, number->labels[i].value,
			i + 1 == number->n_labels ? "}" : "");
	fprintf(out, ": %lld%s%s\n", (long long)number->value, number->unit[0] ? " " : "", number->unit);
}

static void print_said(const struct status_said *said, FILE *out)
{
	for (size_t i = 0; i < said->n_texts; i++)
		fprintf(out, "%s: %s\n", said->texts[i].key, said->texts[i].value);
	for (size_t i = 0; i < said->n_numbers; i++)
		print_number(&said->numbers[i], out);
}

static int run_status(
	struct session *session, const struct command *command, FILE *out, struct xslot_diag *diag)
{
	const struct rig_slot *slot =
		rig_slot(session->rig, (unsigned)strtoul(command->argument, NULL, 10), diag);
	struct status_slot status = {};

	if (!slot)
		return -EINVAL;
	context_status(&slot->occupant->context, &status);
	print_said(&status.said, out);
	status_said_clear(&status.said);
	return 0;
}

/* Words between blanks; the last of `words` gets what is too much. */
static size_t split(char *text, const char **words, size_t max)
{
	size_t n = 0;
	char *word;

	while ((word = strsep(&text, " \t")))
		if (*word && n < max)
			words[n++] = word;
	return n;
}

/* A refusal, by the host or the plugin, is an answer, too: "refused: SENTENCE". */
static int run_call(
	struct session *session, const struct command *command, FILE *out, struct xslot_diag *diag)
{
	CLEANUP(free) char *copy = strdup(command->argument);
	const char *words[XSLOT_MAX_ARGUMENTS + 3], **word = words;
	struct xslot_diag refusal = {};
	const struct rig_slot *slot;
	struct prepared prepared = {};
	struct report report = {};
	unsigned number = 0;
	size_t n = copy ? split(copy, words, sizeof(words) / sizeof(*words)) : 0;

	if (n > 1 && words[0][0] >= '0' && words[0][0] <= '9') {
		number = (unsigned)strtoul(words[0], NULL, 10);
		word++;
		n--;
	}
	if (n == 0)
		return fail(diag, -EINVAL,
			"call needs a command and its arguments, and in a chain the slot's number before them");
	slot = rig_slot(session->rig, number, diag);
	if (!slot)
		return -EINVAL;
	if (prepare_command(slot->occupant->plugin, word[0], word + 1, n - 1, &prepared, &refusal) < 0)
		report_take(&report, NULL, 0, &refusal);
	else
		context_command(&slot->occupant->context, &prepared.call, &report);
	for (size_t i = 0; i < report.n_kept; i++)
		fprintf(out, "refused: %s\n", report.errors[i].message);
	if (report.n_errors == 0)
		print_said(&prepared.said, out);
	status_said_clear(&prepared.said);
	report_clear(&report);
	return 0;
}

static int run_log(struct session *session, const struct command *command, FILE *out, struct xslot_diag *diag)
{
	CLEANUP(free) char *log = session_log(session);

	fputs(log ?: "", out);
	return 0;
}

static int run_refused(
	struct session *session, const struct command *command, FILE *out, struct xslot_diag *diag)
{
	fputs(session->refusal ? session->refusal : "no, it was accepted\n", out);
	free(TAKE_PTR(session->refusal));
	return 0;
}

static int (*const runs[])(
	struct session *session, const struct command *command, FILE *out, struct xslot_diag *diag) = {
	[COMMAND_PACKET] = run_packet,
	[COMMAND_PACKETS] = run_packets,
	[COMMAND_PCAP] = run_pcap,
	[COMMAND_MAP] = run_map,
	[COMMAND_STATUS] = run_status,
	[COMMAND_CALL] = run_call,
	[COMMAND_LOG] = run_log,
	[COMMAND_REFUSED] = run_refused,
};

/* A command that looks: what it gives goes into command->output. */
static int run_look(struct session *session, struct command *command, struct xslot_diag *diag)
{
	size_t size = 0;
	FILE *out;
	int r;

	r = session_commit(session, diag);
	if (r < 0)
		return r;
	if (session->refusal && command->kind != COMMAND_REFUSED)
		return fail(diag, -EINVAL, "the configuration above is refused: %.*s",
			(int)strcspn(session->refusal, "\n"), session->refusal);
	if (!session->rig && command->kind != COMMAND_REFUSED)
		return fail(diag, -EINVAL, "%s", nothing_loaded);
	if (session->options->bench && command->kind <= COMMAND_PACKETS)
		return bench_packet(session, command, diag);
	out = open_memstream(&command->output, &size);
	if (!out)
		return fail(diag, -ENOMEM, "out of memory");
	r = runs[command->kind](session, command, out, diag);
	fclose(out);
	if (r < 0)
		free(TAKE_PTR(command->output));
	return r;
}

static int run_command(struct session *session, struct command *command, struct xslot_diag *diag)
{
	switch (command->kind) {
	case COMMAND_TEST:
		return 0;
	case COMMAND_FILE:
		return session_file(session, command, diag);
	case COMMAND_BUILD:
		return session_build(session, command, diag);
	case COMMAND_PLUGIN:
		return session_plugin(session, command, diag);
	case COMMAND_CHAIN:
		return session_chain(session, command, diag);
	default:
		return run_look(session, command, diag);
	}
}

/* Does each line of the output match the block's? */
static bool block_matches(const struct script *script, const struct command *command)
{
	const char *at = command->output;
	size_t line = command->from;

	for (; *at && line < command->to; line++) {
		size_t length = strcspn(at, "\n");
		CLEANUP(free) char *text = strndup(at, length);

		if (!text || !script_line_matches(script_block_line(script, line), text))
			return false;
		at += length + (at[length] == '\n');
	}
	return !*at && line == command->to;
}

static void print_difference(const struct script *script, const struct command *command)
{
	printf("# %s:%zu: %s\n", script->name, command->line + 1, script->lines[command->line]);
	for (size_t line = command->from; line < command->to; line++)
		printf("#   - %s\n", script_block_line(script, line));
	text_print_lines(stdout, "#   + ", command->output);
}

/* The commands from `first`, a "test", up to the next one; returns where that is. Comments follow the result.
 */
static size_t run_commands(struct session *session, struct script *script, size_t first, struct tally *tally,
	struct command **ret_broken, struct xslot_diag *diag)
{
	size_t i = first;
	int r = 0;

	*ret_broken = NULL;
	do {
		struct command *command = &script->commands[i];

		if (r == 0) {
			r = run_command(session, command, diag);
			if (r < 0)
				*ret_broken = command;
		}
		if (command->output && block_matches(script, command))
			free(TAKE_PTR(command->output));
		i++;
	} while (i < script->n_commands && script->commands[i].kind != COMMAND_TEST);
	if (r < 0)
		return i;
	r = session_commit(session, diag);
	if (r == 0 && session->refusal)
		r = fail(diag, -EINVAL, "the configuration above is refused: %.*s",
			(int)strcspn(session->refusal, "\n"), session->refusal);
	if (r < 0)
		*ret_broken = &script->commands[i - 1];
	return i;
}

static void report_test(const struct script *script, size_t first, size_t end, const struct command *broken,
	const struct xslot_diag *diag, struct tally *tally)
{
	FILE *out = tally->quiet ? stderr : stdout;
	bool differs = false;

	for (size_t i = first; i < end; i++)
		differs |= script->commands[i].output != NULL;
	tally->n++;
	if (broken || (differs && !tally->accept))
		tally->failed++;
	if (!tally->quiet)
		printf("%sok %u - %s%s\n", broken || (differs && !tally->accept) ? "not " : "", tally->n,
			script->commands[first].argument, differs && tally->accept ? " (updated)" : "");
	for (size_t i = first; !tally->accept && i < end; i++)
		if (script->commands[i].output)
			print_difference(script, &script->commands[i]);
	if (broken)
		fprintf(out, "# %s:%zu: %s\n", script->name, broken->line + 1, diag->message);
}

void run_script(struct script *script, const struct test_options *options, struct tally *tally)
{
	for (size_t first = 0; first < script->n_commands;) {
		struct xslot_diag diag = {};
		struct session session;
		struct command *broken = &script->commands[first];
		size_t end = first + 1;

		if (session_init(&session, options, script, &diag) == 0)
			end = run_commands(&session, script, first, tally, &broken, &diag);
		report_test(script, first, end, broken, &diag, tally);
		session_deinit(&session);
		xslot_diag_clear(&diag);
		first = end;
	}
}

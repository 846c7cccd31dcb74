/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Any bytes as a test of xslot-test: its commands and blocks, the packets that it names, the patterns that
 * it expects. A script written out is the script again.
 */
#include "fuzz.h"
#include "tools/xslot-test/packet.h"
#include "tools/xslot-test/script.h"

static void check_blocks(const struct script *script, const struct command *command)
{
	expect(command->from <= command->to && command->to <= script->n_lines, "a block's bounds");
	for (size_t i = command->from; i < command->to; i++) {
		const char *line = script_block_line(script, i);

		script_line_matches(line, line);
		script_line_matches(line, command->argument);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct packet packet;
	struct script *script = NULL;
	struct xslot_diag diag = {};
	char path[FUZZ_PATH], *text;
	int fd = fuzz_file(data, size, path);
	size_t n;
	FILE *out;

	if (script_read(path, &script, &diag) == 0) {
		out = open_memstream(&text, &n);
		script_write(script, out);
		fclose(out);
		free(text);
		for (size_t i = 0; i < script->n_commands; i++) {
			check_blocks(script, &script->commands[i]);
			if (script->commands[i].kind == COMMAND_PACKET &&
				packet_parse(script->commands[i].argument, &packet, &diag) == 0)
				expect(packet.size <= PACKET_MAX, "a packet's size");
		}
		script_free(script);
	} else {
		expect(diag.message[0] != 0, "an error says something");
	}
	xslot_diag_clear(&diag);
	close(fd);
	return 0;
}

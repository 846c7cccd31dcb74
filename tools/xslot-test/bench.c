/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A test run's own cost is measured with a program that does nothing, and subtracted. In a guest whose clock
 * counts instructions, the kernel's nanoseconds are instructions; nothing in the guest shows that, so
 * tests/vm/run -i sets XSLOT_CLOCK.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/diag.h"

static int time_nothing(const struct packet *packet, uint32_t *ret_ns, struct xslot_diag *diag)
{
	CLEANUP(close) int fd = rig_load_nothing(diag);

	if (fd < 0)
		return fd;
	return rig_time(fd, packet, ret_ns, diag);
}

static const char *packet_text(const struct command *command)
{
	const char *text = command->argument;

	return command->kind == COMMAND_PACKETS ? text + strspn(text, "0123456789") : text;
}

int bench_packet(struct session *session, const struct command *command, struct xslot_diag *diag)
{
	const char *clock = getenv("XSLOT_CLOCK") ?: "ns";
	uint32_t nothing, ns, total = 0;
	struct rig one = { .n_slots = 1, .frags = session->rig->frags };
	struct rig_result result;
	struct packet packet;
	int r;

	r = packet_parse(packet_text(command), &packet, diag);
	if (r == 0)
		r = time_nothing(&packet, &nothing, diag);
	if (r < 0)
		return r;
	printf("# %s:%zu:", session->script->name, command->line + 1);
	for (size_t i = 0; r == 0 && i < session->rig->n_slots; i++) {
		const struct rig_slot *slot = &session->rig->slots[i];

		r = rig_time(slot->program_fd, &packet, &ns, diag);
		ns = ns > nothing ? ns - nothing : 0;
		total += ns;
		printf(" %s %u,", slot->occupant->plugin->name, ns);
		one.slots[0] = *slot;
		if (r == 0)
			r = rig_run(&one, &packet, &result, diag);
		packet = result.packet;
		if (r < 0 || result.decider >= 0)
			break;
	}
	printf(" %u %s in all\n", total, clock);
	return r;
}

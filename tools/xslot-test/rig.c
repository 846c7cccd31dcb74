/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Everything before the kernel is the host's own code: what is refused here is refused by a reload, with the
 * same message. The differences are small, and the manual lists them: tail room is not passed from slot to
 * slot.
 */
#include "rig.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/diag.h"

DEFINE_CLEANUP(struct rig *, rig_free);

#define TIME_ROUNDS 5
#define TIME_REPEAT 20000

void rig_free(struct rig *rig)
{
	if (!rig)
		return;
	for (size_t i = 0; i < rig->n_slots; i++) {
		if (rig->slots[i].program_fd >= 0)
			close(rig->slots[i].program_fd);
		if (rig->slots[i].occupant)
			context_deactivate(&rig->slots[i].occupant->context);
		occupant_unref(rig->slots[i].occupant);
	}
	free(rig);
}

static const struct occupant *previous_occupant(const struct rig *previous, const struct rig_slot *slot)
{
	for (size_t i = 0; previous && i < previous->n_slots; i++) {
		const struct rig_slot *old = &previous->slots[i];

		if (old->number == slot->number &&
			!strcmp(old->occupant->plugin->name, slot->occupant->plugin->name))
			return old->occupant;
	}
	return NULL;
}

static int make_slots(
	struct rig *rig, struct setup *setup, const struct setup_chain *chain, struct report *report)
{
	int result = 0;

	for (size_t i = 0; i < chain->n_slots; i++) {
		struct rig_slot *slot = &rig->slots[i];

		*slot = (struct rig_slot){ .number = chain->slots[i].config->number, .program_fd = -1 };
		if (occupant_new(setup, &chain->slots[i], &slot->occupant) < 0)
			return report_add(report, NULL, 0, "out of memory");
		rig->n_slots++;
		if (context_check(&slot->occupant->context, report) < 0)
			result = -EINVAL;
	}
	return result;
}

/* Slots that are loaded, and what the others replace: as a host does it. */
static size_t list_sharers(const struct rig *rig, const struct rig *previous, const struct rig_slot *slot,
	struct instance_sharer *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->n_slots; i++)
		if (rig->slots[i].program_fd >= 0)
			ret[n++] = (struct instance_sharer){ rig->slots[i].occupant->instance,
				rig->slots[i].occupant->name, true };
	for (size_t i = 0; i < rig->n_slots; i++) {
		const struct occupant *old = previous_occupant(previous, &rig->slots[i]);

		if (old && &rig->slots[i] != slot && !rig->slots[i].occupant->slot->config->state_fresh)
			ret[n++] = (struct instance_sharer){ old->instance, old->name, false };
	}
	return n;
}

static int load_slot(
	struct rig *rig, struct rig_slot *slot, const struct rig *previous_rig, struct report *report)
{
	const struct occupant *previous = previous_occupant(previous_rig, slot);
	const struct config_slot *config = slot->occupant->slot->config;
	struct instance_sharer sharers[2 * XSLOT_MAX_SLOTS];
	const struct occupant_place place = {
		.frags = rig->frags,
		.reasons = true,
		.sharers = sharers,
		.n_sharers = list_sharers(rig, previous_rig, slot, sharers),
	};
	int r;

	r = occupant_load(slot->occupant, previous, &place, report);
	if (r == 0)
		r = occupant_start(slot->occupant, previous, report);
	if (r < 0)
		return r;
	slot->proceed = config->proceed_given ? config->proceed : slot->occupant->default_proceed;
	slot->program_fd = bpf_prog_get_fd_by_id(instance_program_id(slot->occupant->instance));
	if (slot->program_fd < 0)
		return report_add(report, config->place.file, config->place.line,
			"cannot open the program that was loaded: %s", strerror(errno));
	return 0;
}

int rig_load(struct setup *setup, const struct setup_chain *chain, const struct rig *previous,
	struct rig **ret_rig, struct report *report)
{
	CLEANUP(rig_free) struct rig *rig = calloc(1, sizeof(*rig));
	int r;

	if (!rig)
		return report_add(report, NULL, 0, "out of memory");
	rig->final = chain->config->final;
	rig->frags = chain->config->frags;
	r = make_slots(rig, setup, chain, report);
	if (r < 0)
		return r;
	for (size_t i = 0; i < rig->n_slots; i++) {
		if (load_slot(rig, &rig->slots[i], previous, report) < 0)
			r = -EINVAL;
	}
	if (r < 0)
		return r;
	for (size_t i = 0; i < rig->n_slots; i++) {
		const struct occupant *old = previous_occupant(previous, &rig->slots[i]);

		if (old)
			occupant_settle(rig->slots[i].occupant, old);
	}
	*ret_rig = TAKE_PTR(rig);
	return 0;
}

int rig_activate(struct rig *rig, sd_event *event)
{
	int r = 0;

	for (size_t i = 0; i < rig->n_slots; i++)
		context_live(&rig->slots[i].occupant->context);
	for (size_t i = 0; r >= 0 && i < rig->n_slots; i++)
		r = context_activate(&rig->slots[i].occupant->context, event);
	return r;
}

/*
 * Run the program once. The metadata before a packet goes in and out as the first bytes of its data, and the
 * context says how many they are; -EINVAL when the kernel takes no context, and also when it takes no such
 * packet. `ret_linear`: how much of the packet is in its first buffer.
 */
static int run_with_metadata(int program_fd, struct packet *packet, size_t *ret_linear, uint32_t *ret)
{
	uint8_t in[METADATA_MAX + PACKET_MAX], out[METADATA_MAX + PACKET_MAX];
	struct xdp_md before = { .data = (uint32_t)packet->n_metadata,
		.data_end = (uint32_t)(packet->n_metadata + packet->size) };
	struct xdp_md after = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = before.data_end, .data_out = out,
		.data_size_out = sizeof(out), .ctx_in = &before, .ctx_size_in = sizeof(before),
		.ctx_out = &after, .ctx_size_out = sizeof(after), .repeat = 1);
	int r;

	memcpy(in, packet->metadata, packet->n_metadata);
	memcpy(in + packet->n_metadata, packet->bytes, packet->size);
	r = bpf_prog_test_run_opts(program_fd, &opts);
	if (r < 0)
		return r;
	*ret_linear = after.data_end - after.data;
	packet->n_metadata = after.data;
	packet->size = opts.data_size_out - after.data;
	memcpy(packet->metadata, out, packet->n_metadata);
	memcpy(packet->bytes, out + packet->n_metadata, packet->size);
	*ret = opts.retval;
	return 0;
}

/* Linux before 5.14: nobody learns of metadata. */
static int run_without_metadata(int program_fd, struct packet *packet, uint32_t *ret)
{
	struct packet out;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet->bytes, .data_size_in = (uint32_t)packet->size,
		.data_out = out.bytes, .data_size_out = sizeof(out.bytes), .repeat = 1);
	int r = bpf_prog_test_run_opts(program_fd, &opts);

	if (r < 0)
		return r;
	memcpy(packet->bytes, out.bytes, opts.data_size_out);
	packet->size = opts.data_size_out;
	*ret = opts.retval;
	return 0;
}

static int run_one(const struct rig *rig, const struct rig_slot *slot, struct packet *packet, uint32_t *ret,
	struct xslot_diag *diag)
{
	size_t linear = packet->size;
	int r = run_with_metadata(slot->program_fd, packet, &linear, ret);

	if (r == -EINVAL && !packet->n_metadata)
		r = run_without_metadata(slot->program_fd, packet, ret);
	if (r < 0)
		return fail(diag, r, "the kernel refuses to run slot %u on a packet of %zu bytes: %s%s",
			slot->number, packet->size, strerror(-r),
			packet->size < 14 ? ": it needs 14, an Ethernet header"
			: packet->size > 3000
				? ": it takes about 3,500 in one buffer, and more from Linux 5.18 on"
				: "");
	/* The kernel here shows a program that knows no other buffers the first one; a driver would not. */
	if (!rig->frags && linear < packet->size)
		return fail(diag, -EMSGSIZE,
			"a packet of %zu bytes is in several buffers, %zu bytes in the first: only a chain with \"frags = yes\" takes such a packet",
			packet->size, linear);
	return 0;
}

bool rig_has_metadata(void)
{
	CLEANUP(close) int fd = rig_load_nothing(NULL);
	struct packet packet = { .size = 64 };
	uint32_t verdict;
	size_t linear;

	return fd >= 0 && run_with_metadata(fd, &packet, &linear, &verdict) == 0;
}

/* As the dispatcher does it: only an action has a reason. */
static void take_reason_off(struct rig_result *result)
{
	uint32_t action = result->returned & 0xff;

	result->reason = 0;
	if (result->returned >> 24 != XSLOT_REASON_MARK || action >= XSLOT_ACTIONS)
		return;
	result->reason = result->returned >> 8 & XSLOT_REASON_MAX;
	result->returned = action;
}

int rig_run(const struct rig *rig, const struct packet *packet, struct rig_result *ret_result,
	struct xslot_diag *diag)
{
	struct rig_result *result = ret_result;
	int r;

	result->packet = *packet;
	for (size_t i = 0; i < rig->n_slots; i++) {
		r = run_one(rig, &rig->slots[i], &result->packet, &result->returned, diag);
		if (r < 0)
			return r;
		take_reason_off(result);
		if (result->returned == XSLOT_NEXT ||
			(result->returned < XSLOT_ACTIONS && rig->slots[i].proceed >> result->returned & 1))
			continue;
		result->decider = (int)i;
		result->verdict = result->returned < XSLOT_ACTIONS ? result->returned : XDP_ABORTED;
		return 0;
	}
	result->decider = -1;
	result->verdict = rig->final;
	return 0;
}

int rig_load_nothing(struct xslot_diag *diag)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "nothing", "GPL", code, 2, NULL);

	if (fd < 0)
		return fail(diag, -errno, "cannot load a program that does nothing: %s", strerror(errno));
	return fd;
}

int rig_time(int program_fd, const struct packet *packet, uint32_t *ret_ns, struct xslot_diag *diag)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet->bytes, .data_size_in = (uint32_t)packet->size,
		.repeat = TIME_REPEAT);
	uint32_t least = UINT32_MAX;

	for (int i = 0; i < TIME_ROUNDS; i++) {
		int r = bpf_prog_test_run_opts(program_fd, &opts);

		if (r < 0)
			return fail(diag, r, "the kernel refuses to run the program %d times: %s",
				TIME_REPEAT, strerror(-r));
		least = opts.duration < least ? opts.duration : least;
	}
	*ret_ns = least;
	return 0;
}

const struct rig_slot *rig_slot(const struct rig *rig, unsigned number, struct xslot_diag *diag)
{
	if (!number && rig->n_slots == 1)
		return &rig->slots[0];
	for (size_t i = 0; i < rig->n_slots; i++)
		if (number && rig->slots[i].number == number)
			return &rig->slots[i];
	if (!number)
		fail(diag, -EINVAL, "the chain has %zu slots: name one by its number", rig->n_slots);
	else
		fail(diag, -ENOENT, "the chain has no slot %u", number);
	return NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "host/chain/show.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extension/link.h"
#include "host/chain/detached.h"
#include "host/chain/displaced.h"
#include "host/chain/tier.h"
#include "kernel/instance/instance.h"

/* While one status is made: the whole fails in the end. One thread makes them, the loop's. */
static bool out_of_memory;

static char *copy(const char *text)
{
	char *result = strdup(text);

	out_of_memory |= !result;
	return result;
}

static void *array(size_t n, size_t size)
{
	void *result = calloc(n + 1, size);

	out_of_memory |= !result;
	return result;
}

const char *show_action(uint32_t action)
{
	static const char *const names[] = { "aborted", "drop", "pass", "tx", "redirect" };

	return action < XSLOT_ACTIONS ? names[action] : "?";
}

static void show_maps(const struct instance *instance, struct status_slot *ret_slot)
{
	static const char *const carried[] = { [MAP_FRESH] = "fresh",
		[MAP_KEPT] = "kept",
		[MAP_MIGRATED] = "migrated",
		[MAP_COPIED] = "copied" };
	const struct instance_map *maps;
	size_t n = instance_maps(instance, &maps);

	ret_slot->maps = array(n, sizeof(*ret_slot->maps));
	ret_slot->n_maps = ret_slot->maps ? n : 0;
	for (size_t i = 0; i < ret_slot->n_maps; i++)
		ret_slot->maps[i] = (struct status_map){
			.name = copy(maps[i].name),
			.pin = copy(maps[i].pin),
			.class = maps[i].class == MAP_STATE ? "state" : "config",
			.carried = carried[maps[i].carried],
		};
}

/* Where each file's program was put, and what is there: whoever has the map may have put another. */
static void show_jumps(const struct occupant *occupant, struct status_slot *ret_slot)
{
	const struct setup_slot *slot = occupant->slot;
	size_t n = slot ? slot->n_jumps : 0;

	ret_slot->jumps = array(n, sizeof(*ret_slot->jumps));
	ret_slot->n_jumps = ret_slot->jumps ? n : 0;
	for (size_t i = 0; i < ret_slot->n_jumps; i++) {
		const struct config_jump *jump = slot->jumps[i].config;

		ret_slot->jumps[i] = (struct status_jump){
			.array = copy(jump->array),
			.index = jump->index,
			.file = copy(jump->file),
			.program = copy(slot->jumps[i].program),
			.program_id = instance_jump_id(occupant->instance, jump->array, jump->index),
		};
	}
}

/*
 * "draining": somebody else holds the link that last filled the other bank, and the next change of this slot
 * has to wait; "unknown": the kernel does not say whether somebody does.
 */
static const char *slot_state(struct chain *chain, size_t index)
{
	int r = chain->released[index] ? link_exists(chain->released[index]) : 0;

	if (r == 0)
		chain->released[index] = 0;
	/* Without CAP_SYS_ADMIN it never does, for any slot: that is no trouble of this one, which is live.
	 */
	return r == 0 || r == -EPERM ? "live" : r == 1 ? "draining" : "unknown";
}

static void show_slot(struct chain *chain, size_t index, struct status_slot *ret_slot) ON_LOOP
{
	struct chain_slot *slot = &chain->slots[index];
	struct occupant *occupant = slot->occupant;
	const uint64_t *outcome = slot->count.outcome;

	*ret_slot = (struct status_slot){
		.number = slot->number,
		.index = index,
		.plugin = copy(occupant->plugin->name),
		.version = copy(occupant->plugin->version),
		.bank = slot->bank == BANK_A ? "A" : "B",
		.tier = tier_is_fused(chain) ? "fused" : "slot",
		.program_id = instance_program_id(occupant->instance),
		.state = slot_state(chain, index),
		.seen = slot->count.seen,
		.proceeded = slot->count.proceeded,
		.aborted = outcome[XDP_ABORTED],
		.drop = outcome[XDP_DROP],
		.pass = outcome[XDP_PASS],
		.tx = outcome[XDP_TX],
		.redirect = outcome[XDP_REDIRECT],
		.since = occupant->since,
	};
	show_maps(occupant->instance, ret_slot);
	show_jumps(occupant, ret_slot);
	out_of_memory |= context_status(&occupant->context, ret_slot) < 0;
}

static char *not_known(int error)
{
	char *text;

	if (asprintf(&text, "it had the chain, and the kernel does not report whether it still has: %s",
		    strerror(-error)) >= 0)
		return text;
	out_of_memory = true;
	return NULL;
}

static void show_interface(const struct chain *chain, const struct chain_interface *interface,
	struct status_interface *ret_interface)
{
	uint32_t program = 0;
	int runs = interface->netdev ? netdev_runs(interface->netdev, false, &program) : 0;
	bool attached = runs != 0;
	bool displaced = runs == 1 && displaced_is(chain, interface->netdev, program);
	bool detached = runs == 0 && interface->netdev && netdev_was_detached(interface->netdev);

	*ret_interface = (struct status_interface){
		.name = copy(interface->name),
		.ifindex = attached || detached ? netdev_ifindex(interface->netdev) : 0,
		.mode = chain->generic ? "generic" : "native",
		.attach = attached ? netdev_kind_name(netdev_kind(interface->netdev)) : "",
		.state = runs < 0	      ? "unknown"
			 : displaced	      ? "displaced"
			 : attached	      ? "attached"
			 : detached	      ? "detached"
			 : interface->refused ? "refused"
					      : "waiting",
		.reason = runs < 0	       ? not_known(runs)
			  : displaced	       ? displaced_reason(interface->netdev, program)
			  : detached	       ? detached_reason(chain, interface)
			  : interface->refused ? copy(interface->refused)
					       : NULL,
	};
}

static void show_chain(struct chain *chain, struct status_chain *ret_chain) ON_LOOP
{
	const struct xslot_generation *running = dispatcher_running(chain->dispatcher);

	chain_refresh(chain);
	*ret_chain = (struct status_chain){
		.name = copy(chain->name),
		.generation = running->id,
		.final = show_action(running->final),
		.on_gap = show_action(running->on_gap),
		.on_detach = chain->only_alarm ? "alarm" : "attach",
		.bypass = chain->bypass,
		.gap_packets = chain->manifest.total.outcome[XSLOT_OUTCOME_GAP],
		.bad_verdicts = chain->manifest.total.outcome[XSLOT_OUTCOME_BAD],
		.tier = tier_is_fused(chain) ? "fused" : "slots",
		.tier_reason = copy(tier_why_slots(chain)),
		.instructions = tier_is_fused(chain) ? chain->tier.instructions : 0,
		.packets = chain->manifest.total.seen,
		.interfaces = array(chain->n_interfaces, sizeof(*ret_chain->interfaces)),
		.slots = array(chain->n_slots, sizeof(*ret_chain->slots)),
	};
	ret_chain->n_interfaces = ret_chain->interfaces ? chain->n_interfaces : 0;
	ret_chain->n_slots = ret_chain->slots ? chain->n_slots : 0;
	for (size_t i = 0; i < ret_chain->n_interfaces; i++)
		show_interface(chain, &chain->interfaces[i], &ret_chain->interfaces[i]);
	for (size_t i = 0; i < ret_chain->n_slots; i++)
		show_slot(chain, i, &ret_chain->slots[i]);
}

int show_chains(struct chain *const *chains, size_t n_chains, const char *only, struct status *ret_status)
{
	size_t n = 0;

	out_of_memory = false;
	ret_status->chains = array(n_chains, sizeof(*ret_status->chains));
	for (size_t i = 0; ret_status->chains && i < n_chains; i++) {
		if (!only || strcmp(chains[i]->name, only) == 0)
			show_chain(chains[i], &ret_status->chains[n++]);
	}
	ret_status->n_chains = n;
	if (out_of_memory)
		return -ENOMEM;
	return only && n == 0 ? -ENOENT : 0;
}

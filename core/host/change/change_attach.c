/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The interfaces of a change, before it is committed. Someone waits for a reload, so an interface that
 * refuses is an error. No one waits when interfaces come and go by themselves: then the refusal becomes the
 * interface's state, is logged once, and the others continue.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/chain/attachment.h"
#include "host/change/change.h"
#include "host/review/twin.h"
#include "kernel/ask.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

/* Somebody put a program in our place by force. To do the same in turn takes an operator who says so. */
static bool is_lost(const struct change *change, const char *name)
{
	const struct chain_interface *old = chain_find_interface(change->chain, name);
	unsigned ifindex = 0;

	/* Not known: leave it alone. */
	return old && old->netdev &&
	       (ask_index(name, &ifindex) < 0 || netdev_ifindex(old->netdev) == ifindex);
}

/* Bare, and now ours; or another's that we may replace, which is left to it until after the store. */
static int attach(const struct change *change, struct chain_interface *interface, struct xslot_diag *diag)
{
	const struct config_chain *config = change->wanted->config;
	bool replace = config->replace && !(change->lenient && is_lost(change, interface->name));

	return attachment_make(change->chain, interface, config->generic, replace, diag);
}

void change_note_refusal(struct change *change, size_t index, int error, struct xslot_diag *diag)
{
	struct chain_interface *interface = &change->interfaces[index];

	attachment_end(change->chain, interface);
	interface->again = ask_is_shortage(error);
	interface->refused = strdup(diag->message);
	xslot_diag_clear(diag);
	if (!interface->refused)
		memory_out();
}

/* For certain: there is none of that name, or another one than was planned with. */
static bool is_another(const char *name, unsigned planned)
{
	unsigned ifindex = 0;

	return ask_index(name, &ifindex) >= 0 && ifindex != planned;
}

static int attach_one(struct change *change, size_t index, struct report *report)
{
	const struct config_interface *wanted = &change->wanted->config->interfaces[index];
	const struct plan_interface_step *step = &change->step->interfaces[index];
	struct chain_interface *interface = &change->interfaces[index];
	struct xslot_diag diag = {};
	int r;

	interface->name = strdup(wanted->name);
	if (!interface->name)
		return -ENOMEM;
	if (step->action == PLAN_INTERFACE_LEAVE) {
		interface->look = change->chain->interfaces[step->from].look;
		interface->refused = strdup(change->chain->interfaces[step->from].refused);
		return interface->refused ? 0 : -ENOMEM;
	}
	if (step->action == PLAN_INTERFACE_TWIN) {
		/* No look: what the twin is may change without a trace here, so it is found out each time. */
		change_note_refusal(change, index, -EEXIST, twin_explain(&diag, wanted->name, step->twin));
		return 0;
	}
	if (step->action != PLAN_INTERFACE_ATTACH)
		return 0;
	log_debug("%s: trying to attach to %s", change->wanted->config->name, wanted->name);
	/* Before it is tried: what changes meanwhile is a reason to try again. */
	r = netdev_look(wanted->name, &interface->look);
	if (r < 0)
		fail(&diag, r, "cannot attach to %s: cannot ask the kernel for it: %s", wanted->name,
			strerror(-r));
	else
		r = attach(change, interface, &diag);
	/* It is gone since the plan was made, or another has its name: it has been reported, and is next. */
	if (r == -ENODEV || (r < 0 && is_another(wanted->name, step->ifindex))) {
		xslot_diag_clear(&diag);
		return 0;
	}
	if (r < 0 && change->lenient) {
		change_note_refusal(change, index, r, &diag);
		return 0;
	}
	return r < 0 ? report_take(report, wanted->place.file, wanted->place.line, &diag) : 0;
}

int change_attach(struct change *change, struct report *report)
{
	int result = 0;

	for (size_t i = 0; i < change->wanted->config->n_interfaces && !report->no_descriptors; i++) {
		if (attach_one(change, i, report) < 0)
			result = -EINVAL;
	}
	return result;
}

int change_try(struct change *change, struct report *report)
{
	const struct config_chain *config = change->wanted->config;
	enum xdp_mode mode = config->generic ? XDP_MODE_GENERIC : XDP_MODE_NATIVE;
	int result = 0;

	for (size_t i = 0; i < config->n_interfaces; i++) {
		const struct config_place *place = &config->interfaces[i].place;
		struct xslot_diag diag = {};
		int r;

		if (change->step->interfaces[i].action != PLAN_INTERFACE_ATTACH)
			continue;
		r = netdev_try(config->interfaces[i].name, mode, config->replace, &diag);
		if (r < 0 && r != -ENODEV) /* that one has gone since the plan was made: it is waited for */
			result = report_take(report, place->file, place->line, &diag);
		xslot_diag_clear(&diag);
	}
	return result;
}

void change_drop_interfaces(const struct chain *chain, struct chain_interface *interfaces, size_t n)
{
	for (size_t i = 0; interfaces && i < n; i++)
		attachment_end(chain, &interfaces[i]);
	chain_interfaces_free(interfaces, n);
}

/* The interface has been attached anew: its pin is not the old one's any more, nor what netlink shows there.
 */
static bool is_superseded(const struct chain *chain, const struct netdev *netdev)
{
	for (size_t i = 0; i < chain->n_interfaces; i++) {
		const struct netdev *now = chain->interfaces[i].netdev;

		if (now && now != netdev && netdev_ifindex(now) == netdev_ifindex(netdev))
			return true;
	}
	return false;
}

void change_drop_old_interfaces(struct change *change)
{
	struct chain_interface *old = TAKE_PTR(change->old_interfaces);

	for (size_t i = 0; old && i < change->n_old_interfaces; i++) {
		if (!old[i].netdev || !is_superseded(change->chain, old[i].netdev))
			continue;
		if (netdev_kind(old[i].netdev) == NETDEV_LINK)
			netdev_strip(old[i].netdev);
		netdev_close(TAKE_PTR(old[i].netdev));
	}
	change_drop_interfaces(change->chain, old, change->n_old_interfaces);
}

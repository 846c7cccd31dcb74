/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Interfaces are read when all chains are known, because a host may have died between moving a link to
 * another chain's program and moving its pin.
 */
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/adopt/adoption_interfaces.h"
#include "host/chain/store.h"
#include "kernel/ask.h"
#include "kernel/netdev/elsewhere.h"
#include "kernel/pindir.h"
#include "util/diag.h"
#include "util/log.h"

static struct chain *chain_of_program(const struct found *found, uint32_t program_id)
{
	for (size_t i = 0; i < found->n; i++) {
		if (dispatcher_program_id(found->chains[i]->dispatcher) == program_id)
			return found->chains[i];
	}
	return NULL;
}

static bool has_interface(const struct chain *chain, const struct netdev *netdev)
{
	for (size_t i = 0; i < chain->n_interfaces; i++) {
		if (netdev_ifindex(chain->interfaces[i].netdev) == netdev_ifindex(netdev))
			return true;
	}
	return false;
}

/* The kernel says for certain that it is not here. Elsewhere it may be. */
static void part_with(const struct chain *chain, const char *path, const char *why)
{
	char there[IF_NAMESIZE];
	int r = netdev_strip_pinned_elsewhere(path, there);

	log_info("chain %s: %s", chain->name, why);
	if (r == 1)
		log_info(
			"chain %s: it moved to another network namespace, where it is called %s: detached there",
			chain->name, there);
	if (r >= 0)
		pindir_remove(path, NULL);
	else
		log_warning(
			"chain %s: if it moved to another network namespace, it runs the chain there; not every namespace can be looked into: %s; the pin %s stays, for the next start",
			chain->name, strerror(-r), path);
}

/* For who only looks: it is no attachment any more. */
static void note_gone(const struct found *found, const struct chain *chain, const char *name)
{
	char there[IF_NAMESIZE];

	if (ask_name((unsigned)strtoul(name, NULL, 10), there) == 1)
		found_say(found,
			"chain %s: %s does not run it any more, though the interface exists: someone took the chain off",
			chain->name, there);
}

static int open_alive(
	const char *path, struct netdev **ret_netdev, uint32_t *ret_program, struct xslot_diag *diag)
{
	int r = netdev_open_pinned(path, ret_netdev, diag);

	if (r < 0)
		return r;
	r = netdev_runs(*ret_netdev, false, ret_program);
	if (r < 0)
		return fail(
			diag, r, "pin %s: cannot see whether its interface is here: %s", path, strerror(-r));
	return r ? 0 : fail(diag, -ENODEV, "pin %s: its interface is not in this network namespace", path);
}

/* 0 and the attachment; 1: it is none any more, or none of ours, and that was dealt with; -errno: not known.
 */
static int open_interface(const struct found *found, const struct chain *chain, const char *name,
	struct netdev **ret_netdev, uint32_t *ret_program, struct xslot_diag *diag)
{
	struct netdev *netdev = NULL;
	char path[PATH_MAX];
	int r;

	store_path(chain, path, "if/%s", name);
	r = open_alive(path, &netdev, ret_program, diag);
	if (r == 0) {
		*ret_netdev = netdev;
		return 0;
	}
	netdev_close(netdev);
	if (r == -ENODEV && found->notes)
		note_gone(found, chain, name);
	else if (r == -ENODEV)
		part_with(chain, path, diag->message);
	else if (r == -EINVAL)
		found_say(found, "chain %s: %s; it is left there", chain->name, diag->message);
	else
		return r;
	xslot_diag_clear(diag);
	return 1;
}

/* One pin in if/: a link of this chain, of another one (its pin was not moved yet), or of nothing any more.
 */
static int adopt_interface(
	const struct found *found, struct chain *chain, const char *name, struct xslot_diag *diag)
{
	struct netdev *netdev = NULL;
	struct chain *owner;
	char path[PATH_MAX], right[PATH_MAX];
	uint32_t program = 0;
	int r;

	store_path(chain, path, "if/%s", name);
	r = open_interface(found, chain, name, &netdev, &program, diag);
	if (r != 0)
		return r < 0 ? r : 0;
	owner = chain_of_program(found, program);
	if (!owner && netdev_kind(netdev) == NETDEV_LINK)
		owner = chain; /* another's program is in our link: the first look puts ours back */
	if (!owner) {
		found_say(found,
			"chain %s: interface %s runs program %u, which is not a dispatcher of ours: left alone",
			chain->name, netdev_name(netdev), program);
		netdev_close(netdev);
		return 0;
	}
	if (has_interface(owner, netdev)) { /* its pin was moved here when the other chain's were read */
		netdev_close(netdev);
		return 0;
	}
	/* Another chain's now, or it was away and got another index. */
	store_path(owner, right, "if/%u", netdev_ifindex(netdev));
	if (strcmp(path, right) != 0 && !found->notes && rename(path, right) < 0)
		log_warning("cannot rename %s to %s: %s", path, right, strerror(errno));
	r = chain_add_interface(owner, netdev);
	return r < 0 ? fail(diag, r, "out of memory") : 0;
}

int adoption_interfaces(const struct found *found, struct xslot_diag *diag)
{
	int r = 0;

	for (size_t i = 0; i < found->n; i++) {
		char path[PATH_MAX], **names = NULL;
		size_t n = 0;

		store_path(found->chains[i], path, "if");
		if (r == 0)
			r = pindir_list(path, &names, &n, diag);
		for (size_t j = 0; r == 0 && j < n; j++)
			r = adopt_interface(found, found->chains[i], names[j], diag);
		pindir_list_free(names, n);
	}
	return r;
}

static bool is_adopted(const struct found *found, const char *name)
{
	for (size_t i = 0; i < found->n; i++) {
		if (chain_find_interface(found->chains[i], name))
			return true;
	}
	return false;
}

static struct chain_interface *interface_of_index(const struct found *found, unsigned ifindex)
{
	for (size_t i = 0; ifindex && i < found->n; i++) {
		struct chain *chain = found->chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++) {
			if (netdev_ifindex(chain->interfaces[j].netdev) == ifindex)
				return &chain->interfaces[j];
		}
	}
	return NULL;
}

/* A pin tells an interface's index, and so its proper name; the files may call it by another of its names. */
int adoption_names(const struct found *found, struct xslot_diag *diag)
{
	for (size_t i = 0; i < found->setup->n_chains; i++) {
		const struct config_chain *config = found->setup->chains[i].config;

		for (size_t j = 0; j < config->n_interfaces; j++) {
			const char *name = config->interfaces[j].name;
			struct chain_interface *interface;
			unsigned ifindex = 0;
			char *copy;
			int r;

			if (is_adopted(found, name))
				continue;
			r = ask_index(name, &ifindex);
			if (r < 0)
				return fail(diag, r, "cannot ask the kernel for interface %s: %s", name,
					strerror(-r));
			interface = interface_of_index(found, ifindex);
			if (!interface || setup_wants_interface(found->setup, interface->name))
				continue;
			copy = strdup(name);
			if (!copy)
				return fail(diag, -ENOMEM, "out of memory");
			free(interface->name);
			interface->name = copy;
			netdev_rename(interface->netdev, name);
		}
	}
	return 0;
}

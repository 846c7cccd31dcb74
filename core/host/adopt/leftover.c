/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A host may die at any instruction of a change. Objects that the change had pinned and not yet made live
 * disturb nothing, and are removed. A rebuild is the only change that can be half done: some interfaces run
 * the new dispatcher, others the old one. Then the new one is complete, since it is filled before the first
 * interface moves to it, and the rest must follow, including the counts, which the old one kept for itself.
 * All of it is done here, so that no other code ever finds two dispatchers of one chain.
 */
#include "host/adopt/leftover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/chain/store.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

/* Does the rebuilt chain go on? It has stored a generation, and packets met it or nobody meets any packets.
 */
static bool is_live(const struct chain *rebuilt, const struct chain *old)
{
	return dispatcher_running(rebuilt->dispatcher)->id != 0 &&
	       (rebuilt->n_interfaces > 0 || old->n_interfaces == 0);
}

static void say(const struct chain *chain, struct xslot_diag *diag)
{
	log_warning(
		"chain %s: cannot finish the rebuild that a host died in: %s", chain->name, diag->message);
	xslot_diag_clear(diag);
}

/* The interfaces that the old dispatcher still has; those that refuse stay with it. */
static bool take_interfaces(struct chain *chain, struct chain *old)
{
	bool all = true;

	for (size_t i = 0; i < old->n_interfaces; i++) {
		struct netdev *netdev = old->interfaces[i].netdev;
		struct xslot_diag diag = {};

		if (store_update_interface(chain, netdev, &diag) < 0) {
			say(chain, &diag);
			all = false;
			continue;
		}
		store_move_interface(old, chain, netdev);
		old->interfaces[i].netdev = NULL;
		if (chain_add_interface(chain, netdev) < 0)
			memory_out();
	}
	return all;
}

static void drop(struct chain *chain) ON_WORKER
{
	store_forget_chain(chain);
	chain_free(chain);
}

/* False when the old one has to stay for now. */
static bool finish(struct chain *chain, struct chain *old, const char *root, struct grace *grace) ON_WORKER
{
	struct xslot_diag diag = {};

	if (!take_interfaces(chain, old))
		return false;
	if (grace_wait(grace, &diag) < 0) {
		say(chain, &diag);
		return false;
	}
	thread_is_alone(); /* nobody else has these chains yet */
	chain_fold_previous(chain, old);
	store_running(chain);
	store_show_slots(chain);
	if (store_name_folder(chain, root, &old, 1, &diag) < 0)
		say(chain, &diag);
	log_info("chain %s: finished the rebuild that a host died in", chain->name);
	drop(old);
	return true;
}

/* One pair; returns which of the two is no more, NULL when both stay. */
static struct chain *settle(struct chain *rebuilt, struct chain *old, const char *root, struct grace *grace)
	ON_WORKER
{
	if (is_live(rebuilt, old)) {
		if (finish(rebuilt, old, root, grace))
			return old;
		old->name[0] = '@';
	} else if (rebuilt->n_interfaces == 0) {
		log_info("chain %s: removing the dispatcher of a rebuild that a host died in", old->name);
		drop(rebuilt);
		return rebuilt;
	} else {
		rebuilt->name[0] = '@'; /* interfaces that were bare: the plan moves them */
	}
	return NULL;
}

static bool settle_one(struct chain **chains, size_t *n, const char *root, struct grace *grace) ON_WORKER
{
	for (size_t i = 0; i < *n; i++) {
		for (size_t j = 0; j < *n; j++) {
			struct chain *gone;

			if (i == j || chains[i]->name[0] == '@' || chains[j]->name[0] == '@' ||
				!chain_replaces(chains[i], chains[j]))
				continue;
			gone = settle(chains[i], chains[j], root, grace);
			for (size_t k = 0; gone && k < *n; k++) {
				if (chains[k] != gone)
					continue;
				memmove(&chains[k], &chains[k + 1], (--*n - k) * sizeof(*chains));
				break;
			}
			return true;
		}
	}
	return false;
}

void leftover_rebuilds(struct chain **chains, size_t *n, const char *root, struct grace *grace)
{
	struct xslot_diag diag = {};

	while (settle_one(chains, n, root, grace))
		;
	/* A host may have died when only the folder's name was to be changed back. */
	for (size_t i = 0; i < *n; i++) {
		const char *end = chains[i]->folder + strlen(chains[i]->folder) - 1;

		if (*end == '@' && chains[i]->name[0] != '@' &&
			store_name_folder(chains[i], root, NULL, 0, &diag) < 0)
			say(chains[i], &diag);
	}
}

/* What could not be read may hold something that is left. */
static int list(const char *folder, char ***ret_names, size_t *ret_n)
{
	struct xslot_diag diag = {};
	int r = pindir_list(folder, ret_names, ret_n, &diag);

	if (r < 0)
		store_note_removal(r, &diag);
	return r;
}

void leftover_instances(const struct chain *chain)
{
	char folder[PATH_MAX], path[PATH_MAX], keep[PATH_MAX];
	char **ids = NULL, **links = NULL;
	size_t n_ids = 0, n_links = 0;

	store_path(chain, folder, "inst");
	if (list(folder, &ids, &n_ids) < 0)
		return;
	for (size_t i = 0; i < n_ids; i++) {
		uint64_t id = strtoull(ids[i], NULL, 10);
		bool runs = false;

		for (size_t s = 0; s < chain->n_slots; s++)
			runs |= chain->slots[s].occupant->id == id;
		store_path(chain, path, "inst/%s", ids[i]);
		if (!runs) {
			log_info("chain %s: removing instance %s, which no slot runs", chain->name, ids[i]);
			store_forget(path);
			continue;
		}
		if (list(path, &links, &n_links) < 0)
			continue;
		for (size_t l = 0; l < n_links; l++) {
			bool used = strncmp(links[l], "link_", 5) != 0;

			for (size_t s = 0; !used && s < chain->n_slots; s++) {
				store_link_path(chain, id, s, chain->slots[s].bank, keep);
				used = chain->slots[s].occupant->id == id &&
				       strcmp(strrchr(keep, '/') + 1, links[l]) == 0;
			}
			store_path(chain, path, "inst/%s/%s", ids[i], links[l]);
			if (!used)
				store_forget(path);
		}
		pindir_list_free(links, n_links);
	}
	pindir_list_free(ids, n_ids);
}

/* An interface of that index may have been attached since. */
static bool is_attachment(struct chain *const *chains, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < chains[i]->n_interfaces; j++) {
			const struct netdev *netdev = chains[i]->interfaces[j].netdev;
			char own[PATH_MAX];

			if (!netdev)
				continue;
			store_interface_path(chains[i], netdev, own);
			if (strcmp(own, path) == 0)
				return true;
		}
	}
	return false;
}

static bool is_ours(struct chain *const *chains, size_t n, const char *folder)
{
	for (size_t i = 0; i < n; i++) {
		if (chains[i]->folder && strcmp(chains[i]->folder, folder) == 0)
			return true;
	}
	return false;
}

void leftover_again(struct chain *const *chains, size_t n)
{
	char **paths;
	size_t n_paths;

	for (size_t i = 0; i < n; i++)
		leftover_instances(chains[i]);
	n_paths = store_take_left(STORE_INTERFACES, &paths);
	for (size_t i = 0; i < n_paths; i++) {
		if (!is_attachment(chains, n, paths[i]))
			store_forget_attachment(paths[i]);
	}
	pindir_list_free(paths, n_paths);
	n_paths = store_take_left(STORE_FOLDERS, &paths);
	for (size_t i = 0; i < n_paths; i++) {
		if (!is_ours(chains, n, paths[i]))
			store_forget_folder(paths[i]);
	}
	pindir_list_free(paths, n_paths);
}

bool leftover_has_interfaces(const char *root, const char *name)
{
	CLEANUP(free) char *path = NULL;
	char **names = NULL;
	size_t n = 0;

	if (asprintf(&path, "%s/%s/if", root, name) < 0 || pindir_list(path, &names, &n, NULL) < 0)
		return true;
	pindir_list_free(names, n);
	return n > 0;
}

void leftover_unfinished(const char *root, const char *name)
{
	CLEANUP(free) char *path = NULL;

	log_info("removing %s/%s, a chain that was never finished", root, name);
	if (asprintf(&path, "%s/%s", root, name) >= 0)
		store_forget_folder(path);
}

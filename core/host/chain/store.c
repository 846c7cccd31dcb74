/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The order in which pins are made and removed is what makes a kill at any instruction harmless. New objects
 * are pinned before the manifest names them, the manifest is written before the store that makes it true, and
 * old objects are removed after a grace period. So at any moment the running generation is pinned completely,
 * and everything else is left over.
 */
#include "host/chain/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extension/bpffs.h"
#include "host/kept/removal.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

void store_path(const struct chain *chain, char ret_path[static PATH_MAX], const char *format, ...)
{
	int n = snprintf(ret_path, PATH_MAX, "%s/", chain->folder);
	va_list args;

	va_start(args, format);
	vsnprintf(ret_path + n, PATH_MAX - n, format, args);
	va_end(args);
}

void store_link_path(const struct chain *chain, uint64_t instance, size_t index, enum bank bank,
	char ret_path[static PATH_MAX])
{
	store_path(chain, ret_path, "inst/%llu/link_%zu_%c", (unsigned long long)instance, index,
		bank == BANK_A ? 'a' : 'b');
}

/* A chain that is rebuilt has its name's folder still. */
static int make_folder(struct chain *chain, const char *root, struct xslot_diag *diag)
{
	CLEANUP(free) char *folder = NULL;

	if (asprintf(&folder, "%s/%s", root, chain->name) < 0)
		return fail(diag, -ENOMEM, "out of memory");
	while (mkdir(folder, 0700) < 0) {
		char *beside;

		if (errno != EEXIST)
			return fail(diag, -errno, "cannot make folder %s: %s", folder, strerror(errno));
		if (asprintf(&beside, "%s@", folder) < 0)
			return fail(diag, -ENOMEM, "out of memory");
		free(folder);
		folder = beside;
	}
	chain->folder = TAKE_PTR(folder);
	return 0;
}

int store_make_folders(const struct chain *chain, struct xslot_diag *diag)
{
	static const char *const folders[] = { "if", "inst", "slot" };
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(folders[0]); i++) {
		store_path(chain, path, "%s", folders[i]);
		r = pindir_make(path, diag);
	}
	return r;
}

int store_hold_folder(struct chain *chain, struct xslot_diag *diag)
{
	chain->folder_fd = open(chain->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (chain->folder_fd < 0)
		return fail(diag, -errno, "cannot open folder %s: %s", chain->folder, strerror(errno));
	return 0;
}

int store_chain(struct chain *chain, const char *root, struct xslot_diag *diag)
{
	char path[PATH_MAX];
	int r;

	r = make_folder(chain, root, diag);
	if (r == 0)
		r = store_hold_folder(chain, diag);
	if (r == 0)
		r = store_make_folders(chain, diag);
	if (r == 0)
		r = dispatcher_pin(chain->dispatcher, chain->folder, diag);
	if (r == 0)
		r = manifest_create(chain->manifest.layout, &chain->manifest_fd, diag);
	if (r == 0)
		r = manifest_write(chain->manifest_fd, &chain->manifest, diag);
	store_path(chain, path, "manifest");
	if (r == 0)
		r = bpffs_pin(chain->manifest_fd, path, "manifest", diag);
	return r;
}

/*
 * Both folders change names at once, so that there is one of the chain's name at any time. Before Linux 5.16
 * bpffs cannot do that, and there is a moment without.
 */
static int exchange_folders(struct chain *chain, struct chain *other)
{
	CLEANUP(free) char *aside = NULL;
	char *folder = chain->folder;
	int r = 0;

	if (renameat2(AT_FDCWD, folder, AT_FDCWD, other->folder, RENAME_EXCHANGE) < 0) {
		if (errno != EINVAL || asprintf(&aside, "%s@", folder) < 0)
			return -errno;
		if (rename(other->folder, aside) < 0 || rename(folder, other->folder) < 0 ||
			rename(aside, folder) < 0)
			r = -errno;
	}
	chain->folder = other->folder;
	other->folder = folder;
	return r;
}

int store_name_folder(struct chain *chain, const char *root, struct chain *const *gone, size_t n_gone,
	struct xslot_diag *diag)
{
	CLEANUP(free) char *folder = NULL;
	int r;

	if (asprintf(&folder, "%s/%s", root, chain->name) < 0)
		return fail(diag, -ENOMEM, "out of memory");
	if (strcmp(folder, chain->folder) == 0)
		return 0;
	for (size_t i = 0; i < n_gone; i++) {
		if (!gone[i]->folder || strcmp(gone[i]->folder, folder) != 0)
			continue;
		r = exchange_folders(chain, gone[i]);
		return r < 0 ? fail(diag, r, "cannot exchange the names of %s and %s: %s", gone[i]->folder,
				       chain->folder, strerror(-r))
			     : 0;
	}
	if (rename(chain->folder, folder) < 0)
		return fail(
			diag, -errno, "cannot rename %s to %s: %s", chain->folder, folder, strerror(errno));
	free(chain->folder);
	chain->folder = TAKE_PTR(folder);
	return 0;
}

int store_instance(struct chain *chain, struct occupant *occupant, struct xslot_diag *diag)
{
	char path[PATH_MAX];
	const void *object;
	size_t size;
	int r;

	occupant->id = chain->manifest.next_instance++;
	occupant_object(occupant, &object, &size);
	store_path(chain, path, "inst/%llu", (unsigned long long)occupant->id);
	r = instance_pin(occupant->instance, object, size, path, diag);
	return r < 0 ? r : store_release_instance(chain, occupant, diag);
}

int store_release_instance(const struct chain *chain, struct occupant *occupant, struct xslot_diag *diag)
{
	char pins[64];

	snprintf(pins, sizeof(pins), "/proc/self/fd/%d/inst/%llu", chain->folder_fd,
		(unsigned long long)occupant->id);
	return instance_release(occupant->instance, pins, diag);
}

int store_link(struct chain *chain, const struct chain_slot *slot, size_t index, struct xslot_diag *diag)
{
	char path[PATH_MAX];

#ifdef SABOTAGE_NO_GRACE
	/* bpffs lets go of a removed pin after a grace period of its own, which would hide that ours is
	 * skipped. */
	return 0;
#endif
	store_link_path(chain, slot->occupant->id, index, slot->bank, path);
	return bpffs_pin(xslot_link_fd(slot->link), path, "link", diag);
}

void store_interface_path(
	const struct chain *chain, const struct netdev *netdev, char ret_path[static PATH_MAX])
{
	store_path(chain, ret_path, "if/%u", netdev_ifindex(netdev));
}

int store_interface(struct chain *chain, const struct netdev *netdev, struct xslot_diag *diag)
{
	char path[PATH_MAX];

	store_interface_path(chain, netdev, path);
	/* An interface of that index that is gone: nobody can be attached there. */
	pindir_remove(path, NULL);
	return netdev_pin(netdev, path, diag);
}

/* Worker's: did a removal fail? And what is not found by looking: see store_take_left(). */
static bool untidy;
static struct left {
	char **paths;
	size_t n;
} left_folders, left_interfaces;

static void remember(struct left *left, const char *path)
{
	left->paths = memory_must(reallocarray(left->paths, left->n + 1, sizeof(*left->paths)));
	left->paths[left->n++] = memory_copy(path);
}

void store_note_removal(int r, struct xslot_diag *diag)
{
	if (r < 0) {
		log_warning("%s; the next change tries again", diag->message);
		untidy = true;
	}
	xslot_diag_clear(diag);
}

void store_forget(const char *path)
{
	struct xslot_diag diag = {};

	store_note_removal(pindir_remove(path, &diag), &diag);
}

void store_forget_folder(const char *folder)
{
	struct xslot_diag diag = {};
	int r = removal_forget(folder, &diag);

	if (r < 0)
		remember(&left_folders, folder);
	store_note_removal(r, &diag);
}

void store_forget_attachment(const char *path)
{
	struct xslot_diag diag = {};
	int r = pindir_remove(path, &diag);

	if (r < 0)
		remember(&left_interfaces, path);
	store_note_removal(r, &diag);
}

size_t store_take_left(enum store_left which, char ***ret_paths)
{
	struct left *left = which == STORE_FOLDERS ? &left_folders : &left_interfaces;
	size_t n = left->n;

	*ret_paths = TAKE_PTR(left->paths);
	left->n = 0;
	return n;
}

bool store_was_untidy(void)
{
	bool was = untidy;

	untidy = false;
	return was;
}

void store_forget_link(const struct chain *chain, const struct chain_slot *slot, size_t index)
{
	char path[PATH_MAX];

	if (!slot->occupant->id)
		return;
	store_link_path(chain, slot->occupant->id, index, slot->bank, path);
	store_forget(path);
}

void store_forget_instance(const struct chain *chain, const struct occupant *occupant)
{
	char path[PATH_MAX];

	if (!occupant->id)
		return;
	store_path(chain, path, "inst/%llu", (unsigned long long)occupant->id);
	store_forget(path);
}

void store_forget_interface(const struct chain *chain, const struct netdev *netdev)
{
	char path[PATH_MAX];

	store_interface_path(chain, netdev, path);
	store_forget_attachment(path);
}

void store_forget_chain(const struct chain *chain)
{
	if (chain->folder)
		store_forget_folder(chain->folder);
}

static int mark_interface(struct chain *chain, const struct netdev *netdev, struct xslot_diag *diag)
{
	char path[PATH_MAX];

	store_interface_path(chain, netdev, path);
	pindir_remove(path, NULL);
	return bpffs_pin(dispatcher_fd(chain->dispatcher), path, netdev_name(netdev), diag);
}

int store_update_interface(struct chain *to, struct netdev *netdev, struct xslot_diag *diag)
{
	bool mark = netdev_kind(netdev) == NETDEV_NETLINK;
	int r = mark ? mark_interface(to, netdev, diag) : 0;

	if (r == 0)
		r = netdev_update(netdev, dispatcher_fd(to->dispatcher), diag);
	if (r < 0 && mark)
		store_forget_interface(to, netdev);
	return r;
}

void store_move_interface(const struct chain *from, const struct chain *to, const struct netdev *netdev)
{
	char old[PATH_MAX], new[PATH_MAX];

	if (netdev_kind(netdev) == NETDEV_NETLINK) { /* marked in its new chain already */
		store_forget_interface(from, netdev);
		return;
	}
	store_interface_path(from, netdev, old);
	store_interface_path(to, netdev, new);
	if (rename(old, new) < 0)
		log_warning("cannot rename %s to %s: %s", old, new, strerror(errno));
}

static int show_slot(const struct chain *chain, const struct chain_slot *slot)
{
	char path[PATH_MAX], new[PATH_MAX], wanted[64], is[64];
	ssize_t size;

	store_path(chain, path, "slot/%u", slot->number);
	store_path(chain, new, "slot/@%u", slot->number);
	snprintf(wanted, sizeof(wanted), "../inst/%llu", (unsigned long long)slot->occupant->id);
	size = readlink(path, is, sizeof(is));
	if (size == (ssize_t)strlen(wanted) && memcmp(is, wanted, size) == 0)
		return 0;
	store_forget(new);
	return symlink(wanted, new) < 0 || rename(new, path) < 0 ? -errno : 0;
}

void store_show_slots(const struct chain *chain)
{
	char path[PATH_MAX], number[16];
	char **names = NULL;
	size_t n = 0;

	for (size_t i = 0; i < chain->n_slots; i++) {
		int r = show_slot(chain, &chain->slots[i]);

		if (r < 0)
			log_warning("chain %s: cannot show slot %u in %s/slot: %s", chain->name,
				chain->slots[i].number, chain->folder, strerror(-r));
	}
	store_path(chain, path, "slot");
	pindir_list(path, &names, &n, NULL);
	for (size_t j = 0; j < n; j++) {
		bool runs = false;

		for (size_t i = 0; i < chain->n_slots; i++) {
			snprintf(number, sizeof(number), "%u", chain->slots[i].number);
			runs |= strcmp(names[j], number) == 0;
		}
		store_path(chain, path, "slot/%s", names[j]);
		if (!runs)
			store_forget(path);
	}
	pindir_list_free(names, n);
}

static void record_slot(struct manifest_slot *record, const struct chain_slot *slot)
{
	const struct occupant *occupant = slot->occupant;

	*record = (struct manifest_slot){
		.instance = occupant->id,
		.number = slot->number,
		.proceed = slot->proceed,
		.default_proceed = occupant->default_proceed,
		.state_version = occupant->plugin->state_version,
		.is_object = occupant->plugin->object,
		.previous = slot->previous,
		.since = (uint64_t)occupant->since,
		.content = occupant->identity,
		.count = slot->count,
	};
	snprintf(record->plugin, sizeof(record->plugin), "%s", occupant->plugin->name);
	snprintf(record->version, sizeof(record->version), "%s", occupant->plugin->version);
	snprintf(record->function, sizeof(record->function), "%s", occupant_function(occupant));
}

void store_record(struct chain *chain, uint32_t generation, const struct chain_slot *slots, size_t n_slots)
{
	struct manifest_record *record =
		&chain->manifest.record[dispatcher_parity(chain->dispatcher, generation)];

	record->generation = generation;
	record->n_slots = n_slots;
	for (size_t i = 0; i < n_slots; i++)
		record_slot(&record->slots[i], &slots[i]);
}

int store_write(struct chain *chain, struct xslot_diag *diag)
{
	chain->manifest.bypass = chain->bypass;
	return manifest_write(chain->manifest_fd, &chain->manifest, diag);
}

void store_running(struct chain *chain)
{
	struct xslot_diag diag = {};

	chain->manifest.frags = chain->frags;
	store_record(chain, dispatcher_running(chain->dispatcher)->id, chain->slots, chain->n_slots);
	if (store_write(chain, &diag) < 0)
		log_error("chain %s: %s", chain->name, diag.message);
	xslot_diag_clear(&diag);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A chain in bpffs, so that it outlives the host. In the chain's folder:
 *
 *	dispatcher, state, counters, manifest
 *	if/IFINDEX                      the XDP links; for attachments through netlink, the dispatcher
 *	inst/ID/program, object, maps/  an instance; an ID is never used twice
 *	inst/ID/entry, programs/        … of an object whose programs stay XDP programs
 *	inst/ID/link_INDEX_BANK         the link that fills a stub
 *	fused_X, code_X                 the link that fills a fused stub, and its program, see tier.h
 *	slot/NUMBER -> ../inst/ID       for users: the running instance, by INI number
 *
 * The dispatcher's state and the manifest say which of the instances run; what neither names is left over.
 */
#ifndef HOST_CHAIN_STORE_H
#define HOST_CHAIN_STORE_H

#include <limits.h>

#include "host/chain/chain.h"

/* Path of something in the chain's folder. */
void store_path(const struct chain *chain, char ret_path[static PATH_MAX], const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void store_link_path(const struct chain *chain, uint64_t instance, size_t index, enum bank bank,
	char ret_path[static PATH_MAX]);
void store_interface_path(
	const struct chain *chain, const struct netdev *netdev, char ret_path[static PATH_MAX]);

/*
 * Make the folder ROOT/NAME (or NAME@ when that is taken, see store_name_folder) and pin a new chain's
 * dispatcher.
 */
int store_chain(struct chain *chain, const char *root, struct xslot_diag *diag);
/* Those in the chain's folder that are not there: it may have been removed in part. */
int store_make_folders(const struct chain *chain, struct xslot_diag *diag);
/* The folder gets the chain's name; one of the `gone` chains that has it gets this one's instead. */
int store_name_folder(struct chain *chain, const char *root, struct chain *const *gone, size_t n_gone,
	struct xslot_diag *diag);

/* Give a loaded instance its ID, pin it, and close what the pins hold from then on. */
int store_instance(struct chain *chain, struct occupant *occupant, struct xslot_diag *diag);
/* The last of that for one that was adopted, after store_hold_folder(). */
int store_release_instance(const struct chain *chain, struct occupant *occupant, struct xslot_diag *diag);
/* store_chain() does it: open the chain's folder, for good. */
int store_hold_folder(struct chain *chain, struct xslot_diag *diag);
int store_link(struct chain *chain, const struct chain_slot *slot, size_t index, struct xslot_diag *diag);
int store_interface(struct chain *chain, const struct netdev *netdev, struct xslot_diag *diag);
/*
 * Give an interface that runs another chain's program this chain's; store_move_interface() is to follow. One
 * that is attached through netlink is marked in this chain first: a host that dies in between leaves two
 * marks, of which the one whose program runs is true.
 */
int store_update_interface(struct chain *to, struct netdev *netdev, struct xslot_diag *diag);

/*
 * slot/NUMBER leads to what runs, each changed by one rename: whoever opens slot/10/maps/flows gets the map
 * of the old instance or of the new. Before the old one is removed. A failure is logged.
 */
void store_show_slots(const struct chain *chain);

/*
 * Remove pins. What does not exist is fine; anything else that fails is logged, and leftover_again() is to
 * try it again. Close fds after, not before. Worker thread, once there is one.
 */
void store_forget(const char *path);
void store_forget_folder(const char *folder);	/* a chain's */
void store_forget_attachment(const char *path); /* an interface's pin */
void store_forget_link(const struct chain *chain, const struct chain_slot *slot, size_t index);
void store_forget_instance(const struct chain *chain, const struct occupant *occupant);
void store_forget_interface(const struct chain *chain, const struct netdev *netdev);
void store_forget_chain(const struct chain *chain);
/* What came of a removal by other means: a failure is logged, as theirs. Clears the sentence. */
void store_note_removal(int r, struct xslot_diag *diag);
/* Did one of these fail since this was asked last? */
bool store_was_untidy(void);
/*
 * What store_forget_folder() and store_forget_attachment() could not remove; the caller's to free, and
 * forgotten here. Interfaces are not found by looking into a chain's folder: a pin there that no attachment
 * of the chain has may be another's, or all that is known of an interface that moved away.
 */
enum store_left { STORE_FOLDERS, STORE_INTERFACES };
size_t store_take_left(enum store_left which, char ***ret_paths);

/* The interface runs another chain's program now: its pin moves. */
void store_move_interface(const struct chain *from, const struct chain *to, const struct netdev *netdev);

/* Note in the manifest, not yet written, what a generation is made of, with its counts as they are. */
void store_record(struct chain *chain, uint32_t generation, const struct chain_slot *slots, size_t n_slots);
/* Write the manifest: one system call. */
int store_write(struct chain *chain, struct xslot_diag *diag);
/* Both, for what runs. A failure is logged. */
void store_running(struct chain *chain);

#endif

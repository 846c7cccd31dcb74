/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The host's folders in bpffs, where kernel objects outlive it: BPFFS/NETNS/CHAIN/…. Paths are built with
 * pindir_path(); everything below works on paths. Names must not hold a dot: bpffs refuses them.
 */
#ifndef KERNEL_PINDIR_H
#define KERNEL_PINDIR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

struct pindir;

/*
 * Open (and make, 0700) BPFFS/NETNS, where NETNS is the inode of this network namespace, and lock it as long
 * as it is open: -EBUSY when another host has it. -EINVAL when BPFFS is not in a BPF file system; the
 * sentence says how to get one.
 *
 * The kernel gives the inode of a namespace that is gone to another one. So the folder has a mark, the folder
 * NETNS/@netns/COOKIE, which no listing shows.
 */
int pindir_open(const char *bpffs, struct pindir **ret_pindir, struct xslot_diag *diag);
/* Let go of the lock; the folder goes too when it is empty. Accepts NULL. */
/* The same folder, only to look into: nothing is made or locked. That it does not exist is no failure. */
int pindir_look(const char *bpffs, struct pindir **ret_pindir, struct xslot_diag *diag);
/* Is its folder still the one that was opened? -ESTALE and a sentence when another file system hides it. */
int pindir_check_same(const struct pindir *pindir, struct xslot_diag *diag);
/* Is another BPF file system hidden below the one that has the path? Then a sentence. */
bool pindir_hides(const char *bpffs, struct xslot_diag *ret_what);
void pindir_close(struct pindir *pindir);
const char *pindir_root(const struct pindir *pindir);

enum pindir_past {
	PINDIR_OURS, /* made in this namespace, or has no mark (an older version made it): taken to be ours */
	PINDIR_ANOTHERS, /* a namespace that is gone had this inode: nothing in it may be believed */
	PINDIR_UNKNOWN,	 /* this kernel has no cookies (before Linux 5.14) */
};
enum pindir_past pindir_past(const struct pindir *pindir);
/* From now on it is this namespace's: after what was another's has been removed. */
int pindir_mark(struct pindir *pindir, struct xslot_diag *diag);

/* The cookie in the mark of a folder: 1; 0: it has none; -errno. */
int pindir_cookie(const char *root, uint64_t *ret_cookie);

/* The same for the folder of another namespace, to remove what is in it: -EBUSY while a host has it. */
int pindir_open_another(const char *root, struct pindir **ret_pindir, struct xslot_diag *diag);

/* 0 when the nearest part of the path that exists is in a BPF file system; -EINVAL says how to get one. */
int pindir_check(const char *bpffs, struct xslot_diag *diag);

/* Make a folder; one that exists is fine. */
int pindir_make(const char *path, struct xslot_diag *diag);

/* The names in a folder, sorted; caller frees each and the array. A folder that does not exist has none. */
int pindir_list(const char *path, char ***ret_names, size_t *ret_n, struct xslot_diag *diag);
void pindir_list_free(char **names, size_t n);

/* Remove a file, or a folder with all that is in it. What does not exist is fine. */
int pindir_remove(const char *path, struct xslot_diag *diag);

#endif

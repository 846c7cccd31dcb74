/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * libxslot: BPF extension programs (freplace) as objects with a lifecycle. See xslot-extension(3).
 *
 *	open -> load (for a target's function) -> attach -> detach -> … -> unload -> free
 *
 * All functions return 0 or -errno. On failure they fill `diag` (may be NULL) and leave `ret_*` and
 * everything in the kernel as it was. One thread at a time for an extension and its links. Linux 5.10 or
 * newer; CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON and, to look functions up in a target's BTF, CAP_SYS_ADMIN.
 */
#ifndef XSLOT_EXTENSION_H
#define XSLOT_EXTENSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct bpf_object;
struct xslot_extension;
struct xslot_link;

struct xslot_extension_options {
	size_t size;	     /* sizeof(struct xslot_extension_options) */
	const char *program; /* C function name of the program; NULL: the object's only one, else an error */
	const char *name;    /* for messages; NULL: the file's or the program's name */
	bool frags;	     /* load with BPF_F_XDP_HAS_FRAGS (Linux 5.18); the target must have it too */
};

struct xslot_extension_info {
	size_t size;
	uint32_t program_id;
	char name[16]; /* as the kernel keeps it: cut to 15 characters */
	uint8_t tag[8];
	uint32_t target_id;	   /* program id of the load-time target */
	char target_function[128]; /* "" when opened from a pin and never attached through this object */
	size_t n_links;		   /* links owned by the extension (not taken) */
};

struct xslot_link_info {
	size_t size;
	uint32_t link_id;
	uint32_t program_id;
	uint32_t target_id;
	uint32_t target_btf_id; /* the function, in the target's BTF */
};

/*
 * Open the BPF object in a file, or in memory (copied). Nothing is loaded yet. Any section name works: the
 * type is forced to EXT and the expected attach type to 0. Other programs of the object are not loaded.
 * Errors: -ENOEXEC if it is not a BPF object; -ENOENT or -EINVAL name the programs to choose from.
 */
int xslot_extension_open_file(const char *path, const struct xslot_extension_options *options,
	struct xslot_extension **ret_extension, struct xslot_diag *diag);
int xslot_extension_open_memory(const void *object, size_t size,
	const struct xslot_extension_options *options, struct xslot_extension **ret_extension,
	struct xslot_diag *diag);

/*
 * libbpf's object, owned by the extension: to set variables and maps before load and to access maps after it.
 * An unload, or a load that the kernel refuses, replaces it by a new one in the state after opening. NULL for
 * an extension from a pin.
 */
struct bpf_object *xslot_extension_object(const struct xslot_extension *extension);

/*
 * Load the program to replace `function` of the program `target_fd`, of which the extension keeps its own
 * reference. Not live before attach. Errors: -EALREADY if loaded; -ENOENT if there is no such global
 * function, naming those that exist; -ENODATA if target or object lacks BTF; -EPROTOTYPE if the signatures
 * differ, or the size of a struct that an argument points to (which the kernel does not compare; the context
 * struct and forward declarations are exempt); -EPERM, with the reason: a capability, lockdown or the kernel;
 * else the verifier's errno with its log in diag->log.
 */
int xslot_extension_load(
	struct xslot_extension *extension, int target_fd, const char *function, struct xslot_diag *diag);

/*
 * Make it live: in the load-time target and function, or in another target, which is verified again. The link
 * belongs to the extension. Errors: -EINVAL before load; -EBUSY names what holds the function.
 */
int xslot_extension_attach(struct xslot_extension *extension, uint32_t *ret_link_id, struct xslot_diag *diag);
int xslot_extension_attach_to(struct xslot_extension *extension, int target_fd, const char *function,
	uint32_t *ret_link_id, struct xslot_diag *diag);

/* Remove one link of this extension: the original function runs again. -ENOENT if the link is not its own. */
int xslot_extension_detach(struct xslot_extension *extension, uint32_t link_id, struct xslot_diag *diag);

/* Transfer the link to the caller: unload and free no longer detach it, closing it does. -ENOENT as above. */
int xslot_extension_take_link(struct xslot_extension *extension, uint32_t link_id,
	struct xslot_link **ret_link, struct xslot_diag *diag);

/* Detach the links that were not taken, release program and target. May be loaded again. -EINVAL if not
 * loaded. */
int xslot_extension_unload(struct xslot_extension *extension, struct xslot_diag *diag);

/* Unload if loaded, and free. NULL does nothing. */
void xslot_extension_free(struct xslot_extension *extension);

/* The loaded program's fd, owned by the extension; -EINVAL before load. */
int xslot_extension_fd(const struct xslot_extension *extension);

/* `ret_info->size` must be set by the caller. */
int xslot_extension_get_info(const struct xslot_extension *extension, struct xslot_extension_info *ret_info,
	struct xslot_diag *diag);

/* Pin the loaded program into bpffs. A failed pin leaves everything as it was. Names with a dot are refused.
 */
int xslot_extension_pin(struct xslot_extension *extension, const char *path, struct xslot_diag *diag);

/* Open a pinned extension program: it is loaded, for attach_to. -EINVAL if the pin is of another kind. */
int xslot_extension_from_pin(
	const char *path, struct xslot_extension **ret_extension, struct xslot_diag *diag);

int xslot_link_fd(const struct xslot_link *link);
int xslot_link_get_info(
	const struct xslot_link *link, struct xslot_link_info *ret_info, struct xslot_diag *diag);
int xslot_link_pin(struct xslot_link *link, const char *path, struct xslot_diag *diag);
/* Remove the pin made by xslot_link_pin or opened from; the link stays live as long as it is open. */
int xslot_link_unpin(struct xslot_link *link, struct xslot_diag *diag);
/* -EINVAL if the pin is not a link of an extension program. */
int xslot_link_open_pinned(const char *path, struct xslot_link **ret_link, struct xslot_diag *diag);
/*
 * Close: detaches unless pinned or held elsewhere. After an unpin it waits until the link is gone, at most
 * 250 ms, since some kernels release a removed pin late. NULL does nothing.
 */
void xslot_link_close(struct xslot_link *link);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Plugins as shared objects: found, trusted, described and mapped. One thread at a time (the worker). */
#ifndef MODULE_MODULE_H
#define MODULE_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <xslot/diag.h>

#include "module/descriptor.h"
#include "util/digest.h"
#include "util/files.h"

#define MODULE_MAX_SIZE (64UL << 20)

struct modules; /* all that are loaded, so that one content is mapped once */
struct module;	/* one content, counted references */

int modules_new(struct modules **ret_modules);
void modules_free(struct modules *modules); /* accepts NULL; all modules must have been let go */
/*
 * Ask before code of a file runs, in dlopen at first: a refusal of the guard's own errno and sentence is
 * modules_get()'s. Asked about files that are mapped already, too.
 */
typedef int (*modules_guard)(const char *path, const struct digest *content, const struct descriptor *plugin,
	struct xslot_diag *diag);
void modules_set_guard(struct modules *modules, modules_guard guard);
/*
 * Ask before a file's bytes are read as a plugin (`opened` false) and before they are mapped: they may be
 * damaged, and then libelf, ld.so or the file's own code may end the process. A refusal is modules_get()'s.
 */
typedef int (*modules_look)(const char *path, struct blob *bytes, const struct digest *content, bool opened,
	struct xslot_diag *diag);
void modules_set_look(struct modules *modules, modules_look look);
/*
 * From now on map the files themselves in place of private copies, so that valgrind and perf know their code
 * by name. One that is written to while it is mapped ends the process.
 */
void modules_map_in_place(struct modules *modules);

/*
 * Load the plugin file at `path`, read through `files` (NULL: plainly), or share the module that has the same
 * bytes. Order: owner and mode of file and directory (moddir_trust, unless `files` trusts all), a private
 * copy, its descriptor by libelf (module_describe), then dlopen of the copy. Each refusal is its own sentence
 * and leaves nothing mapped. Constructors run in dlopen. A path that `files` knows, of a module that is
 * loaded, is not looked at again.
 */
int modules_get(struct modules *modules, struct files *files, const char *path, struct module **ret_module,
	struct xslot_diag *diag);
/* The module of these bytes, whoever owns the file at `path`; nothing is asked. For the process that looks
 * first. */
int modules_try(struct modules *modules, const char *path, struct blob *bytes, struct module **ret_module,
	struct xslot_diag *diag);
/*
 * Told before a file's own code runs, `what` being "constructors" or "destructors", and behind it, with NULL.
 * No other code of any plugin may run between the two.
 */
typedef void (*modules_run)(const struct descriptor *plugin, const struct digest *content, const char *what);
void modules_set_run(struct modules *modules, modules_run run);
struct module *module_ref(struct module *module);
void module_unref(struct module *module); /* accepts NULL; the last one unmaps */

/* The descriptor, in today's layout whatever the plugin was compiled with (absent fields are 0). */
const struct descriptor *module_plugin(const struct module *module);
const struct digest *module_digest(const struct module *module); /* of the file's bytes */
const char *module_path(const struct module *module);		 /* where it was first loaded from */

/*
 * The descriptor of a file, without running any of its code. Pointers in it are NULL. Checks ELF class,
 * machine, magic, abi, sizes and NUL-terminated strings.
 */
int module_describe(const char *path, struct descriptor *ret_plugin, struct xslot_diag *diag);

int module_describe_blob(
	const struct blob *bytes, const char *path, struct descriptor *ret_plugin, struct xslot_diag *diag);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One content is one module, from whatever path it was read: slots that name the same bytes share a mapping
 * and with it the plugin's static variables. Mapping and its names are in library.c.
 */
#include "module/module.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "module/describe.h"
#include "module/library.h"
#include "module/moddir.h"
#include "module/pointers.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/reader.h"

struct modules {
	struct module *first;
	modules_guard guard; /* or NULL */
	modules_look look;   /* or NULL */
	bool in_place;
	modules_run run; /* or NULL */
};

struct module {
	struct modules *modules;
	struct module *next;
	unsigned references;
	char *path;
	struct blob *blob;
	struct digest digest; /* of the blob: made once, since it takes longer than all else about a file */
	struct library *library; /* NULL: not mapped yet */
	struct descriptor plugin;
	struct description description;
};

static void tell_run(const struct module *module, const char *what)
{
	if (module->modules->run)
		module->modules->run(&module->plugin, &module->digest, what);
}

static void module_free(struct module *module)
{
	if (module->library)
		tell_run(module, "destructors");
	library_close(module->library);
	if (module->library)
		tell_run(module, NULL);
	blob_free(module->blob);
	free(module->path);
	free(module);
}

DEFINE_CLEANUP(struct module *, module_unref);
DEFINE_CLEANUP(struct blob *, blob_free);

int modules_new(struct modules **ret_modules)
{
	struct modules *modules = calloc(1, sizeof(*modules));

	if (!modules)
		return -ENOMEM;
	*ret_modules = modules;
	return 0;
}

void modules_free(struct modules *modules)
{
	free(modules);
}

void modules_set_guard(struct modules *modules, modules_guard guard)
{
	modules->guard = guard;
}

void modules_set_look(struct modules *modules, modules_look look)
{
	modules->look = look;
}

void modules_set_run(struct modules *modules, modules_run run)
{
	modules->run = run;
}

void modules_map_in_place(struct modules *modules)
{
	modules->in_place = true;
}

/* What was described must be what runs: a constructor, or another library's symbol, may have come between. */
static int check_mapped(const struct module *module, const struct descriptor *mapped, struct xslot_diag *diag)
{
	const size_t text = offsetof(struct descriptor, bpf);
	const char *wild;

	if (memcmp(mapped->params, module->plugin.params, sizeof(mapped->params)) != 0)
		return fail(diag, -ENOEXEC, "%s changed its parameters while it was loaded", module->path);
	if (memcmp(mapped->commands, module->plugin.commands, sizeof(mapped->commands)) != 0)
		return fail(diag, -ENOEXEC, "%s changed its commands while it was loaded", module->path);
	if (memcmp(mapped, &module->plugin, text) != 0 || mapped->bpf_size != module->plugin.bpf_size)
		return fail(diag, -ENOEXEC, "%s changed its descriptor while it was loaded", module->path);
	if (mapped->bpf_size > 0 && !mapped->bpf)
		return fail(diag, -ENOEXEC, "%s gives the size of a BPF object and no object", module->path);
	for (size_t i = 0; mapped->commands[i].name[0]; i++)
		if (!mapped->run[i])
			return fail(diag, -ENOEXEC, "%s gives its command %s no function: set its .run",
				module->path, mapped->commands[i].name);
	wild = pointers_find_wild(mapped);
	if (wild)
		return fail(diag, -ENOEXEC,
			"%s is damaged: \".%s\" of its descriptor points outside of the loaded file",
			module->path, wild);
	if (mapped->bpf_size > 0 && (!mapped->function || !mapped->function[0]))
		return fail(diag, -ENOEXEC, "%s does not name the BPF function that fills the slot",
			module->path);
	return 0;
}

static int read_mapped(const struct module *module, struct descriptor *ret_plugin, struct xslot_diag *diag)
{
	const struct description *description = &module->description;
	struct descriptor_source source = { .plugin_size = description->plugin_size,
		.params_size = description->params_size,
		.commands_size = description->commands_size,
		.object = description->object };

	source.plugin = library_symbol(module->library, "xslot_plugin");
	if (!source.plugin)
		return fail(diag, -ENOEXEC, "%s does not export the symbol xslot_plugin", module->path);
	if (source.params_size)
		source.params = library_symbol(module->library, "xslot_params");
	if (source.params_size && !source.params)
		return fail(diag, -ENOEXEC, "%s does not export the symbol xslot_params", module->path);
	if (source.commands_size)
		source.commands = library_symbol(module->library, "xslot_commands");
	if (source.commands_size && !source.commands)
		return fail(diag, -ENOEXEC, "%s does not export the symbol xslot_commands", module->path);
	return descriptor_read(&source, module->path, ret_plugin, diag);
}

static int module_map(struct module *module, struct xslot_diag *diag)
{
	struct descriptor mapped;
	int r;

	tell_run(module, "constructors");
	r = library_open(module->blob, module->path, module->modules->in_place, &module->library, diag);
	tell_run(module, NULL);
	if (r == 0)
		r = read_mapped(module, &mapped, diag);
	if (r == 0)
		r = check_mapped(module, &mapped, diag);
	if (r < 0)
		return r;
	module->plugin = mapped;
	return 0;
}

static struct module *modules_find(struct modules *modules, const struct blob *blob)
{
	for (struct module *module = modules->first; module; module = module->next)
		if (blob_equal(module->blob, blob))
			return module;
	return NULL;
}

/* What was loaded from there last. */
static struct blob *last_from(const struct modules *modules, const char *path)
{
	for (const struct module *module = modules->first; module; module = module->next)
		if (strcmp(module->path, path) == 0)
			return module->blob;
	return NULL;
}

/* Not mapped yet; nobody finds it. */
static int module_new(struct modules *modules, const char *path, struct blob *blob,
	struct module **ret_module, struct xslot_diag *diag)
{
	CLEANUP(module_unref) struct module *module = calloc(1, sizeof(*module));
	int r;

	if (!module)
		return fail(diag, -ENOMEM, "cannot load %s: out of memory", path);
	module->references = 1;
	module->modules = modules;
	module->blob = blob_ref(blob);
	module->path = strdup(path);
	if (!module->path)
		return fail(diag, -ENOMEM, "cannot load %s: out of memory", path);
	module->digest = digest_of(blob->data, blob->size);
	r = modules->look ? modules->look(path, blob, &module->digest, false, diag) : 0;
	if (r == 0)
		r = describe_blob(blob, path, &module->plugin, &module->description, diag);
	if (r < 0)
		return r;
	*ret_module = TAKE_PTR(module);
	return 0;
}

/*
 * The module of what is at `path` now: one that is loaded, or a new one. The whole file is read to know
 * whether it is the same: times of a file do not tell, since who writes through a mapping need not change
 * them. What it turns out to be has been described.
 */
static int look_at_file(struct modules *modules, struct files *files, const char *path,
	struct module **ret_module, struct xslot_diag *diag)
{
	CLEANUP(free) char *named = files_path(files, path), *file = NULL;
	const bool careful = !files || files->reader.careful;
	CLEANUP(module_unref) struct module *module = NULL;
	CLEANUP(blob_free) struct blob *blob = NULL;
	struct module *found;
	int r;

	if (!named)
		return fail(diag, -ENOMEM, "out of memory");
	r = careful ? moddir_trust(named, &file, diag) : 0;
	if (r == 0)
		r = files_look(files, path, MODULE_MAX_SIZE, last_from(modules, path), &blob, diag);
	if (r < 0)
		return r;
	found = modules_find(modules, blob);
	if (found)
		module = module_ref(found);
	else
		r = module_new(modules, path, blob, &module, diag);
	if (r < 0)
		return r;
	/* The module's own copy: who asks for this path next finds the module by it. */
	r = files_put(files, path, module->blob, diag);
	if (r == 0)
		*ret_module = TAKE_PTR(module);
	return r;
}

/* Map it; from now on it is found by its bytes. */
static int module_open(struct modules *modules, struct module *module, struct xslot_diag *diag)
{
	int r = module_map(module, diag);

	if (r < 0)
		return r;
	module->next = modules->first;
	modules->first = module;
	return 0;
}

int modules_get(struct modules *modules, struct files *files, const char *path, struct module **ret_module,
	struct xslot_diag *diag)
{
	CLEANUP(module_unref) struct module *module = NULL;
	const struct blob *known = files_find(files, path);
	struct module *loaded = known ? modules_find(modules, known) : NULL;
	int r = 0;

	if (loaded)
		module = module_ref(loaded);
	else
		r = look_at_file(modules, files, path, &module, diag);
	if (r == 0 && modules->guard)
		r = modules->guard(path, &module->digest, &module->plugin, diag);
	if (r < 0)
		return r;
	if (!module->library && modules->look)
		r = modules->look(path, module->blob, &module->digest, true, diag);
	if (r == 0 && !module->library)
		r = module_open(modules, module, diag);
	if (r == 0)
		*ret_module = TAKE_PTR(module);
	return r;
}

int modules_try(struct modules *modules, const char *path, struct blob *bytes, struct module **ret_module,
	struct xslot_diag *diag)
{
	CLEANUP(module_unref) struct module *module = NULL;
	int r = module_new(modules, path, bytes, &module, diag);

	if (r == 0)
		r = module_open(modules, module, diag);
	if (r == 0)
		*ret_module = TAKE_PTR(module);
	return r;
}

struct module *module_ref(struct module *module)
{
	module->references++;
	return module;
}

void module_unref(struct module *module)
{
	if (!module || --module->references > 0)
		return;
	for (struct module **at = &module->modules->first; *at; at = &(*at)->next) {
		if (*at == module) {
			*at = module->next;
			break;
		}
	}
	module_free(module);
}

const struct descriptor *module_plugin(const struct module *module)
{
	return &module->plugin;
}

const struct digest *module_digest(const struct module *module)
{
	return &module->digest;
}

const char *module_path(const struct module *module)
{
	return module->path;
}

int module_describe(const char *path, struct descriptor *ret_plugin, struct xslot_diag *diag)
{
	CLEANUP(blob_free) struct blob *blob = NULL;
	int r = blob_read(path, MODULE_MAX_SIZE, &blob, diag);

	return r < 0 ? r : describe_blob(blob, path, ret_plugin, NULL, diag);
}

int module_describe_blob(
	const struct blob *bytes, const char *path, struct descriptor *ret_plugin, struct xslot_diag *diag)
{
	return describe_blob(bytes, path, ret_plugin, NULL, diag);
}

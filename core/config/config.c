/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * All files are read first and taken as one, since a slot may stand in another file than its chain. Then
 * [host] and the chains are built, then the slots into their chains, then what only the whole can tell is
 * checked. Nothing stops at an error: each step leaves out what is broken and goes on, careful not to report
 * what follows from an error that is already told. In the end all errors are sorted by place.
 */
#include "config/config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xslot/slots.h>

#include "config/ini.h"
#include "config/sections.h"
#include "config/text.h"
#include "util/cleanup.h"

enum section_kind { SECTION_HOST, SECTION_CHAIN, SECTION_SLOT, SECTION_BAD };

/* A section's header, taken apart. */
struct header {
	enum section_kind kind;
	char chain[CONFIG_NAME_MAX + 1];
	unsigned number;
};

struct file_names {
	char **names; /* in order of reading */
	size_t n_names;
};

struct loader {
	struct config *config;
	struct ini ini;
	struct header *headers; /* one a section */
	struct report *report;
};

DEFINE_CLEANUP(struct config *, config_free);

/* Names outlive the INI data: places point to them. */
static int read_file(struct loader *loader, char *name)
{
	struct file_names *files = loader->config->names;

	files->names = array_grow(files->names, files->n_names, sizeof(*files->names));
	files->names[files->n_names++] = name;
	return ini_append(&loader->ini, name, loader->report);
}

static int is_snippet(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 4 && strcmp(entry->d_name + length - 4, ".ini") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name); /* not alphasort: that depends on the locale */
}

static int read_snippets(struct loader *loader)
{
	const char *file = loader->config->file, *slash = strrchr(file, '/');
	CLEANUP(free) char *directory = NULL;
	struct dirent **entries;
	int n, r = 0;

	if (asprintf(&directory, "%.*sconf.d", slash ? (int)(slash + 1 - file) : 0, file) < 0)
		abort();
	n = scandir(directory, &entries, is_snippet, by_name);
	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0) {
		loader->ini.incomplete = true;
		return report_add(
			loader->report, directory, 0, "cannot list the directory: %s", strerror(errno));
	}
	for (int i = 0; i < n; i++) {
		char *name;

		if (asprintf(&name, "%s/%s", directory, entries[i]->d_name) < 0)
			abort();
		if (read_file(loader, name) < 0)
			r = -EINVAL;
		free(entries[i]);
	}
	free(entries);
	return r;
}

/* The header's words; `rest` is what follows the first, without blanks around it. */
static int parse_header(const char *name, struct header *ret_header, struct xslot_diag *diag)
{
	static const char *const kinds[] = { "host", "chain", "slot" };
	CLEANUP(free) char *copy = text_copy(name);
	char *rest = copy, *kind = strsep(&rest, " \t"), *dot;
	const char *nearest;
	int r;

	rest = rest ? rest + strspn(rest, " \t") : kind + strlen(kind);
	if (strcmp(kind, "host") == 0) {
		if (rest[0])
			return fail(diag, -EINVAL, "[host] takes no name; remove \"%s\"", rest);
		ret_header->kind = SECTION_HOST;
		return 0;
	}
	if (strcmp(kind, "chain") != 0 && strcmp(kind, "slot") != 0) {
		nearest = text_nearest(kind, kinds, 3);
		return fail(diag, -EINVAL,
			"[%s] is no section; %s%s%s[host], [chain NAME] or [slot CHAIN.NUMBER]", name,
			nearest ? "did you mean " : "", nearest ? nearest : "",
			nearest ? "? The sections are " : "the sections are ");
	}
	dot = strchr(rest, '.');
	if (strcmp(kind, "slot") == 0) {
		if (!dot)
			return fail(diag, -EINVAL,
				"[%s] has no chain and number; write it as in [slot edge.10]", name);
		*dot = 0;
	}
	r = config_chain_check_name(rest, diag);
	if (r == 0 && strcmp(kind, "slot") == 0)
		r = config_slot_number(dot + 1, &ret_header->number, diag);
	if (r < 0)
		return r;
	ret_header->kind = strcmp(kind, "slot") == 0 ? SECTION_SLOT : SECTION_CHAIN;
	strncpy(ret_header->chain, rest, CONFIG_NAME_MAX);
	return 0;
}

static bool header_equal(const struct header *a, const struct header *b)
{
	return a->kind == b->kind && a->number == b->number && strcmp(a->chain, b->chain) == 0;
}

/* Fill in headers[index], or make it SECTION_BAD and report why. */
static int take_header(struct loader *loader, size_t index)
{
	const struct ini_section *section = &loader->ini.sections[index];
	struct header header = {};
	struct xslot_diag diag = {};

	loader->headers[index].kind = SECTION_BAD;
	if (parse_header(section->name, &header, &diag) < 0) {
		loader->ini.incomplete = true;
		return report_take(loader->report, section->place.file, section->place.line, &diag);
	}
	for (size_t i = 0; i < index; i++) {
		const struct config_place *place = &loader->ini.sections[i].place;

		if (header_equal(&loader->headers[i], &header))
			return report_add(loader->report, section->place.file, section->place.line,
				"[%s] is there a second time, the first is at %s:%u; put all its keys there",
				section->name, place->file, place->line);
	}
	loader->headers[index] = header;
	return 0;
}

static struct config_chain *find_chain(struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_chains; i++) {
		if (strcmp(config->chains[i].name, name) == 0)
			return &config->chains[i];
	}
	return NULL;
}

static int take_chain(struct loader *loader, size_t index)
{
	struct config *config = loader->config;
	struct config_chain *chain;

	config->chains = array_grow(config->chains, config->n_chains, sizeof(*config->chains));
	chain = &config->chains[config->n_chains++];
	*chain = (struct config_chain){};
	return config_chain_parse(
		chain, loader->headers[index].chain, &loader->ini.sections[index], loader->report);
}

static int refuse_unknown_chain(struct loader *loader, size_t index)
{
	const struct config_place *place = &loader->ini.sections[index].place;
	const char *name = loader->headers[index].chain, *nearest;
	CLEANUP(free) const char **names = NULL;
	struct config *config = loader->config;

	if (loader->ini.incomplete)
		return -EINVAL;
	names = array_grow(NULL, 0, (config->n_chains + 1) * sizeof(*names));
	for (size_t i = 0; i < config->n_chains; i++)
		names[i] = config->chains[i].name;
	nearest = text_nearest(name, names, config->n_chains);
	if (nearest)
		return report_add(loader->report, place->file, place->line,
			"there is no [chain %s] for this slot; did you mean %s?", name, nearest);
	return report_add(loader->report, place->file, place->line,
		"there is no [chain %s] for this slot; add it", name);
}

static int take_slot(struct loader *loader, size_t index)
{
	const struct ini_section *section = &loader->ini.sections[index];
	struct config_chain *chain = find_chain(loader->config, loader->headers[index].chain);
	struct config_slot slot = { .number = loader->headers[index].number };
	bool enabled;
	int r;

	r = config_slot_parse(&slot, section, &enabled, loader->report);
	if (!chain)
		r = refuse_unknown_chain(loader, index);
	if (!chain || !enabled) {
		config_slot_deinit(&slot);
		return r;
	}
	chain->slots = array_grow(chain->slots, chain->n_slots, sizeof(*chain->slots));
	chain->slots[chain->n_slots++] = slot;
	return r;
}

static int by_number(const void *a, const void *b)
{
	const struct config_slot *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static int check_slots(struct config_chain *chain, struct report *report)
{
	const struct config_slot *slot;

	if (chain->n_slots == 0)
		return 0;
	qsort(chain->slots, chain->n_slots, sizeof(*chain->slots), by_number);
	if (chain->n_slots <= XSLOT_MAX_SLOTS)
		return 0;
	slot = &chain->slots[XSLOT_MAX_SLOTS];
	return report_add(report, slot->place.file, slot->place.line,
		"chain %s has %zu enabled slots, and a chain has room for %u; disable some, or split the "
		"chain",
		chain->name, chain->n_slots, XSLOT_MAX_SLOTS);
}

struct interface_use {
	const struct config_interface *interface;
	const struct config_chain *chain;
	size_t order; /* as in the files: the later one of two is the error */
};

static int by_interface(const void *a, const void *b)
{
	const struct interface_use *x = a, *y = b;
	int r = strcmp(x->interface->name, y->interface->name);

	return r ? r : x->order < y->order ? -1 : x->order > y->order;
}

static int refuse_second_use(
	const struct interface_use *first, const struct interface_use *second, struct report *report)
{
	const struct config_place *place = &second->interface->place, *other = &first->interface->place;

	if (first->chain == second->chain)
		return report_add(report, place->file, place->line,
			"chain %s names interface %s a second time, the first is at %s:%u",
			second->chain->name, second->interface->name, other->file, other->line);
	return report_add(report, place->file, place->line,
		"interface %s is in chain %s already, at %s:%u; an interface runs one chain, so put the "
		"slots of "
		"both into one",
		second->interface->name, first->chain->name, other->file, other->line);
}

static int check_interfaces(const struct config *config, struct report *report)
{
	CLEANUP(free) struct interface_use *uses = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < config->n_chains; i++) {
		const struct config_chain *chain = &config->chains[i];

		for (size_t k = 0; k < chain->n_interfaces; k++) {
			uses = array_grow(uses, n, sizeof(*uses));
			uses[n] = (struct interface_use){ &chain->interfaces[k], chain, n };
			n++;
		}
	}
	if (n > 0)
		qsort(uses, n, sizeof(*uses), by_interface);
	for (size_t i = 1, first = 0; i < n; i++) {
		if (strcmp(uses[i].interface->name, uses[first].interface->name) == 0)
			r = refuse_second_use(&uses[first], &uses[i], report);
		else
			first = i;
	}
	return r;
}

static int take_sections(struct loader *loader)
{
	struct config *config = loader->config;
	size_t n = loader->ini.n_sections;
	int r = 0;

	loader->headers = array_grow(NULL, 0, (n + 1) * sizeof(*loader->headers));
	memset(loader->headers, 0, (n + 1) * sizeof(*loader->headers));
	for (size_t i = 0; i < n; i++)
		r |= take_header(loader, i);
	for (size_t i = 0; i < n; i++) {
		if (loader->headers[i].kind == SECTION_HOST)
			r |= config_host_parse(&config->host, &loader->ini.sections[i], loader->report);
		else if (loader->headers[i].kind == SECTION_CHAIN)
			r |= take_chain(loader, i);
	}
	for (size_t i = 0; i < n; i++) {
		if (loader->headers[i].kind == SECTION_SLOT)
			r |= take_slot(loader, i);
	}
	for (size_t i = 0; i < config->n_chains; i++)
		r |= check_slots(&config->chains[i], loader->report);
	r |= check_interfaces(config, loader->report);
	return r ? -EINVAL : 0;
}

struct sorted_error {
	struct report_error error;
	size_t file;
	size_t order;
};

static int by_place(const void *a, const void *b)
{
	const struct sorted_error *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->error.line != y->error.line)
		return x->error.line < y->error.line ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Sort what was added after the first `n_before` errors as the files were read. */
static void sort_errors(struct report *report, size_t n_before, const struct file_names *files)
{
	size_t n = report->n_errors - n_before;
	CLEANUP(free) struct sorted_error *sorted = array_grow(NULL, 0, (n + 1) * sizeof(*sorted));

	for (size_t i = 0; i < n; i++) {
		struct report_error *error = &report->errors[n_before + i];

		sorted[i] = (struct sorted_error){ .error = *error, .order = i };
		while (sorted[i].file < files->n_names && error->file &&
			strcmp(files->names[sorted[i].file], error->file) != 0)
			sorted[i].file++;
	}
	if (n > 0)
		qsort(sorted, n, sizeof(*sorted), by_place);
	for (size_t i = 0; i < n; i++)
		report->errors[n_before + i] = sorted[i].error;
}

int config_load(const char *file, struct config **ret_config, struct report *report)
{
	CLEANUP(config_free) struct config *config = array_grow(NULL, 0, sizeof(*config));
	struct loader loader = { .config = config, .report = report };
	size_t n_before = report->n_errors;
	int r;

	*config = (struct config){ .file = text_copy(file) };
	config->names = array_grow(NULL, 0, sizeof(struct file_names));
	memset(config->names, 0, sizeof(struct file_names));
	config_host_init(&config->host);
	r = read_file(&loader, text_copy(file));
	r |= read_snippets(&loader);
	r |= take_sections(&loader);
	sort_errors(report, n_before, config->names);
	ini_deinit(&loader.ini);
	free(loader.headers);
	if (r)
		return -EINVAL;
	*ret_config = TAKE_PTR(config);
	return 0;
}

void config_free(struct config *config)
{
	struct file_names *files;

	if (!config)
		return;
	files = config->names;
	config_host_deinit(&config->host);
	for (size_t i = 0; i < config->n_chains; i++)
		config_chain_deinit(&config->chains[i]);
	free(config->chains);
	for (size_t i = 0; i < files->n_names; i++)
		free(files->names[i]);
	free(files->names);
	free(files);
	free(config->file);
	free(config);
}

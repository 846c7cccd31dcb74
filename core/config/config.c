/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * All files are read first and treated as one, since a slot may be in another file than its chain. Then
 * [host] and the chains are built, then the slots are put into their chains, then the whole is checked.
 * Nothing stops at an error: each step leaves out what is broken and continues, and does not report
 * consequences of errors that are already reported. In the end all errors are sorted by place.
 */
#include "config/config_read.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/ini.h"
#include "config/sections.h"
#include "config/text.h"
#include "util/cleanup.h"

struct file_names {
	char **names; /* in order of reading */
	size_t n_names;
};

struct loader {
	struct config *config;
	struct files *files;
	struct ini ini;
	struct config_header *headers; /* one a section */
	bool host_broken;
	struct report *report;
};

DEFINE_CLEANUP(struct config *, config_free);
DEFINE_CLEANUP(struct files *, files_free);

/* What is read is not the whole: no more errors are looked for in it. */
static int no_memory(struct loader *loader)
{
	loader->ini.incomplete = true;
	return report_add(loader->report, loader->config->file, 0, "out of memory");
}

/* Names outlive the INI data: places point to them. Takes `name` over; NULL: there was no memory for it. */
static int read_file(struct loader *loader, char *name)
{
	struct file_names *files = loader->config->names;

	if (!name || array_grow(&files->names, files->n_names, sizeof(*files->names)) < 0) {
		free(name);
		return no_memory(loader);
	}
	files->names[files->n_names++] = name;
	return ini_append(&loader->ini, loader->files, name, loader->report);
}

bool config_is_snippet(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length > 4 && strcmp(name + length - 4, ".ini") == 0;
}

static int is_snippet(const struct dirent *entry)
{
	return config_is_snippet(entry->d_name);
}

static int read_snippets(struct loader *loader)
{
	const char *file = loader->config->file, *slash = strrchr(file, '/');
	CLEANUP(free) char *directory = NULL;
	struct xslot_diag diag = {};
	char **names;
	size_t n;
	int r = 0;

	if (asprintf(&directory, "%.*sconf.d", slash ? (int)(slash + 1 - file) : 0, file) < 0) {
		directory = NULL;
		return no_memory(loader);
	}
	if (files_list(loader->files, directory, is_snippet, &names, &n, &diag) < 0) {
		loader->ini.incomplete = true;
		return report_take(loader->report, directory, 0, &diag);
	}
	for (size_t i = 0; i < n; i++) {
		char *name;

		if (asprintf(&name, "%s/%s", directory, names[i]) < 0)
			name = NULL;
		if (read_file(loader, name) < 0)
			r = -EINVAL;
	}
	reader_free_names(names, n);
	return r;
}

static bool header_equal(const struct config_header *a, const struct config_header *b)
{
	return a->kind == b->kind && a->number == b->number && strcmp(a->chain, b->chain) == 0;
}

/* Fill in headers[index], or make it SECTION_BAD and report why. */
static int take_header(struct loader *loader, size_t index)
{
	const struct ini_section *section = &loader->ini.sections[index];
	struct config_header header = {};
	struct xslot_diag diag = {};

	loader->headers[index].kind = SECTION_BAD;
	if (config_header_parse(section->name, &header, &diag) < 0) {
		loader->ini.incomplete = true;
		return report_take(loader->report, section->place.file, section->place.line, &diag);
	}
	for (size_t i = 0; i < index; i++) {
		const struct config_place *place = &loader->ini.sections[i].place;

		if (header_equal(&loader->headers[i], &header))
			return report_add(loader->report, section->place.file, section->place.line,
				"duplicate section [%s], first defined at %s:%u; put all its keys there",
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

static int take_host(struct loader *loader, size_t index)
{
	const struct ini_section *section = &loader->ini.sections[index];
	int r = config_host_parse(&loader->config->host, section, loader->report);

	loader->host_broken = r < 0 || section->broken;
	return r;
}

static int take_chain(struct loader *loader, size_t index)
{
	struct config *config = loader->config;
	struct config_chain *chain;

	if (array_grow(&config->chains, config->n_chains, sizeof(*config->chains)) < 0)
		return no_memory(loader);
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
	names = calloc(config->n_chains + 1, sizeof(*names));
	if (!names)
		return no_memory(loader);
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
	if (array_grow(&chain->slots, chain->n_slots, sizeof(*chain->slots)) < 0) {
		config_slot_deinit(&slot);
		return no_memory(loader);
	}
	chain->slots[chain->n_slots++] = slot;
	return r;
}

/* What is to run comes first, each part in the order of the files. */
static int put_detached_last(struct loader *loader)
{
	struct config *config = loader->config;
	CLEANUP(free) struct config_chain *chains = calloc(config->n_chains + 1, sizeof(*chains));
	size_t n = 0;

	if (!chains)
		return no_memory(loader);
	for (int detach = 0; detach <= 1; detach++) {
		for (size_t i = 0; i < config->n_chains; i++) {
			if (config->chains[i].detach == detach)
				chains[n++] = config->chains[i];
		}
	}
	for (size_t i = 0; i < n; i++)
		config->chains[i] = chains[i];
	while (config->n_chains > 0 && config->chains[config->n_chains - 1].detach) {
		config->n_chains--;
		config->n_detached++;
	}
	return 0;
}

static int take_sections(struct loader *loader)
{
	struct config *config = loader->config;
	size_t n = loader->ini.n_sections;
	int r = 0;

	loader->headers = calloc(n + 1, sizeof(*loader->headers));
	if (!loader->headers)
		return no_memory(loader);
	for (size_t i = 0; i < n; i++)
		r |= take_header(loader, i);
	for (size_t i = 0; i < n; i++) {
		if (loader->headers[i].kind == SECTION_HOST)
			r |= take_host(loader, i);
		else if (loader->headers[i].kind == SECTION_CHAIN)
			r |= take_chain(loader, i);
	}
	for (size_t i = 0; i < n; i++) {
		if (loader->headers[i].kind == SECTION_SLOT)
			r |= take_slot(loader, i);
	}
	r |= put_detached_last(loader);
	r |= config_check(config, loader->report);
	return r ? -EINVAL : 0;
}

bool config_says_detach(const struct config *config, const char *chain, const char *interface)
{
	for (size_t i = 0; i < config->n_detached; i++) {
		const struct config_chain *detached = &config->chains[config->n_chains + i];

		if (detached->n_interfaces == 0 && strcmp(detached->name, chain) == 0)
			return true;
		for (size_t k = 0; k < detached->n_interfaces; k++) {
			if (strcmp(detached->interfaces[k].name, interface) == 0)
				return true;
		}
	}
	return false;
}

/* NULL when out of memory. */
static struct config *config_new(const char *file)
{
	CLEANUP(config_free) struct config *config = calloc(1, sizeof(*config));

	if (!config)
		return NULL;
	config->names = calloc(1, sizeof(struct file_names));
	if (!config->names || text_set(&config->file, file) < 0 || config_host_init(&config->host) < 0)
		return NULL;
	return TAKE_PTR(config);
}

void config_sort(const struct config *config, struct report *report, size_t n_before)
{
	const struct file_names *names = config->names;

	config_sort_errors(report, n_before, (const char *const *)names->names, names->n_names);
}

int config_read(struct files *files, const char *file, struct config **ret_config, struct report *report)
{
	CLEANUP(config_free) struct config *config = config_new(file);
	struct loader loader = { .config = config, .files = files, .report = report };
	size_t n_before = report->n_kept;
	int r;

	if (!config)
		return report_add(report, file, 0, "out of memory");
	r = read_file(&loader, strdup(file));
	r |= read_snippets(&loader);
	r |= take_sections(&loader);
	config_sort(config, report, n_before);
	*ret_config = loader.host_broken || loader.ini.incomplete ? NULL : TAKE_PTR(config);
	ini_deinit(&loader.ini);
	free(loader.headers);
	return r ? -EINVAL : 0;
}

/* For tools, which are not refused what belongs to the user who runs them or to nobody in particular. */
static struct files *files_of_tool(void)
{
	struct files *files = files_new(NULL);

	if (files && geteuid() != 0)
		files_trust_all(files);
	return files;
}

int config_settle(struct files *files, struct report *report, size_t n_before)
{
	struct xslot_diag diag = {};
	int r = report->no_descriptors ? 0 : files_settle(files, &diag); /* it could not ask either */

	if (r < 0)
		report_cut(report, n_before);
	if (r < 0 && r != -EAGAIN)
		return report_take(report, NULL, 0, &diag);
	return r;
}

int config_load(struct files *given, const char *file, struct config **ret_config, struct report *report)
{
	CLEANUP(files_free) struct files *own = given ? NULL : files_of_tool();
	CLEANUP(config_free) struct config *config = NULL;
	struct files *files = given ? given : own;
	size_t n_before = report->n_errors;
	int r, settled;

	if (!files)
		return report_add(report, file, 0, "out of memory");
	do {
		config_free(TAKE_PTR(config));
		r = config_read(files, file, &config, report);
		settled = config_settle(files, report, n_before);
	} while (settled == -EAGAIN);
	if (settled < 0)
		return settled;
	if (r == 0)
		*ret_config = TAKE_PTR(config);
	return r;
}

/* `config` is begun. */
static int read_host(struct config *config, struct files *files, struct report *report)
{
	struct loader loader = { .config = config, .files = files, .report = report };
	int r;

	r = read_file(&loader, strdup(config->file));
	r |= read_snippets(&loader);
	for (size_t i = 0; i < loader.ini.n_sections; i++) {
		if (strcmp(loader.ini.sections[i].name, "host") == 0)
			r |= config_host_parse(&config->host, &loader.ini.sections[i], report);
	}
	ini_deinit(&loader.ini);
	return r;
}

int config_load_host(const char *file, struct config_host *ret_host)
{
	CLEANUP(files_free) struct files *files = files_of_tool();
	CLEANUP(config_free) struct config *config = NULL;
	struct report report = {};
	int r, settled;

	do {
		config_free(TAKE_PTR(config));
		config = config_new(file);
		if (!files || !config)
			return -EINVAL;
		r = read_host(config, files, &report);
		settled = config_settle(files, &report, 0);
	} while (settled == -EAGAIN);
	*ret_host = config->host;
	ret_host->socket_place = ret_host->state_place = ret_host->on_stop_place = (struct config_place){};
	config->host = (struct config_host){};
	report_clear(&report);
	return r || settled ? -EINVAL : 0;
}

void config_free(struct config *config)
{
	struct file_names *files;

	if (!config)
		return;
	files = config->names;
	config_host_deinit(&config->host);
	for (size_t i = 0; i < config->n_chains + config->n_detached; i++)
		config_chain_deinit(&config->chains[i]);
	free(config->chains);
	for (size_t i = 0; files && i < files->n_names; i++)
		free(files->names[i]);
	if (files)
		free(files->names);
	free(files);
	free(config->file);
	free(config);
}

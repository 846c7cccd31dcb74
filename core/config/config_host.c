/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The section [host]. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "config/keys.h"
#include "config/sections.h"
#include "config/text.h"
#include "util/cleanup.h"

#define DEFAULT_SOCKET "/run/xslot/control"
#define DEFAULT_STATE "/var/lib/xslot"

static int set_plugin_path(
	const struct key *key, void *target, const struct ini_entry *entry, struct xslot_diag *diag)
{
	CLEANUP(free) char *copy = strdup(entry->value);
	char *rest = copy, *directory;

	if (!copy)
		return fail(diag, -ENOMEM, "out of memory");
	while ((directory = strsep(&rest, ":"))) {
		if (directory[0] != '/' && copy[0] != 0)
			return fail(diag, -EINVAL,
				"\"%s\" is not a path that begins with /; separate directories with one colon",
				directory);
	}
	return key_set_path(key, target, entry, diag);
}

static int set_socket(
	const struct key *key, void *target, const struct ini_entry *entry, struct xslot_diag *diag)
{
	size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (strlen(entry->value) > max)
		return fail(diag, -EINVAL,
			"has %zu bytes, and the kernel takes at most %zu for a socket's path",
			strlen(entry->value), max);
	return key_set_path(key, target, entry, diag);
}

static const struct key_word log_levels[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
	{},
};

static const struct key_word on_stops[] = { { "keep", ON_STOP_KEEP }, { "detach", ON_STOP_DETACH }, {} };

static const struct key keys[] = {
	{ "plugin_path", set_plugin_path, offsetof(struct config_host, plugin_path) },
	{ "bpffs", key_set_path, offsetof(struct config_host, bpffs) },
	{ "socket", set_socket, offsetof(struct config_host, socket), NULL,
		offsetof(struct config_host, socket_place) },
	{ "state", key_set_path, offsetof(struct config_host, state), NULL,
		offsetof(struct config_host, state_place) },
	{ "log_level", key_set_word, offsetof(struct config_host, log_level), log_levels },
	{ "on_stop", key_set_word, offsetof(struct config_host, on_stop), on_stops,
		offsetof(struct config_host, on_stop_place) },
	{},
};

int config_host_init(struct config_host *host)
{
	*host = (struct config_host){ .log_level = LOG_LEVEL_INFO, .on_stop = ON_STOP_KEEP };
	if (text_set(&host->plugin_path, PLUGINDIR) < 0 || text_set(&host->bpffs, CONFIG_BPFFS) < 0 ||
		text_set(&host->socket, DEFAULT_SOCKET) < 0 || text_set(&host->state, DEFAULT_STATE) < 0)
		return -ENOMEM;
	return 0;
}

int config_host_parse(struct config_host *host, const struct ini_section *section, struct report *report)
{
	return keys_set(keys, section, host, NULL, report);
}

void config_host_deinit(struct config_host *host)
{
	free(host->plugin_path);
	free(host->bpffs);
	free(host->socket);
	free(host->state);
}

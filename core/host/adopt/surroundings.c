/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Three things show which host runs: the process that answers at the control socket, the one that has locked
 * the folder of pins, and the one that has locked the state folder. If all three are one process, the files
 * belong to it, and applying them is a reload. Anything else is what a start would find, and refuse.
 */
#include "host/adopt/surroundings.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/listen.h"
#include "host/adopt/adoption.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/lock.h"
#include "util/memory.h"

struct hosts {
	pid_t socket; /* who answers; 0: nobody */
	pid_t pins, state;
	bool answers, has_pins, has_state;
};

static int look_at_lock(
	const char *path, bool *ret_held, pid_t *ret_pid, const char *file, struct report *report)
{
	int r = lock_holder(path, ret_pid);

	*ret_held = r > 0;
	return r < 0 ? report_add(report, file, 0, "cannot find out whether another xslotd uses %s: %s", path,
			       strerror(-r))
		     : 0;
}

/* The part of a path that exists, or would have to be written to. Caller frees. */
static char *existing_part(const char *path)
{
	char *part = memory_copy(path), *slash;

	while (access(part, F_OK) < 0 && errno == ENOENT && (slash = strrchr(part, '/')) && slash != part)
		*slash = 0;
	return part;
}

/* As a start says it: see statedir.c. It goes on without; only another host there is an error. */
static int look_at_state(const struct config *config, const struct hosts *hosts, struct report *report)
{
	const struct config_place *place = &config->host.state_place;
	const char *file = place->file ? place->file : config->file, *path = config->host.state;
	CLEANUP(free) char *part = existing_part(path);
	struct stat st;

	if (hosts->has_state && !(hosts->answers && hosts->state == hosts->socket))
		return report_add(report, file, place->line,
			"another xslotd (pid %d) runs with the state folder %s; stop one of them, or give this one its own with [host] state",
			(int)hosts->state, path);
	if (stat(part, &st) < 0 || !S_ISDIR(st.st_mode) || access(part, W_OK) < 0)
		report_warn(report, file, place->line,
			"cannot use the state folder %s: %s: %s; a host runs without it, but \"xslotctl rollback\" and \"reload --confirm\" do not work",
			path, part, S_ISDIR(st.st_mode) ? strerror(errno) : "it is not a folder");
	else if (strcmp(part, path) == 0 && ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & 022))
		report_warn(report, file, place->line,
			"users other than root can write the state folder %s, from which plugins are loaded: chown it to root and chmod go-w it; a host runs without it, but \"xslotctl rollback\" and \"reload --confirm\" do not work",
			path);
	return 0;
}

static int refuse_pins(
	const struct config *config, const char *root, const struct hosts *hosts, struct report *report)
{
	const struct config_place *place = &config->host.socket_place;

	if (hosts->has_pins)
		return report_add(report, config->file, 0,
			"another xslotd (pid %d) runs in this network namespace with bpffs folder %s, and it is not the one of socket %s; stop one of them, or give this one its own [host] bpffs and interfaces",
			(int)hosts->pins, root, config->host.socket);
	return report_add(report, place->file ? place->file : config->file, place->line,
		"the host that answers at the control socket %s (pid %d) does not use bpffs folder %s in this network namespace: neither can change while it runs, so restart it for that, or set another socket in the section [host]",
		config->host.socket, (int)hosts->socket, root);
}

/* Which hosts there are; an error for what a start, or the reload of the one that runs, would refuse. */
static int look_at_hosts(
	const struct config *config, const char *root, bool *ret_reload, struct report *report)
{
	const struct config_place *place = &config->host.socket_place;
	struct xslot_diag diag = {};
	struct hosts hosts = {};
	int r;

	r = listen_check(config->host.socket, &hosts.socket, &diag);
	hosts.answers = r > 0;
	if (r < 0)
		r = report_take(report, place->file ? place->file : config->file, place->line, &diag);
	r |= look_at_lock(root, &hosts.has_pins, &hosts.pins, config->file, report);
	r |= look_at_lock(config->host.state, &hosts.has_state, &hosts.state, config->file, report);
	if (r < 0)
		return -EINVAL;
	r = look_at_state(config, &hosts, report);
	if (hosts.answers != hosts.has_pins || hosts.pins != hosts.socket)
		r = refuse_pins(config, root, &hosts, report);
	*ret_reload = hosts.answers;
	return r;
}

int surroundings_look(
	struct dataplane *dataplane, struct setup *setup, bool *ret_reload, struct report *report)
{
	const struct config *config = setup->config;
	struct xslot_diag diag = {};
	int r;

	if (pindir_hides(config->host.bpffs, &diag))
		report_warn(report, config->file, 0, "%s", diag.message);
	r = pindir_look(config->host.bpffs, &dataplane->pins, &diag);
	if (r < 0)
		return report_take(report, config->file, 0, &diag);
	r = look_at_hosts(config, pindir_root(dataplane->pins), ret_reload, report);
	if (r < 0)
		return r;
	r = adoption_look(dataplane, setup, report, &diag);
	return r < 0 ? report_take(report, config->file, 0, &diag) : 0;
}

void surroundings_forget(struct dataplane *dataplane)
{
	thread_is_alone(); /* of a host that only looks there is one thread */
	adoption_forget(dataplane->chains, dataplane->n_chains);
	dataplane->chains = NULL;
	dataplane->n_chains = 0;
}

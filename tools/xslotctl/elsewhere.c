/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The verbs that do a part of the host's work need all libraries of the host: seventeen, which take the
 * loader longer than a reload takes the host. The verbs that only talk to the host need libjansson. So the
 * former are in a program of their own, xslotctl-local, which is a complete xslotctl. In a build it is beside
 * this one; installed, it is in the directory for programs that users do not call. It is found relative to
 * this one, so that both may be moved.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "xslotctl.h"

static const char *const places[] = { "xslotctl-local", XSLOT_LOCAL };

/* Nothing is looked at in this program. */
void begin(int argc, char **argv)
{
}

/* Does not return unless it fails. */
static int become_local(const struct options *options)
{
	char here[PATH_MAX] = "", path[PATH_MAX + 64] = "";
	char *slash;

	if (readlink("/proc/self/exe", here, sizeof(here) - 1) < 0)
		return give_up(options, EXIT_FAILURE, "cannot read /proc/self/exe: %s", strerror(errno));
	slash = strrchr(here, '/');
	if (slash)
		*slash = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(path, sizeof(path), "%s%s%s", *places[i] == '/' ? "" : here,
			*places[i] == '/' ? "" : "/", places[i]);
		execv(path, options->argv);
	}
	return give_up(options, EXIT_FAILURE,
		"cannot run %s, the part of xslotctl that does this without the host: %s; install them together",
		path, strerror(errno));
}

int verb_check(const struct options *options, int argc, char **argv)
{
	return become_local(options);
}

int verb_plugin_list(const struct options *options, int argc, char **argv)
{
	return become_local(options);
}

int verb_plugin_info(const struct options *options, int argc, char **argv)
{
	return become_local(options);
}

int verb_plugin_new(const struct options *options, int argc, char **argv)
{
	return become_local(options);
}

int verb_plugin_release(const struct options *options, int argc, char **argv)
{
	return become_local(options);
}

int verb_features(const struct options *options, int argc, char **argv)
{
	return become_local(options);
}

int verb_extend(const struct options *options, int argc, char **argv)
{
	return become_local(options);
}

int status_pins(const struct options *options, const char *chain, const char *why)
{
	return become_local(options);
}

int clean_pins(const struct options *options, const char *chain)
{
	return become_local(options);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin is code in our process, so it may do what we may do. Loading, attaching and pinning BPF needs
 * three capabilities; anything that needs more (replacing another owner's program, following an interface
 * into another namespace) must be requested by name.
 *
 * The bounding set can only be reduced by a process that has CAP_SETPCAP; a service manager that did not give
 * us that capability has reduced the set already. Elsewhere no_new_privs alone ensures that an executed
 * program gains nothing.
 */
#include "kernel/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "util/cleanup.h"
#include "util/diag.h"

#define BIT(number) (1ULL << (number))

static const uint64_t needed = BIT(CAP_BPF) | BIT(CAP_NET_ADMIN) | BIT(CAP_PERFMON);
static bool dropped; /* set once, in main() */

int privileges_parse(const char *words, uint64_t *ret_set, struct xslot_diag *diag)
{
	CLEANUP(free) char *copy = strdup(words);
	char *rest = copy, *word;
	uint64_t set = 0;

	if (!copy)
		return fail(diag, -ENOMEM, "out of memory");
	while ((word = strsep(&rest, ","))) {
		int number = capng_name_to_capability(strncasecmp(word, "cap_", 4) == 0 ? word + 4 : word);

		if (number < 0 || number > 63)
			return fail(diag, -EINVAL,
				"\"%s\" is not a capability; write them as capabilities(7) does, in lower case and without cap_, with commas between: sys_admin,net_raw",
				word);
		set |= BIT(number);
	}
	*ret_set = set;
	return 0;
}

static bool has(capng_type_t kind, unsigned number)
{
	return capng_have_capability(kind, number) == 1;
}

static int narrow(uint64_t kept)
{
	capng_select_t what = CAPNG_SELECT_CAPS;
	uint64_t permitted = 0, left = 0;
	bool wide = false;

	for (unsigned i = 0; i < 64; i++) {
		if (has(CAPNG_PERMITTED, i))
			permitted |= BIT(i);
		wide = wide || (has(CAPNG_BOUNDING_SET, i) && !(kept & BIT(i)));
	}
	if (wide && has(CAPNG_EFFECTIVE, CAP_SETPCAP))
		what = CAPNG_SELECT_BOTH;
	capng_clear(what);
	for (unsigned i = 0; i < 64; i++) {
		if (kept & permitted & BIT(i))
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET, i);
	}
	if (capng_apply(what) < 0 || capng_get_caps_process() < 0)
		return -EPERM;
	for (unsigned i = 0; i < 64; i++) {
		if (has(CAPNG_PERMITTED, i) || has(CAPNG_EFFECTIVE, i) || has(CAPNG_INHERITABLE, i))
			left |= BIT(i);
	}
	return left & ~kept ? -EPERM : 0;
}

int privileges_drop(uint64_t more, struct xslot_diag *diag)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	int r;

	/* Linux before 5.11 counts maps and programs against it. Where it may not be raised, the load that
	 * fails says so. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(diag, -errno, "cannot give up privileges: no_new_privs: %s", strerror(errno));
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return fail(diag, -errno, "cannot give up ambient capabilities: %s", strerror(errno));
	if (capng_get_caps_process() < 0)
		return fail(diag, -EIO, "cannot read this process's capabilities; is /proc mounted?");
	r = narrow(needed | more);
	if (r < 0)
		return fail(diag, r,
			"cannot give up capabilities: the kernel refuses, or left more than requested");
	dropped = true;
	return 0;
}

bool privileges_dropped(void)
{
	return dropped;
}

int privileges_administrates(pid_t pid)
{
	CLEANUP(fclose) FILE *status = NULL;
	unsigned long long set;
	char line[256];

	snprintf(line, sizeof(line), "/proc/%d/status", (int)pid);
	status = fopen(line, "re");
	if (!status)
		return -errno;
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "CapEff: %llx", &set) == 1)
			return (set >> CAP_SYS_ADMIN) & 1;
	return -ENODATA;
}

bool privileges_administrate(void)
{
	return capng_get_caps_process() == 0 && has(CAPNG_EFFECTIVE, CAP_SYS_ADMIN);
}

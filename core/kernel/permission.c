/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * "Operation not permitted" sends people off to guess. What we can see decides, the likeliest first: missing
 * capabilities, capabilities that count only inside a user namespace, a kernel that is too old, lockdown.
 * When none of them holds, the kernel itself was built or patched to refuse: some clouds' kernels refuse
 * extension, tracing and LSM programs to everyone while other BPF works.
 */
#include "kernel/permission.h"

#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "util/cleanup.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

static uint64_t effective_capabilities(void)
{
	CLEANUP(fclose) FILE *file = fopen("/proc/self/status", "re");
	unsigned long long set = ~0ULL; /* unknown: do not blame them */
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %llx", &set) == 1)
			break;
	return set;
}

static bool missing_capabilities(char *text, size_t size, bool by_id)
{
	static const struct {
		unsigned number;
		bool in_sys_admin;
		const char *name;
	} needed[] = {
		{ CAP_BPF, true, "CAP_BPF" },
		{ CAP_PERFMON, true, "CAP_PERFMON" },
		{ CAP_NET_ADMIN, true, "CAP_NET_ADMIN" },
		{ CAP_SYS_ADMIN, false, "CAP_SYS_ADMIN (to look up by id)" },
	};
	uint64_t set = effective_capabilities();
	bool sys_admin = set & (1ULL << CAP_SYS_ADMIN);
	size_t used = 0;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (set & (1ULL << needed[i].number) || (sys_admin && needed[i].in_sys_admin))
			continue;
		if (needed[i].number == CAP_SYS_ADMIN && !by_id)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s",
			used ? ", " : "this process lacks ", needed[i].name);
	}
	return used > 0;
}

static bool in_user_namespace(void)
{
	CLEANUP(fclose) FILE *file = fopen("/proc/self/uid_map", "re");
	unsigned long inside, outside, count;

	return file && fscanf(file, "%lu %lu %lu", &inside, &outside, &count) == 3 && count < 4294967295UL;
}

static bool locked_down(char *mode, size_t size)
{
	CLEANUP(fclose) FILE *file = fopen("/sys/kernel/security/lockdown", "re");
	char line[128], *start, *end;

	if (!file || !fgets(line, sizeof(line), file))
		return false;
	start = strchr(line, '[');
	end = start ? strchr(start, ']') : NULL;
	if (!end)
		return false;
	*end = 0;
	snprintf(mode, size, "%s", start + 1);
	return strcmp(mode, "none") != 0;
}

void permission_explain(char ret_text[static PERMISSION_TEXT], bool by_id)
{
	struct utsname kernel;
	unsigned major = 0, minor = 0;
	char mode[32];

	if (missing_capabilities(ret_text, PERMISSION_TEXT, by_id))
		return;
	if (in_user_namespace()) {
		snprintf(ret_text, PERMISSION_TEXT,
			"this process is in a user namespace, and capabilities there do not count for BPF");
		return;
	}
	if (uname(&kernel) == 0 && sscanf(kernel.release, "%u.%u", &major, &minor) == 2 &&
		(major < 5 || (major == 5 && minor < 10))) {
		snprintf(ret_text, PERMISSION_TEXT,
			"Linux %u.%u is too old for extension programs: 5.10 or newer", major, minor);
		return;
	}
	if (locked_down(mode, sizeof(mode))) {
		snprintf(ret_text, PERMISSION_TEXT, "the kernel is locked down (%s mode)", mode);
		return;
	}
	snprintf(ret_text, PERMISSION_TEXT,
		"this kernel refuses extension programs even to root with every capability");
}

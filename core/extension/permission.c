/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * "Operation not permitted" leaves people guessing. So we check the causes that we can see, the likeliest
 * first: missing capabilities, the limit of locked memory, capabilities that count only inside a user
 * namespace, a kernel that is too old, lockdown. If none of them applies, the kernel itself was built or
 * patched to refuse: some clouds' kernels refuse extension, tracing and LSM programs to everyone while other
 * BPF works.
 */
#include "extension/permission.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "util/cleanup.h"
#include "util/text.h"

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

/* CAP_SYS_ADMIN stands for all of them; only it allows look-ups by id. */
static bool missing_capabilities(struct text *text, bool by_id)
{
	static const struct {
		unsigned number;
		const char *name;
	} needed[] = {
		{ CAP_BPF, "CAP_BPF" },
		{ CAP_PERFMON, "CAP_PERFMON" },
		{ CAP_NET_ADMIN, "CAP_NET_ADMIN" },
	};
	uint64_t set = effective_capabilities();

	if (set & (1ULL << CAP_SYS_ADMIN))
		return false;
	if (by_id)
		text_add(text, "this process lacks CAP_SYS_ADMIN, which looking up by id needs");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!by_id && !(set & (1ULL << needed[i].number)))
			text_add(text, "%s%s", text->used ? ", " : "this process lacks ", needed[i].name);
	return text->used > 0;
}

static bool kernel_older_than(unsigned major, unsigned minor)
{
	struct utsname kernel;
	unsigned has_major = 0, has_minor = 0;

	return uname(&kernel) == 0 && sscanf(kernel.release, "%u.%u", &has_major, &has_minor) == 2 &&
	       (has_major < major || (has_major == major && has_minor < minor));
}

/* Who has CAP_SYS_RESOURCE has raised the limit already, as libbpf does and xslotd at its start. */
static bool memory_is_limited(struct text *text)
{
	struct rlimit limit;

	if (!kernel_older_than(5, 11) || getrlimit(RLIMIT_MEMLOCK, &limit) < 0 ||
		limit.rlim_cur == RLIM_INFINITY)
		return false;
	text_add(text,
		"locked memory is limited to %llu KiB (RLIMIT_MEMLOCK), and Linux before 5.11 counts the memory of BPF against it: start it with \"ulimit -l unlimited\", or LimitMEMLOCK=infinity in its unit",
		(unsigned long long)limit.rlim_cur / 1024);
	return true;
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
	struct text text = { .at = ret_text, .size = PERMISSION_TEXT };
	struct utsname kernel;
	char mode[32];

	if (missing_capabilities(&text, by_id) || memory_is_limited(&text))
		return;
	if (in_user_namespace())
		text_add(&text,
			"this process is in a user namespace, and capabilities there do not count for BPF");
	else if (kernel_older_than(5, 10) && uname(&kernel) == 0)
		text_add(&text, "Linux %s is too old for extension programs: they need 5.10", kernel.release);
	else if (locked_down(mode, sizeof(mode)))
		text_add(&text, "the kernel is locked down (%s mode)", mode);
	else
		text_add(&text, "this kernel refuses extension programs even to root with every capability");
}

const char *permission_reason(int error, char ret_text[static PERMISSION_TEXT])
{
	if (abs(error) == EPERM)
		permission_explain(ret_text, false);
	else
		snprintf(ret_text, PERMISSION_TEXT, "%s", strerror(abs(error)));
	return ret_text;
}

int permission_check(char ret_text[static PERMISSION_TEXT])
{
	struct text text = { .at = ret_text, .size = PERMISSION_TEXT };

	return missing_capabilities(&text, true) ? -EPERM : 0;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel and libbpf report what is missing, but seldom where it could come from. A kernel function may be
 * missing because its module is not loaded or because the kernel is too old; one that reads metadata of the
 * network card exists and is refused all the same, to every program that is not bound to one card. These
 * cases are recognised here by the words that both have used for years. If the words change, there is no
 * advice, and the sentence before it stays.
 */
#include "extension/advice.h"

#include <stdio.h>
#include <string.h>

#define METADATA "bpf_xdp_metadata_"

/*
 * "extern (func ksym) 'NAME': not found in kernel or module BTFs", and the like for variables. What a module
 * has is found by id, which not everyone may; libbpf says that before.
 */
static int missing_symbol(const char *warnings, char *ret_words, size_t size)
{
	const char *name = strstr(warnings, "ksym) '");
	int length;

	if (!name || !strstr(name, "not found"))
		return 0;
	name += strlen("ksym) '");
	length = (int)strcspn(name, "'");
	if (strstr(warnings, "failed to iterate BTF objects") ||
		strstr(warnings, "failed to get BTF object")) {
		snprintf(ret_words, size,
			": the kernel itself does not have %.*s, and only a process with CAP_SYS_ADMIN may look for it in modules: start xslotd with --keep-capabilities=sys_admin, see CAPABILITIES in xslotd(8)",
			length, name);
		return 1;
	}
	snprintf(ret_words, size,
		": neither this kernel nor a loaded module has %.*s; load the module that provides it (modprobe), or run a kernel that has it",
		length, name);
	return 1;
}

/* "unknown func bpf_xdp_load_bytes#189" */
static int missing_helper(const char *log, char *ret_words, size_t size)
{
	const char *name = strstr(log, "unknown func ");

	if (!name)
		return 0;
	name += strlen("unknown func ");
	snprintf(ret_words, size, ": this kernel has no helper %.*s for XDP programs; a newer one may",
		(int)strcspn(name, "# \n"), name);
	return 1;
}

/* "Unrecognized arg#0 type PTR", when an extension calls its own `int f(struct xdp_md *ctx)`; Linux 5.10. */
static int context_to_function(const char *log, char *ret_words, size_t size)
{
	if (!strstr(log, "Unrecognized arg#") || !strstr(log, "Caller passes invalid args into func#"))
		return 0;
	snprintf(ret_words, size,
		": on this kernel an extension cannot pass the context to a global function of its own; make the function static");
	return 1;
}

bool advice_is_broken_btf(const char *warnings)
{
	return strstr(warnings, "finalizing .BTF");
}

void advice_find(const char *warnings, const char *log, char *ret_words, size_t size)
{
	ret_words[0] = 0;
	if (strstr(warnings, METADATA) || strstr(log, "device-bound program"))
		snprintf(ret_words, size,
			": it reads metadata of the network card (%s*), for which a program must be bound to one card, and a chain serves any number of interfaces; build it without these calls",
			METADATA);
	else if (strstr(warnings, "failed to open system Kconfig"))
		snprintf(ret_words, size,
			": it has variables in section .kconfig, which need the kernel's configuration in /boot/config-RELEASE (uname -r) or /proc/config.gz");
	else if (!missing_symbol(warnings, ret_words, size) && !missing_helper(log, ret_words, size))
		context_to_function(log, ret_words, size);
}

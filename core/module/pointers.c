/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What the loader wrote into the descriptor comes from the file's relocations, and one wrong bit there makes
 * a callback of something else. It is known where code may be: in executable segments of loaded libraries.
 * The object's bytes, which are all read, and the function's name are checked in the same way.
 */
#include "module/pointers.h"

#include <link.h>
#include <stdbool.h>
#include <string.h>

struct range {
	uintptr_t from;
	uint64_t size;
	uint32_t flags; /* that its segment must have */
};

static int has_range(struct dl_phdr_info *library, size_t size, void *data)
{
	const struct range *range = data;

	for (int i = 0; i < library->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &library->dlpi_phdr[i];
		uintptr_t from = library->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && (segment->p_flags & range->flags) == range->flags &&
			range->from >= from && range->from - from < segment->p_memsz &&
			range->size <= segment->p_memsz - (range->from - from))
			return 1;
	}
	return 0;
}

static bool is_loaded(const void *from, uint64_t size, uint32_t flags)
{
	struct range range = { (uintptr_t)from, size, flags };

	return dl_iterate_phdr(has_range, &range) == 1;
}

/* A text that ends within its segment. */
static bool is_text(const char *text)
{
	for (; is_loaded(text, 1, PF_R); text++)
		if (!*text)
			return true;
	return false;
}

#define CALLBACK(name)                                                                                       \
	{                                                                                                    \
#name, (const void *)(uintptr_t)plugin->name                                                 \
	}

const char *pointers_find_wild(const struct descriptor *plugin)
{
	const struct {
		const char *name;
		const void *code;
	} callbacks[] = {
		CALLBACK(check),
		CALLBACK(start),
		CALLBACK(migrate),
		CALLBACK(settle),
		CALLBACK(live),
		CALLBACK(status),
		CALLBACK(resume),
		CALLBACK(stop),
	};

	for (size_t i = 0; i < sizeof(callbacks) / sizeof(callbacks[0]); i++)
		if (callbacks[i].code && !is_loaded(callbacks[i].code, 1, PF_X))
			return callbacks[i].name;
	for (size_t i = 0; plugin->commands[i].name[0]; i++)
		if (!is_loaded((const void *)(uintptr_t)plugin->run[i], 1, PF_X))
			return plugin->commands[i].name;
	if (plugin->bpf_size && !is_loaded(plugin->bpf, plugin->bpf_size, PF_R))
		return "bpf";
	return plugin->function && !is_text(plugin->function) ? "function" : NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void memory_out(void)
{
	static const char text[] =
		"out of memory: this process ends; the chains in the kernel keep running\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		abort();
	abort();
}

void *memory_must(void *memory)
{
	if (!memory)
		memory_out();
	return memory;
}

char *memory_copy(const char *text)
{
	return memory_must(strdup(text));
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "host/adopt/found.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"

void found_say(const struct found *found, const char *format, ...)
{
	CLEANUP(free) char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		memory_out();
	va_end(args);
	if (found->notes)
		report_warn(found->notes, NULL, 0, "%s", text);
	else
		log_warning("%s", text);
}

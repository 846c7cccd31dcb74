/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bench-inspect FILE...: what looking at files first costs a reload, plugins (.so) and objects in turn.
 * Twice: files that are new, with the process that is started for the first of them, and the same bytes
 * again.
 */
#include "host/plugin/inspect.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int look(const char *path)
{
	struct xslot_diag diag = {};
	struct digest digest;
	struct blob *blob;
	double begun;
	int r;

	r = blob_read(path, MODULE_MAX_SIZE, &blob, &diag);
	if (r < 0)
		return fprintf(stderr, "%s\n", diag.message);
	digest = digest_of(blob->data, blob->size); /* a module has it in any case */
	begun = now_ms();
	r = strstr(path, ".so") ? inspect_plugin(path, blob, &digest, true, &diag)
				: inspect_object(path, blob, NULL, true, &diag);
	printf("%8.3f ms  %s%s%s\n", now_ms() - begun, path, r < 0 ? ": " : "", diag.message);
	xslot_diag_clear(&diag);
	blob_free(blob);
	return 0;
}

int main(int argc, char **argv)
{
	inspect_main(argc, argv);
	for (int round = 0; round < 2; round++) {
		double begun;

		printf("%s\n", round ? "again:" : "new:");
		for (int i = 1; i < argc; i++)
			look(argv[i]);
		begun = now_ms();
		inspect_end();
		printf("%8.3f ms  the end of it\n", now_ms() - begun);
	}
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * replay FOLDER...: a fuzz target's inputs, each once, as TAP. Among them are all that ever broke something.
 * What breaks ends the program, and tests/run counts what was announced and did not come.
 */
#include <dirent.h>

#include "fuzz.h"

static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay(const char *folder, const char *name)
{
	static uint8_t data[1 << 20];
	char path[4096];
	FILE *file;
	size_t size;
	uint8_t *copy;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	expect(file != NULL, path);
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	copy = malloc(size ? size : 1); /* so that a sanitizer sees its end */
	expect(copy != NULL, "there is memory");
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

int main(int argc, char **argv)
{
	int n = 0;

	for (int i = 1; i < argc; i++) {
		struct dirent **entries = NULL;
		int n_entries = scandir(argv[i], &entries, is_input, compare);

		expect(n_entries > 0, argv[i]);
		for (int j = 0; j < n_entries; j++) {
			replay(argv[i], entries[j]->d_name);
			printf("ok %d - %s\n", ++n, entries[j]->d_name);
			fflush(stdout);
			free(entries[j]);
		}
		free(entries);
	}
	printf("1..%d\n", n);
	return 0;
}

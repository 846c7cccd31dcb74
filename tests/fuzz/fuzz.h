/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What every fuzz target has: one file, fuzz-NAME.c, with LLVMFuzzerTestOneInput(). libFuzzer calls it
 * (tests/fuzz/run); built without, replay.c calls it with each file of tests/fuzz/corpus/NAME, as a unit
 * test.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void expect(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

#define FUZZ_PATH 32

/* The input as a file, for what reads files: its path, until the returned fd is closed. */
static inline int fuzz_file(const uint8_t *data, size_t size, char ret_path[static FUZZ_PATH])
{
	int writer = memfd_create("fuzz", MFD_CLOEXEC), fd;

	expect(writer >= 0 && write(writer, data, size) == (ssize_t)size, "the input is written");
	snprintf(ret_path, FUZZ_PATH, "/proc/self/fd/%d", writer);
	fd = open(ret_path, O_RDONLY | O_CLOEXEC);
	expect(fd >= 0, "the input can be read");
	close(writer); /* readers refuse what somebody may be writing */
	snprintf(ret_path, FUZZ_PATH, "/proc/self/fd/%d", fd);
	return fd;
}

/* The input as text; the caller's to free. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	expect(text != NULL, "there is memory");
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	return text;
}

#endif

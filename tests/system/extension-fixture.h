/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the extension tests share: targets, extensions, and a look at what really runs. */
#ifndef TESTS_EXTENSION_FIXTURE_H
#define TESTS_EXTENSION_FIXTURE_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xslot/extension.h>

#include "check.h"

#define UNTOUCHED 321 /* what the target returns when nothing is replaced */

struct object_bytes {
	const unsigned char *at;
	size_t size;
};

extern const struct object_bytes target_object, programs_object, sized_target_object, sized_object,
	longer_object, short_object, bare_object;

/* A loaded program of its own object: the one called `name`, as plain XDP. */
struct target_program {
	struct bpf_object *object;
	int fd;
};
struct target_program target_new(const struct object_bytes *bytes, const char *name);
void target_free(struct target_program *target);

/* What the program returns for a packet of 64 bytes. */
int run(int program_fd);

/* Opened, and loaded for `function`, without fail. */
struct xslot_extension *extension_opened(const struct object_bytes *bytes, const char *program);
struct xslot_extension *extension_loaded(const char *program, int target_fd, const char *function);

/* Set: expect() does not show each sentence. */
extern bool quiet;

/* Expect this error and these words, then clear. */
void expect(int r, int error, struct xslot_diag *diag, const char *words);
/* Expect success, or show the sentence. */
void expect_ok(int r, struct xslot_diag *diag);

/* How many there are, to see that nothing is left behind. */
struct inventory {
	int fds, programs, maps, links;
};
struct inventory inventory_settled(void);
void inventory_expect(const struct inventory *before);

bool kernel_at_least(unsigned major, unsigned minor);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Runs the program xslotctl, as people and scripts do, beside a fake host. */
#ifndef RUN_XSLOTCTL_H
#define RUN_XSLOTCTL_H

#include "fake-host.h"

#define ARGUMENTS_MAX 8
#define NOBODY 65534

struct run {
	const char *arguments[ARGUMENTS_MAX];
	uid_t uid;
	const char *program; /* NULL: xslotctl */
	int code;
	char out[65536], err[8192];
};

/* All of the file as text; closes it. */
void read_all(int fd, char *to, size_t size);

/* Run it to its end, with the host's loop running here. */
void run(struct fake_host *host, struct run *run);

/* An object with format 1, a new reference. */
json_t *parse(const char *text);

/* With --json appended: the same code, nothing on stderr, and the sentence in errors[]. */
void check_json_error(struct fake_host *host, const struct run *plain);

#endif

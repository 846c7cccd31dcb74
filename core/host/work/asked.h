/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Who asked for a task, and how: for the log. */
#ifndef HOST_WORK_ASKED_H
#define HOST_WORK_ASKED_H

#include <stddef.h>
#include <sys/types.h>

#define ASKED_MAX 8 /* of more only the number is kept */

/* Zero it: nobody, the host does it by itself. */
struct asked {
	struct {
		int signal; /* 0: over the socket */
		uid_t uid;
		pid_t pid; /* 0: of a process that this one cannot see */
	} by[ASKED_MAX];
	size_t n;	  /* all of them */
	char clause[640]; /* as asked_clause() has it */
};

void asked_add(struct asked *asked, int signal, uid_t uid, pid_t pid);
/* Add all of `from`, too. */
void asked_merge(struct asked *asked, const struct asked *from);
/* The end of a sentence: ", asked for by uid 0, pid 7 over the socket"; "" when nobody did. */
const char *asked_clause(const struct asked *asked);
/* The same without its beginning: "uid 0, pid 7 over the socket"; "" when nobody did. */
const char *asked_by(const struct asked *asked);

#endif

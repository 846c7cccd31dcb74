/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The clause is part of the log line about the change, and not a line of its own: so it has the same level,
 * and no other line comes between. One reload may serve any number of requests, hence the bound.
 */
#include "host/work/asked.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define BEGINNING ", asked for by"

static size_t print_one(const struct asked *asked, size_t index, char *to, size_t size)
{
	const char *signal = asked->by[index].signal ? sigabbrev_np(asked->by[index].signal) : NULL;
	char process[32] = "process unknown";

	if (asked->by[index].pid)
		snprintf(process, sizeof(process), "pid %d", (int)asked->by[index].pid);
	return (size_t)snprintf(to, size, "%s uid %u, %s %s%s", index ? "; by" : BEGINNING,
		(unsigned)asked->by[index].uid, process, signal ? "with SIG" : "over the socket",
		signal ? signal : "");
}

static void print(struct asked *asked)
{
	size_t used = 0, size = sizeof(asked->clause);

	for (size_t i = 0; i < asked->n && i < ASKED_MAX && used < size; i++)
		used += print_one(asked, i, asked->clause + used, size - used);
	if (asked->n > ASKED_MAX && used < size)
		snprintf(asked->clause + used, size - used, "; and by %zu more", asked->n - ASKED_MAX);
}

void asked_add(struct asked *asked, int signal, uid_t uid, pid_t pid)
{
	if (asked->n < ASKED_MAX) {
		asked->by[asked->n].signal = signal;
		asked->by[asked->n].uid = uid;
		asked->by[asked->n].pid = pid;
	}
	asked->n++;
	print(asked);
}

void asked_merge(struct asked *asked, const struct asked *from)
{
	size_t kept = from->n < ASKED_MAX ? from->n : ASKED_MAX;

	for (size_t i = 0; i < kept; i++)
		asked_add(asked, from->by[i].signal, from->by[i].uid, from->by[i].pid);
	asked->n += from->n - kept;
	print(asked);
}

const char *asked_clause(const struct asked *asked)
{
	return asked->clause;
}

const char *asked_by(const struct asked *asked)
{
	return asked->n ? asked->clause + strlen(BEGINNING " ") : "";
}

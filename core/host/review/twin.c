/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel would refuse the second attachment and name the program in the way, which is our own chain: an
 * operator who reads only that takes off a running chain. And an alternative name may appear while the host
 * runs: it must not move the interface to the chain that happens to come first. So twins are found before
 * anything is tried.
 */
#include "host/review/twin.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/ask.h"
#include "util/cleanup.h"

struct name {
	struct plan_interface *interface;
	size_t chain, order;
	unsigned rank; /* of those with one index the lowest has it */
};

static bool runs_by(const struct view *view, const char *chain, const struct plan_interface *wanted)
{
	for (size_t i = 0; i < view->n_running; i++) {
		const struct plan_chain *running = &view->running[i];

		for (size_t j = 0; strcmp(running->name, chain) == 0 && j < running->n_interfaces; j++) {
			if (running->interfaces[j].ifindex == wanted->ifindex &&
				strcmp(running->interfaces[j].name, wanted->name) == 0)
				return true;
		}
	}
	return false;
}

/* 0 or -errno: which name is the interface's proper one cannot be known. */
static int learn_rank(const struct view *view, struct name *name)
{
	char proper[IF_NAMESIZE] = "";
	int r;

	name->rank = 0;
	if (runs_by(view, view->wanted[name->chain].name, name->interface))
		return 0;
	r = ask_name(name->interface->ifindex, proper);
	name->rank = strcmp(proper, name->interface->name) == 0 ? 1 : 2;
	return r < 0 ? r : 0;
}

static int by_index(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->interface->ifindex != y->interface->ifindex)
		return x->interface->ifindex < y->interface->ifindex ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static size_t collect(const struct view *view, struct name *names)
{
	size_t n = 0;

	for (size_t i = 0; i < view->n_wanted; i++) {
		for (size_t j = 0; j < view->wanted[i].n_interfaces; j++) {
			/* The view made the array, for the plan only to read. */
			struct plan_interface *interface =
				(struct plan_interface *)&view->wanted[i].interfaces[j];

			if (interface->ifindex)
				names[n++] = (struct name){ interface, .chain = i, .order = n };
		}
	}
	return n;
}

/* How many, from the first on, are names of one interface. */
static size_t same_index(const struct name *names, size_t n)
{
	size_t same = 1;

	while (same < n && names[same].interface->ifindex == names[0].interface->ifindex)
		same++;
	return same;
}

static int mark(const struct view *view, struct name *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = learn_rank(view, &names[i]);

		if (r < 0)
			return r;
	}
	qsort(names, n, sizeof(*names), by_index);
	for (size_t i = 1; i < n; i++)
		names[i].interface->twin = names[0].interface->name;
	return 0;
}

int twin_mark(struct view *view)
{
	CLEANUP(free) struct name *names = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < view->n_wanted; i++)
		n += view->wanted[i].n_interfaces;
	names = calloc(n + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	n = collect(view, names);
	if (n > 0)
		qsort(names, n, sizeof(*names), by_index);
	for (size_t i = 0, same; r == 0 && i < n; i += same) {
		same = same_index(&names[i], n - i);
		if (same > 1)
			r = mark(view, &names[i], same);
	}
	return r;
}

struct xslot_diag *twin_explain(struct xslot_diag *diag, const char *name, const char *twin)
{
	fail(diag, -EEXIST,
		"%s and %s are two names of the same interface, which runs one chain: configure it by one of them",
		name, twin);
	return diag;
}

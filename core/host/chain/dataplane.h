/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Everything that runs, and how chains end. L: loop thread. W: worker thread. */
#ifndef HOST_CHAIN_DATAPLANE_H
#define HOST_CHAIN_DATAPLANE_H

#include <stdatomic.h>

#include "host/chain/chain.h"
#include "host/kept/history.h"
#include "kernel/dispatcher/grace.h"
#include "module/module.h"
#include "util/diag.h"
#include "util/thread_role.h"

/* What runs. The loop writes it, in commit and retire only; the worker reads it, in prepare only. */
struct dataplane {
	struct chain **chains;
	size_t n_chains;
	struct modules *modules; /* worker's */
	struct grace *grace;	 /* worker's */
	struct pindir *pins;	 /* worker's; opened, and what is in it adopted, by the first transaction */
	char *bpffs;		 /* where */
	struct history history;	 /* worker's; opened by the first transaction */
	char **off;		 /* loop's: chains that `xslotctl clean` took off; see off.h */
	size_t n_off;
	struct setup *setup;  /* counted: what runs was made from it; NULL: nothing runs yet */
	uint64_t reports;     /* loop's: grows when interfaces may not be as they were looked at */
	atomic_bool stopping; /* the process is to end: see dataplane_wait() */
};

/* NULL: there is none of that name. */
struct chain *dataplane_chain(const struct dataplane *dataplane, const char *name);
/* Why there is no chain of that name, as a sentence; caller frees. */
char *dataplane_no_chain(const struct dataplane *dataplane, const char *name);

/* L: plugin code has run on the worker: watches that met a busy lock continue. */
void dataplane_resume_watches(struct dataplane *dataplane) ON_LOOP;

/*
 * W: until no packet uses what it may have met before. Without that nothing of it may go, so this does not
 * return when the kernel refuses to wait: it asks again and again, until the process is to end, and then ends
 * it as if it had been killed; the next start waits before it removes anything.
 */
void dataplane_wait(struct dataplane *dataplane) ON_WORKER;

/* W: detach these chains, which are in nobody's list any more, and wait for packets; then remove them. */
void dataplane_detach(struct dataplane *dataplane, struct chain **chains, size_t n) ON_WORKER;
void dataplane_forget(struct chain **chains, size_t n) ON_WORKER;

/*
 * Stop. `keep`: what is pinned runs on without us. Else detach all interfaces, wait for packets and remove
 * everything. Watches must be inactive.
 */
void dataplane_close(struct dataplane *dataplane, bool keep);

#endif

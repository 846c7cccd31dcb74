/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The user-space half of bpf/dispatcher.bpf.c. After the load there is no syscall in it: state and counters
 * are the program's own pages, mapped here. That is what makes a swap one store, and what lets counters be
 * read at any rate without disturbing a packet.
 *
 * A generation is written with plain stores, since no packet reads the idle one: packets that used it last
 * had left when the grace period after that swap ended. Only the store of `active` needs an order, so that
 * whoever sees it sees the generation too.
 */
#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "kernel/bpffs.h"
#include "kernel/dispatcher.h"
#include "kernel/features.h"
#include "kernel/warnings.h"
#include "util/cleanup.h"
#include "util/diag.h"

#include "dispatcher.skel.h"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

struct dispatcher {
	struct dispatcher_bpf *skeleton; /* NULL when opened from pins: the fds are ours then */
	int program_fd, state_fd, counters_fd;
	struct xslot_state *state;	       /* the skeleton's mapping, or ours */
	const struct xslot_counters *counters; /* one row a CPU */
	size_t n_cpus;
	uint32_t program_id;
};

DEFINE_CLEANUP(struct dispatcher *, dispatcher_free);

void dispatcher_free(struct dispatcher *dispatcher)
{
	if (!dispatcher)
		return;
	if (dispatcher->counters)
		munmap((void *)dispatcher->counters, dispatcher->n_cpus * sizeof(struct xslot_counters));
	if (!dispatcher->skeleton) {
		if (dispatcher->state)
			munmap(dispatcher->state, sizeof(struct xslot_state));
		cleanup_close(&dispatcher->program_fd);
		cleanup_close(&dispatcher->state_fd);
		cleanup_close(&dispatcher->counters_fd);
	}
	dispatcher_bpf__destroy(dispatcher->skeleton);
	free(dispatcher);
}

/* NULL when out of memory. */
static struct dispatcher *dispatcher_new(void)
{
	struct dispatcher *dispatcher = calloc(1, sizeof(*dispatcher));

	if (dispatcher)
		dispatcher->program_fd = dispatcher->state_fd = dispatcher->counters_fd = -1;
	return dispatcher;
}

static int load_failed(int r, bool frags, char *log, struct xslot_diag *diag)
{
	char why[256];

	if (r == -EPERM || r == -EACCES)
		fail(diag, r,
			"cannot load the dispatcher program: %s; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are "
			"needed",
			strerror(-r));
	else if (frags && features_frags(why, sizeof(why)) < 0)
		fail(diag, r, "cannot load the dispatcher program with frags = yes: %s", why);
	else
		fail(diag, r, "cannot load the dispatcher program: %s", strerror(-r));
	if (diag && log[0])
		diag->log = strdup(log);
	return r;
}

static int dispatcher_map_counters(struct dispatcher *dispatcher, struct xslot_diag *diag)
{
	size_t size = dispatcher->n_cpus * sizeof(struct xslot_counters);
	void *counters = mmap(NULL, size, PROT_READ, MAP_SHARED, dispatcher->counters_fd, 0);

	if (counters == MAP_FAILED)
		return fail(diag, -errno, "cannot map the dispatcher's counters (%zu bytes): %s", size,
			strerror(errno));
	dispatcher->counters = counters;
	return 0;
}

static int dispatcher_learn_id(struct dispatcher *dispatcher, struct xslot_diag *diag)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(dispatcher->program_fd, &info, &size) < 0)
		return fail(diag, -errno, "cannot ask for the dispatcher's program id: %s", strerror(errno));
	dispatcher->program_id = info.id;
	return 0;
}

int dispatcher_load(bool frags, struct dispatcher **ret_dispatcher, struct xslot_diag *diag)
{
	struct dispatcher *dispatcher CLEANUP(dispatcher_free) = dispatcher_new();
	const size_t log_size = 64 << 10;
	char *log CLEANUP(free) = calloc(1, log_size);
	struct warnings unwanted = {}; /* the verifier's log says it all */
	struct bpf_program *program;
	int r;

	if (!dispatcher || !log)
		return fail(diag, -ENOMEM, "no memory for a dispatcher");
	dispatcher->skeleton = dispatcher_bpf__open();
	if (!dispatcher->skeleton)
		return fail(diag, -errno, "cannot open the built-in dispatcher object: %s", strerror(errno));

	r = libbpf_num_possible_cpus();
	if (r < 0)
		return fail(diag, r, "cannot count the possible CPUs: %s", strerror(-r));
	dispatcher->n_cpus = r;
	program = dispatcher->skeleton->progs.xslot_dispatch;
	bpf_map__set_max_entries(dispatcher->skeleton->maps.counters, r);
	bpf_program__set_log_buf(program, log, log_size);
	if (frags)
		bpf_program__set_flags(program, bpf_program__flags(program) | BPF_F_XDP_HAS_FRAGS);

	warnings_begin(&unwanted);
	r = dispatcher_bpf__load(dispatcher->skeleton);
	warnings_end();
	if (r < 0)
		return load_failed(r, frags, log, diag);
	dispatcher->state = &dispatcher->skeleton->data_state->state;
	dispatcher->program_fd = bpf_program__fd(program);
	dispatcher->state_fd = bpf_map__fd(dispatcher->skeleton->maps.data_state);
	dispatcher->counters_fd = bpf_map__fd(dispatcher->skeleton->maps.counters);
	r = dispatcher_learn_id(dispatcher, diag);
	if (r == 0)
		r = dispatcher_map_counters(dispatcher, diag);
	if (r == 0)
		*ret_dispatcher = TAKE_PTR(dispatcher);
	return r;
}

static int pin_one(int fd, const char *folder, const char *name, struct xslot_diag *diag)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return bpffs_pin(fd, path, name, diag);
}

int dispatcher_pin(struct dispatcher *dispatcher, const char *folder, struct xslot_diag *diag)
{
	int r = pin_one(dispatcher->program_fd, folder, "dispatcher", diag);

	if (r == 0)
		r = pin_one(dispatcher->state_fd, folder, "state", diag);
	if (r == 0)
		r = pin_one(dispatcher->counters_fd, folder, "counters", diag);
	return r;
}

static int open_one(
	const char *folder, const char *name, enum bpffs_kind kind, int *ret_fd, struct xslot_diag *diag)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return bpffs_open(path, kind, ret_fd, diag);
}

/* What every layout begins with is looked at before anything else is believed. */
static int map_state(struct dispatcher *dispatcher, const char *folder, struct xslot_diag *diag)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	struct xslot_state *state;

	if (bpf_obj_get_info_by_fd(dispatcher->state_fd, &info, &size) < 0)
		return fail(diag, -errno, "cannot look at pin %s/state: %s", folder, strerror(errno));
	if (info.value_size < offsetof(struct xslot_state, active))
		return fail(diag, -EINVAL, "%s/state is no dispatcher's: it has %u bytes", folder,
			info.value_size);
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, dispatcher->state_fd, 0);
	if (state == MAP_FAILED)
		return fail(diag, -EINVAL, "%s/state is no dispatcher's: it cannot be mapped: %s", folder,
			strerror(errno));
	dispatcher->state = state;
	if (state->magic != XSLOT_STATE_MAGIC)
		return fail(diag, -EINVAL, "%s/state is no dispatcher's: it does not begin with \"xslot\"",
			folder);
	if (state->layout != XSLOT_STATE_LAYOUT)
		return fail(diag, -EPROTO,
			"the dispatcher in %s is of version %u with state layout %u, and this xslotd reads "
			"layout %u",
			folder, state->version, state->layout, XSLOT_STATE_LAYOUT);
	if (info.value_size != sizeof(*state))
		return fail(diag, -EINVAL, "%s/state is corrupt: it has %u bytes, not %zu", folder,
			info.value_size, sizeof(*state));
	return 0;
}

/* One row for each CPU, of our size. */
static int check_counters(const struct dispatcher *dispatcher, const char *folder, struct xslot_diag *diag)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(dispatcher->counters_fd, &info, &size) < 0)
		return fail(diag, -errno, "cannot look at pin %s/counters: %s", folder, strerror(errno));
	if (info.value_size != sizeof(struct xslot_counters) || info.max_entries != dispatcher->n_cpus)
		return fail(diag, -EINVAL, "%s/counters is no dispatcher's: %u rows of %u bytes", folder,
			info.max_entries, info.value_size);
	return 0;
}

int dispatcher_open_pinned(const char *folder, struct dispatcher **ret_dispatcher, struct xslot_diag *diag)
{
	struct dispatcher *dispatcher CLEANUP(dispatcher_free) = dispatcher_new();
	int r;

	if (!dispatcher)
		return fail(diag, -ENOMEM, "no memory for a dispatcher");
	r = libbpf_num_possible_cpus();
	if (r < 0)
		return fail(diag, r, "cannot count the possible CPUs: %s", strerror(-r));
	dispatcher->n_cpus = r;
	r = open_one(folder, "state", BPFFS_MAP, &dispatcher->state_fd, diag);
	if (r == 0)
		r = map_state(dispatcher, folder, diag);
	if (r == 0)
		r = open_one(folder, "dispatcher", BPFFS_PROGRAM, &dispatcher->program_fd, diag);
	if (r == 0)
		r = open_one(folder, "counters", BPFFS_MAP, &dispatcher->counters_fd, diag);
	if (r == 0)
		r = check_counters(dispatcher, folder, diag);
	if (r == 0)
		r = dispatcher_learn_id(dispatcher, diag);
	if (r == 0)
		r = dispatcher_map_counters(dispatcher, diag);
	if (r == 0)
		*ret_dispatcher = TAKE_PTR(dispatcher);
	return r;
}

int dispatcher_fd(const struct dispatcher *dispatcher)
{
	return dispatcher->program_fd;
}

uint32_t dispatcher_program_id(const struct dispatcher *dispatcher)
{
	return dispatcher->program_id;
}

uint32_t dispatcher_version(const struct dispatcher *dispatcher)
{
	return dispatcher->state->version;
}

void dispatcher_stub(unsigned slot, enum bank bank, char ret_function[static DISPATCHER_FUNCTION_MAX])
{
	snprintf(ret_function, DISPATCHER_FUNCTION_MAX, "slot_%u_%c", slot % XSLOT_MAX_SLOTS,
		bank == BANK_B ? 'b' : 'a');
}

const struct xslot_generation *dispatcher_running(const struct dispatcher *dispatcher)
{
	return &dispatcher->state->gen[dispatcher->state->active & 1];
}

const struct xslot_generation *dispatcher_idle(const struct dispatcher *dispatcher)
{
	return &dispatcher->state->gen[!(dispatcher->state->active & 1)];
}

/* The banks as the program tests them: slot 0 in the sign bit, set for each slot that is not visited in A. */
static uint32_t not_in_bank_a(const struct xslot_generation *generation)
{
	uint32_t mask = ~0U;

	for (unsigned i = 0; i < generation->count && i < XSLOT_MAX_SLOTS; i++)
		if (!(generation->banks >> i & 1))
			mask &= ~(1U << (31 - i));
	return mask;
}

#ifdef SABOTAGE_IN_PLACE
/* What the two generations are there to prevent: slot after slot, under the packets. */
static void write_in_place(struct xslot_generation *live, const struct xslot_generation *generation)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (unsigned i = 0; i < XSLOT_MAX_SLOTS; i++) {
		uint32_t bit = 1U << (31 - i);
		uint32_t old = __atomic_load_n(&live->not_a, __ATOMIC_RELAXED);

		if (live->proceed[i] != generation->proceed[i])
			__atomic_store_n(&live->proceed[i], generation->proceed[i], __ATOMIC_SEQ_CST);
		if ((old ^ generation->not_a) & bit) {
			__atomic_store_n(&live->not_a, old ^ bit, __ATOMIC_SEQ_CST);
			nanosleep(&pause, NULL);
		}
	}
	__atomic_store_n(&live->count, generation->count, __ATOMIC_SEQ_CST);
	__atomic_store_n(&live->final, generation->final, __ATOMIC_SEQ_CST);
	__atomic_store_n(&live->on_gap, generation->on_gap, __ATOMIC_SEQ_CST);
	__atomic_store_n(&live->fused, generation->fused, __ATOMIC_SEQ_CST);
}
#endif

void dispatcher_prepare(struct dispatcher *dispatcher, const struct xslot_generation *generation)
{
	struct xslot_state *state = dispatcher->state;
	struct xslot_generation *idle = &state->gen[!(state->active & 1)];

	/* The counters' parity: while packets of one generation still count, the next ones count elsewhere.
	 */
	assert(generation->id == dispatcher_running(dispatcher)->id + 1);
	assert(generation->count <= XSLOT_MAX_SLOTS);
	memcpy(idle, generation, sizeof(*idle));
	idle->not_a = not_in_bank_a(generation);
#ifdef SABOTAGE_IN_PLACE
	write_in_place(&state->gen[state->active & 1], idle);
#endif
}

void dispatcher_swap(struct dispatcher *dispatcher)
{
	__atomic_store_n(&dispatcher->state->active, !dispatcher->state->active, __ATOMIC_RELEASE);
}

void dispatcher_count(const struct dispatcher *dispatcher, unsigned parity,
	uint64_t ret_cells[XSLOT_DECIDERS][XSLOT_OUTCOMES])
{
	uint64_t *sums = ret_cells[0];

	memset(sums, 0, XSLOT_DECIDERS * XSLOT_OUTCOMES * sizeof(*sums));
	for (size_t cpu = 0; cpu < dispatcher->n_cpus; cpu++) {
		const __u64 *row = dispatcher->counters[cpu].cell[parity & 1][0];

		for (size_t i = 0; i < XSLOT_DECIDERS * XSLOT_OUTCOMES; i++)
			sums[i] += __atomic_load_n(&row[i], __ATOMIC_RELAXED);
	}
}

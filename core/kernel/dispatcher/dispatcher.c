/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The user-space half of bpf/dispatcher.bpf.c. After the load it makes no system calls: state and counters
 * are the program's own pages, mapped here. So a swap is one store, and counters can be read at any rate
 * without disturbing a packet.
 *
 * A generation is written with plain stores, since no packet reads the idle one: the packets that used it had
 * left when the grace period after the last swap ended. Only the store of `active` needs an order, so that a
 * CPU that sees it also sees the generation.
 *
 * libbpf's object is closed as soon as it is loaded: it holds descriptors of each map and of the BTF, and the
 * program holds all of them itself.
 */
#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "extension/bpffs.h"
#include "extension/permission.h"
#include "extension/program.h"
#include "extension/warnings.h"
#include "kernel/dispatcher/counters.h"
#include "kernel/dispatcher/dispatcher.h"
#include "kernel/dispatcher/layout.h"
#include "kernel/features.h"
#include "util/cleanup.h"
#include "util/diag.h"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

struct dispatcher {
	struct program *program;   /* opened bare when an earlier version pinned it, without its types */
	int state_fd;		   /* -1 once it is pinned: the mapping holds the map */
	struct xslot_state *state; /* mapped; as `layout` has it from `gen` on */
	size_t mapped;
	const struct layout *layout;
	unsigned idle; /* see dispatcher_idle() */
	struct counters counters;
};

DEFINE_CLEANUP(struct dispatcher *, dispatcher_free);
DEFINE_CLEANUP(struct bpf_object *, bpf_object__close);
DEFINE_CLEANUP(struct btf *, btf__free);

void dispatcher_free(struct dispatcher *dispatcher)
{
	if (!dispatcher)
		return;
	counters_close(&dispatcher->counters);
	program_close(dispatcher->program);
	if (dispatcher->state)
		munmap(dispatcher->state, dispatcher->mapped);
	cleanup_close(&dispatcher->state_fd);
	free(dispatcher);
}

/* NULL when out of memory. */
static struct dispatcher *dispatcher_new(void)
{
	struct dispatcher *dispatcher = calloc(1, sizeof(*dispatcher));

	if (dispatcher)
		dispatcher->state_fd = dispatcher->counters.fd = -1;
	return dispatcher;
}

const struct layout *dispatcher_layout(const struct dispatcher *dispatcher)
{
	return dispatcher->layout;
}

unsigned dispatcher_parity(const struct dispatcher *dispatcher, uint32_t id)
{
	return id & (dispatcher->layout->generations - 1);
}

static struct xslot_generation *generation_at(const struct dispatcher *dispatcher, unsigned place)
{
	return (void *)((char *)dispatcher->state->gen + place * dispatcher->layout->generation_size);
}

static unsigned running_place(const struct dispatcher *dispatcher)
{
	return dispatcher_parity(dispatcher, dispatcher->state->active / dispatcher->layout->active_step);
}

const struct xslot_generation *dispatcher_generation(const struct dispatcher *dispatcher, unsigned parity)
{
	return generation_at(dispatcher, dispatcher_parity(dispatcher, parity));
}

const struct xslot_generation *dispatcher_running(const struct dispatcher *dispatcher)
{
	return generation_at(dispatcher, running_place(dispatcher));
}

const struct xslot_generation *dispatcher_idle(const struct dispatcher *dispatcher)
{
	return generation_at(dispatcher, dispatcher->idle);
}

static int load_failed(int r, bool frags, char *log, struct xslot_diag *diag)
{
	char why[PERMISSION_TEXT];

	if (r == -EACCES)
		fail(diag, r,
			"cannot load the dispatcher program: %s; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are needed",
			strerror(-r));
	else if (r == -EPERM)
		fail(diag, r, "cannot load the dispatcher program: %s", permission_reason(r, why));
	else if (frags && features_frags(why, sizeof(why)) < 0)
		fail(diag, r, "cannot load the dispatcher program with frags = yes: %s", why);
	else
		fail(diag, r, "cannot load the dispatcher program: %s", strerror(-r));
	if (diag && log[0])
		diag->log = strdup(log);
	return r;
}

/*
 * The program's references to the map of counters are meant as references to the value in it, and the number
 * of its last row is not known before.
 */
static int adapt_program(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie)
{
	size_t n = bpf_program__insn_cnt(program), size = n * sizeof(struct bpf_insn);
	CLEANUP(free) struct bpf_insn *insns = malloc(size);
	uint32_t rows = 0;
	int r = counters_count_rows(&rows, NULL);

	if (r < 0 || !insns)
		return r < 0 ? r : -ENOMEM;
	memcpy(insns, bpf_program__insns(program), size);
	for (size_t i = 0; i < n; i++) {
		if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW) && insns[i].src_reg == BPF_PSEUDO_MAP_FD)
			insns[i].src_reg = BPF_PSEUDO_MAP_VALUE;
		if (insns[i].code == (BPF_ALU64 | BPF_AND | BPF_K) && insns[i].imm == XSLOT_LAST_ROW)
			insns[i].imm = (int32_t)rows - 1;
	}
	return bpf_program__set_insns(program, insns, n);
}

/* The one place where libbpf lets a program's instructions be changed after it put the maps in. */
static void register_section(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = adapt_program);

	libbpf_register_prog_handler("xslot", BPF_PROG_TYPE_XDP, BPF_XDP, &options);
}

static int use_counters(struct bpf_object *object, struct dispatcher *dispatcher, struct xslot_diag *diag)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "counters");
	int r = counters_create(dispatcher->layout->generations, &dispatcher->counters, diag);

	if (r < 0)
		return r;
	r = map ? bpf_map__reuse_fd(map, dispatcher->counters.fd) : -ENOENT;
	return r < 0 ? fail(diag, r, "cannot give the dispatcher its counters: %s", strerror(-r)) : 0;
}

static int load_object(struct bpf_object *object, bool frags, struct xslot_diag *diag)
{
	struct bpf_program *program = bpf_object__next_program(object, NULL);
	const size_t log_size = 64 << 10;
	char *log CLEANUP(free) = calloc(1, log_size);
	struct warnings unwanted = {}; /* the verifier's log says it all */
	int r;

	if (!log)
		return fail(diag, -ENOMEM, "no memory for a dispatcher");
	bpf_program__set_log_buf(program, log, log_size);
	if (frags)
		bpf_program__set_flags(program, bpf_program__flags(program) | BPF_F_XDP_HAS_FRAGS);
	warnings_begin(&unwanted);
	r = bpf_object__load(object);
	warnings_end();
	return r < 0 ? load_failed(r, frags, log, diag) : 0;
}

static int map_state(struct dispatcher *dispatcher, size_t size)
{
	void *state = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dispatcher->state_fd, 0);

	if (state == MAP_FAILED)
		return -errno;
	dispatcher->state = state;
	dispatcher->mapped = size;
	return 0;
}

static int take_state(struct dispatcher *dispatcher, const struct bpf_object *object, struct xslot_diag *diag)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".data.state");
	int r;

	/*
	 * libbpf asks once in a process whether the kernel maps arrays, and takes an error for no. All that
	 * we run on do: so a state that cannot be mapped means that the question failed, and will for good.
	 */
	if (!map || !(bpf_map__map_flags(map) & BPF_F_MMAPABLE))
		return fail(diag, -ENOMEM,
			"cannot map the dispatcher's state: libbpf could not find out whether this kernel maps arrays, since memory or file descriptors ran out; restart xslotd once there are enough");
	dispatcher->state_fd = fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3);
	r = dispatcher->state_fd < 0 ? -errno : map_state(dispatcher, dispatcher->layout->state_size);
	return r < 0 ? fail(diag, r, "cannot map the dispatcher's state: %s", strerror(-r)) : 0;
}

/* What outlives the object. Its types as the kernel has them: libbpf leaves out what this kernel does not
 * take.
 */
static int take_over(struct dispatcher *dispatcher, struct bpf_object *object, struct xslot_diag *diag)
{
	CLEANUP(btf__free) struct btf *types = program_read_types(bpf_object__btf_fd(object));
	int fd = bpf_program__fd(bpf_object__next_program(object, NULL)), r;

	if (!types)
		return fail(diag, -errno, "cannot read the dispatcher's types: %s", strerror(errno));
	r = program_open(fd, types, &dispatcher->program, diag);
	return r < 0 ? r : take_state(dispatcher, object, diag);
}

int dispatcher_load(bool frags, struct dispatcher **ret_dispatcher, struct xslot_diag *diag)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "dispatcher");
	struct dispatcher *dispatcher CLEANUP(dispatcher_free) = dispatcher_new();
	struct bpf_object *object CLEANUP(bpf_object__close) = NULL;
	const struct layout *layout = layout_made();
	int r;

	if (!dispatcher)
		return fail(diag, -ENOMEM, "no memory for a dispatcher");
	dispatcher->layout = layout;
	pthread_once(&once, register_section);
	object = bpf_object__open_mem(layout->object, layout->object_size, &options);
	if (!object)
		return fail(diag, -errno, "cannot open the built-in dispatcher object: %s", strerror(errno));
	r = use_counters(object, dispatcher, diag);
	if (r == 0)
		r = load_object(object, frags, diag);
	if (r == 0)
		r = take_over(dispatcher, object, diag);
	if (r < 0)
		return r;
	*ret_dispatcher = TAKE_PTR(dispatcher);
	return 0;
}

static int pin_one(int fd, const char *folder, const char *name, struct xslot_diag *diag)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return bpffs_pin(fd, path, name, diag);
}

/* What the kernel hands out to CAP_SYS_ADMIN only: kept beside the program, for the host that adopts it. */
static int pin_types(const struct dispatcher *dispatcher, const char *folder, struct xslot_diag *diag)
{
	uint32_t size = 0, key = 0;
	const void *bytes = btf__raw_data(dispatcher->program->btf, &size);
	CLEANUP(close) int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "types", sizeof(key), size, 1, NULL);

	if (fd < 0 || bpf_map_update_elem(fd, &key, bytes, BPF_ANY) < 0)
		return fail(diag, -errno, "cannot keep the dispatcher's types in a map: %s",
			permission_reason(errno, (char[PERMISSION_TEXT]){ 0 }));
	return pin_one(fd, folder, "types", diag);
}

int dispatcher_pin(struct dispatcher *dispatcher, const char *folder, struct xslot_diag *diag)
{
	int r = pin_one(dispatcher->program->fd, folder, "dispatcher", diag);

	if (r == 0 && dispatcher->program->btf)
		r = pin_types(dispatcher, folder, diag);
	if (r == 0)
		r = pin_one(dispatcher->state_fd, folder, "state", diag);
	if (r == 0)
		r = pin_one(dispatcher->counters.fd, folder, "counters", diag);
	if (r == 0)
		close(TAKE_FD(dispatcher->state_fd));
	return r;
}

static int open_one(
	const char *folder, const char *name, enum bpffs_kind kind, int *ret_fd, struct xslot_diag *diag)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return bpffs_open(path, kind, ret_fd, diag);
}

/* What is counted by them later. One that does not run may never have been written: all zeros. */
static int check_generation(
	const struct dispatcher *dispatcher, unsigned parity, const char *folder, struct xslot_diag *diag)
{
	const struct xslot_generation *generation = dispatcher_generation(dispatcher, parity);

	if (generation->count <= generation->configured_count &&
		generation->configured_count <= XSLOT_MAX_SLOTS &&
		generation->fused <= dispatcher->layout->stubs && generation->final < XSLOT_ACTIONS &&
		generation->on_gap < XSLOT_ACTIONS)
		return 0;
	return fail(diag, -EINVAL,
		"%s/state is corrupt: generation %u has %u of %u slots, fused program %u, final verdict %u and gap verdict %u",
		folder, generation->id, generation->count, generation->configured_count, generation->fused,
		generation->final, generation->on_gap);
}

/* What every layout begins with is looked at before anything else is believed. */
static int map_pinned_state(struct dispatcher *dispatcher, const char *folder, struct xslot_diag *diag)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	const struct xslot_state *state;
	int r = 0;

	if (bpf_obj_get_info_by_fd(dispatcher->state_fd, &info, &size) < 0)
		return fail(diag, -errno, "cannot look at pin %s/state: %s", folder, strerror(errno));
	if (info.value_size < offsetof(struct xslot_state, active))
		return fail(diag, -EINVAL, "%s/state is not the state of a dispatcher: it has %u bytes",
			folder, info.value_size);
	r = map_state(dispatcher, info.value_size);
	if (r < 0)
		return fail(diag, r, "cannot map %s/state: %s", folder, strerror(-r));
	state = dispatcher->state;
	if (state->magic != XSLOT_STATE_MAGIC)
		return fail(diag, -EINVAL,
			"%s/state is not the state of a dispatcher: it does not begin with \"xslot\"",
			folder);
	dispatcher->layout = layout_find(state->layout);
	if (!dispatcher->layout)
		return fail(diag, -EPROTO,
			"the dispatcher in %s is of version %u with state layout %u, and this xslotd reads layouts %u and %u",
			folder, state->version, state->layout, XSLOT_LAYOUT_BEFORE, XSLOT_STATE_LAYOUT);
	if (info.value_size != dispatcher->layout->state_size)
		return fail(diag, -EINVAL, "%s/state is corrupt: it has %u bytes, not %zu", folder,
			info.value_size, dispatcher->layout->state_size);
	for (unsigned i = 0; r == 0 && i < dispatcher->layout->generations; i++)
		r = check_generation(dispatcher, i, folder, diag);
	dispatcher->idle = dispatcher_parity(dispatcher, running_place(dispatcher) - 1);
	return r;
}

static int open_counters(struct dispatcher *dispatcher, const char *folder, struct xslot_diag *diag)
{
	char path[PATH_MAX];
	int fd = -1, r;

	snprintf(path, sizeof(path), "%s/counters", folder);
	r = bpffs_open(path, BPFFS_MAP, &fd, diag);
	return r < 0 ? r
		     : counters_open(fd, path, dispatcher->layout->generations, &dispatcher->counters, diag);
}

static int open_types(const char *folder, struct btf **ret_types, struct xslot_diag *diag)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info), key = 0;
	CLEANUP(free) void *bytes = NULL;
	CLEANUP(close) int fd = -1;
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/types", folder);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = bpffs_open(path, BPFFS_MAP, &fd, diag);
	if (r < 0)
		return r;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0 || !(bytes = malloc(info.value_size + 1)) ||
		bpf_map_lookup_elem(fd, &key, bytes) < 0)
		return fail(diag, -errno, "cannot read pin %s/types: %s", folder, strerror(errno));
	*ret_types = btf__new(bytes, info.value_size);
	if (!*ret_types)
		return fail(diag, -errno, "%s/types is corrupt: libbpf cannot read it: %s", folder,
			strerror(errno));
	return 0;
}

static int open_program(struct dispatcher *dispatcher, const char *folder, struct xslot_diag *diag)
{
	CLEANUP(btf__free) struct btf *types = NULL;
	CLEANUP(close) int fd = -1;
	int r = open_one(folder, "dispatcher", BPFFS_PROGRAM, &fd, diag);

	if (r == 0)
		r = open_types(folder, &types, diag);
	if (r < 0)
		return r;
	return types ? program_open(fd, types, &dispatcher->program, diag)
		     : program_open_bare(fd, &dispatcher->program, diag);
}

int dispatcher_open_pinned(const char *folder, struct dispatcher **ret_dispatcher, struct xslot_diag *diag)
{
	struct dispatcher *dispatcher CLEANUP(dispatcher_free) = dispatcher_new();
	int r;

	if (!dispatcher)
		return fail(diag, -ENOMEM, "no memory for a dispatcher");
	r = open_one(folder, "state", BPFFS_MAP, &dispatcher->state_fd, diag);
	if (r == 0)
		r = map_pinned_state(dispatcher, folder, diag);
	if (r == 0)
		r = open_program(dispatcher, folder, diag);
	if (r == 0)
		r = open_counters(dispatcher, folder, diag);
	if (r < 0)
		return r;
	close(TAKE_FD(dispatcher->state_fd));
	*ret_dispatcher = TAKE_PTR(dispatcher);
	return 0;
}

const struct counters *dispatcher_counters(const struct dispatcher *dispatcher)
{
	return &dispatcher->counters;
}

int dispatcher_fd(const struct dispatcher *dispatcher)
{
	return dispatcher->program->fd;
}

const struct program *dispatcher_program(const struct dispatcher *dispatcher)
{
	return dispatcher->program;
}

const struct btf *dispatcher_types(const struct dispatcher *dispatcher)
{
	return dispatcher->program->btf;
}

uint32_t dispatcher_program_id(const struct dispatcher *dispatcher)
{
	return dispatcher->program->id;
}

uint32_t dispatcher_version(const struct dispatcher *dispatcher)
{
	return dispatcher->program->btf ? dispatcher->state->version : 0;
}

void dispatcher_stub(unsigned slot, enum bank bank, char ret_function[static DISPATCHER_FUNCTION_MAX])
{
	snprintf(ret_function, DISPATCHER_FUNCTION_MAX, "slot_%u_%c", slot % XSLOT_MAX_SLOTS,
		bank == BANK_B ? 'b' : 'a');
}

void dispatcher_fused_stub(uint32_t stub, char ret_function[static DISPATCHER_FUNCTION_MAX])
{
	snprintf(ret_function, DISPATCHER_FUNCTION_MAX, "fused_%c", 'a' + (char)(stub - XSLOT_FUSED_A));
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
	const struct xslot_generation *running = dispatcher_running(dispatcher);
	unsigned parity = dispatcher_parity(dispatcher, generation->id);
	struct xslot_generation *idle = generation_at(dispatcher, parity);

	/* While packets of one generation still count, the next ones count elsewhere. */
	assert(generation->id > running->id);
	assert(idle != running);
	assert(generation->count <= XSLOT_MAX_SLOTS && generation->fused <= dispatcher->layout->stubs);
	memcpy(idle, generation, dispatcher->layout->generation_size);
	idle->not_a = not_in_bank_a(generation);
	dispatcher->idle = parity;
#ifdef SABOTAGE_IN_PLACE
	write_in_place(generation_at(dispatcher, running_place(dispatcher)), idle);
#endif
}

/* Under bypass packets do not run a fused program either. */
static uint32_t fused_bit(const struct layout *layout, const struct xslot_generation *generation)
{
	if (!generation->count || generation->fused == XSLOT_FUSED_NONE)
		return 0;
	return layout->generations * layout->active_step << (layout->stubs - generation->fused);
}

void dispatcher_swap(struct dispatcher *dispatcher)
{
	const struct layout *layout = dispatcher->layout;
	unsigned next = dispatcher->idle;
	uint32_t active = next * layout->active_step | fused_bit(layout, generation_at(dispatcher, next));

	dispatcher->idle = running_place(dispatcher);
	__atomic_store_n(&dispatcher->state->active, active, __ATOMIC_RELEASE);
}

void dispatcher_count(const struct dispatcher *dispatcher, unsigned parity,
	uint64_t ret_cells[XSLOT_DECIDERS][XSLOT_OUTCOMES])
{
	counters_sum(&dispatcher->counters, parity, ret_cells);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * User space can only store a whole value: what packets count between its look-up and its store is lost, and
 * of a map with one value a CPU it stores those of all CPUs. So a small program adds, with the atomic
 * instruction. A packet's program may add with three instructions, since nothing else writes to its CPU's
 * value; it runs with softirqs off, and a task on the same CPU never comes in between. Therefore the program
 * is run as a task on each CPU whose value it adds to, by a thread that moves there, and never from an
 * interrupt, as a request to run it on another CPU would be. Where the thread may not go, it adds to another
 * CPU's value: the sum is what counts.
 */
#include "kernel/state/adder.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/state/walk.h"
#include "util/cleanup.h"
#include "util/diag.h"

#define JOBS 32 /* in one run */
#define VALUE_MAX 1024
#define CPUS_MAX 8192
#define ALIGN(size) (((size_t)(size) + 7) & ~(size_t)7)

/* One value of the map of jobs, as the program reads it; behind it the key, aligned, and the numbers. */
struct job {
	uint64_t due;	  /* 0: no more jobs */
	uint64_t missing; /* set by the program: there is no entry of that key */
};

struct adder {
	int fd, jobs_fd, program_fd;
	uint32_t key_size;
	size_t n_words; /* in a value */
	size_t n_values;
	size_t job_size;
	char *jobs;	/* the map of jobs, in our memory */
	char *keys;	/* as many as JOBS, key_size each */
	uint64_t *sums; /* as many as JOBS, adder_numbers() each */
	size_t n;
	uint64_t left_out;
};

bool adder_can(const struct bpf_map_info *info)
{
	switch (info->type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE:
		break;
	default:
		if (!walk_is_per_cpu(info->type))
			return false;
	}
	return info->value_size > 0 && info->value_size % 8 == 0 && info->value_size <= VALUE_MAX;
}

/* The program, instruction by instruction: r6 counts jobs, r7 is the job, r0 the entry. */
struct code {
	struct bpf_insn insns[64 + 2 * VALUE_MAX / 8];
	size_t n;
};

static size_t emit(struct code *code, struct bpf_insn insn)
{
	code->insns[code->n] = insn;
	return code->n++;
}

#define EMIT(...) emit(code, (struct bpf_insn){ __VA_ARGS__ })
#define MOVE(to, from) EMIT(.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (to), .src_reg = (from))
#define ADD(to, by) EMIT(.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (to), .imm = (by))
#define SET(to, number) EMIT(.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (to), .imm = (number))
#define LOAD(to, from, at)                                                                                   \
	EMIT(.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = (to), .src_reg = (from), .off = (at))
#define STORE(to, at, from)                                                                                  \
	EMIT(.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = (to), .off = (at), .src_reg = (from))
#define IF_ZERO(what) EMIT(.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = (what), .imm = 0)

static void lead(struct code *code, size_t from, size_t to)
{
	code->insns[from].off = (int16_t)(to - from - 1);
}

/* r0 = look up in the map what r2 points to. */
static void emit_lookup(struct code *code, int map)
{
	EMIT(.code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD, .imm = map);
	EMIT(.code = 0);
	EMIT(.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem);
}

static void emit_program(struct code *code, const struct adder *adder)
{
	const int key = sizeof(struct job), numbers = (int)(key + (int)ALIGN(adder->key_size));
	size_t loop, none, due, missing, added;

	SET(6, 0);
	loop = EMIT(.code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = 10, .off = -4, .src_reg = 6);
	MOVE(2, 10);
	ADD(2, -4);
	emit_lookup(code, adder->jobs_fd);
	none = IF_ZERO(0);
	MOVE(7, 0);
	LOAD(1, 7, 0);
	due = IF_ZERO(1);
	MOVE(2, 7);
	ADD(2, key);
	emit_lookup(code, adder->fd);
	missing = IF_ZERO(0);
	for (size_t i = 0; i < adder->n_words; i++) {
		LOAD(1, 7, (int16_t)(numbers + (int)(8 * i)));
		EMIT(.code = BPF_STX | BPF_XADD | BPF_DW, .dst_reg = 0, .src_reg = 1,
			.off = (int16_t)(8 * i));
	}
	added = EMIT(.code = BPF_JMP | BPF_JA);
	lead(code, missing, code->n);
	SET(1, 1);
	STORE(7, 8, 1);
	lead(code, added, code->n);
	ADD(6, 1);
	lead(code, EMIT(.code = BPF_JMP | BPF_JLT | BPF_K, .dst_reg = 6, .imm = JOBS), loop);
	lead(code, none, code->n);
	lead(code, due, code->n);
	SET(0, XDP_PASS);
	EMIT(.code = BPF_JMP | BPF_EXIT);
}

static int load_program(struct adder *adder, struct xslot_diag *diag)
{
	CLEANUP(free) struct code *code = calloc(1, sizeof(*code));

	if (!code)
		return fail(diag, -ENOMEM, "out of memory");
	emit_program(code, adder);
	adder->program_fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "xslot_add", "GPL", code->insns, code->n, NULL);
	if (adder->program_fd < 0)
		return fail(diag, -errno, "the kernel does not load the program that adds to entries: %s",
			strerror(errno));
	return 0;
}

static int make_jobs(struct adder *adder, struct xslot_diag *diag)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	void *jobs;

	adder->jobs_fd = bpf_map_create(
		BPF_MAP_TYPE_ARRAY, "xslot_jobs", sizeof(uint32_t), (uint32_t)adder->job_size, JOBS, &opts);
	if (adder->jobs_fd < 0)
		return fail(
			diag, -errno, "the kernel makes no map for what is to be added: %s", strerror(errno));
	jobs = mmap(NULL, JOBS * adder->job_size, PROT_READ | PROT_WRITE, MAP_SHARED, adder->jobs_fd, 0);
	if (jobs == MAP_FAILED)
		return fail(diag, -errno, "cannot map what is to be added: %s", strerror(errno));
	adder->jobs = jobs;
	return 0;
}

DEFINE_CLEANUP(struct adder *, adder_free);

int adder_new(int fd, const struct bpf_map_info *info, struct adder **ret_adder, struct xslot_diag *diag)
{
	CLEANUP(adder_free) struct adder *adder = calloc(1, sizeof(*adder));
	int n_cpus = libbpf_num_possible_cpus(), r;

	if (!adder)
		return fail(diag, -ENOMEM, "out of memory");
	adder->fd = fd;
	adder->jobs_fd = adder->program_fd = -1;
	if (!adder_can(info))
		return fail(diag, -EINVAL,
			"its entries cannot be added to: that takes a hash, an array or a trie with values of at most %u bytes, all of them numbers of 8 bytes",
			VALUE_MAX);
	if (n_cpus < 0 || n_cpus > CPUS_MAX)
		return fail(diag, n_cpus < 0 ? n_cpus : -E2BIG, "cannot count the CPUs");
	adder->key_size = info->key_size;
	adder->n_words = info->value_size / 8;
	adder->n_values = walk_is_per_cpu(info->type) ? (size_t)n_cpus : 1;
	adder->job_size = sizeof(struct job) + ALIGN(info->key_size) + info->value_size;
	adder->keys = calloc(JOBS, info->key_size);
	adder->sums = calloc(JOBS, adder_numbers(adder) * sizeof(*adder->sums));
	if (!adder->keys || !adder->sums)
		return fail(diag, -ENOMEM, "out of memory");
	r = make_jobs(adder, diag);
	if (r == 0)
		r = load_program(adder, diag);
	if (r < 0)
		return r;
	*ret_adder = TAKE_PTR(adder);
	return 0;
}

void adder_free(struct adder *adder)
{
	if (!adder)
		return;
	if (adder->jobs)
		munmap(adder->jobs, JOBS * adder->job_size);
	cleanup_close(&adder->program_fd);
	cleanup_close(&adder->jobs_fd);
	free(adder->keys);
	free(adder->sums);
	free(adder);
}

size_t adder_numbers(const struct adder *adder)
{
	return adder->n_words * adder->n_values;
}

uint64_t adder_left_out(const struct adder *adder)
{
	return adder->left_out;
}

static bool is_zero(const uint64_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (numbers[i])
			return false;
	return true;
}

static struct job *job_at(const struct adder *adder, size_t i)
{
	return (struct job *)(adder->jobs + i * adder->job_size);
}

/* The jobs of one CPU, or of a map that has one value for all. False: there are none. */
static bool write_jobs(struct adder *adder, size_t value)
{
	size_t n = 0;

	for (size_t i = 0; i < adder->n; i++) {
		const uint64_t *sums = adder->sums + i * adder_numbers(adder) + value * adder->n_words;
		struct job *job = job_at(adder, n);

		if (is_zero(sums, adder->n_words))
			continue;
		*job = (struct job){ .due = i + 1 };
		memcpy(job + 1, adder->keys + i * adder->key_size, adder->key_size);
		memcpy((char *)(job + 1) + ALIGN(adder->key_size), sums, adder->n_words * sizeof(*sums));
		n++;
	}
	if (n < JOBS)
		job_at(adder, n)->due = 0;
	return n > 0;
}

static int run(const struct adder *adder, struct xslot_diag *diag)
{
	unsigned char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet), .repeat = 1);

	if (bpf_prog_test_run_opts(adder->program_fd, &opts) < 0)
		return fail(diag, -errno, "the kernel does not run the program that adds to entries: %s",
			strerror(errno));
	return 0;
}

/* What came to a key without an entry makes one: unless a packet does that first, then it is added after
 * all. */
static int make_entry(struct adder *adder, size_t i, struct xslot_diag *diag)
{
	uint64_t *sums = adder->sums + i * adder_numbers(adder);

	if (bpf_map_update_elem(adder->fd, adder->keys + i * adder->key_size, sums, BPF_NOEXIST) == 0) {
		memset(sums, 0, adder_numbers(adder) * sizeof(*sums));
		return 0;
	}
	if (errno == E2BIG || errno == ENOSPC || errno == ENOMEM) {
		adder->left_out++;
		memset(sums, 0, adder_numbers(adder) * sizeof(*sums));
		return 0;
	}
	return errno == EEXIST ? 0 : fail(diag, -errno, "cannot make an entry: %s", strerror(errno));
}

/* Done is done: a job that was added is not added again; one whose entry is missing remains. */
static size_t take_results(struct adder *adder, size_t value)
{
	size_t missing = 0;

	for (size_t n = 0; n < JOBS && job_at(adder, n)->due; n++) {
		const struct job *job = job_at(adder, n);
		uint64_t *sums = adder->sums + (job->due - 1) * adder_numbers(adder) + value * adder->n_words;

		if (job->missing)
			missing++;
		else
			memset(sums, 0, adder->n_words * sizeof(*sums));
	}
	return missing;
}

static int run_on_each(struct adder *adder, size_t *ret_missing, struct xslot_diag *diag)
{
	int r = 0;

	*ret_missing = 0;
	for (size_t value = 0; r == 0 && value < adder->n_values; value++) {
		cpu_set_t *cpu = CPU_ALLOC(CPUS_MAX);

		if (!cpu)
			return fail(diag, -ENOMEM, "out of memory");
		if (write_jobs(adder, value)) {
			CPU_ZERO_S(CPU_ALLOC_SIZE(CPUS_MAX), cpu);
			CPU_SET_S(value, CPU_ALLOC_SIZE(CPUS_MAX), cpu);
			if (adder->n_values > 1) /* or it adds where it is: see above */
				sched_setaffinity(0, CPU_ALLOC_SIZE(CPUS_MAX), cpu);
			r = run(adder, diag);
			*ret_missing += r == 0 ? take_results(adder, value) : 0;
		}
		CPU_FREE(cpu);
	}
	return r;
}

/* A packet may make an entry, and another one remove it, as often as it likes: but not for us. */
static int work(struct adder *adder, struct xslot_diag *diag)
{
	size_t missing = 1;
	int r = 0;

	for (int turn = 0; r == 0 && missing && turn < 8; turn++) {
		r = run_on_each(adder, &missing, diag);
		for (size_t i = 0; r == 0 && missing && i < adder->n; i++)
			if (!is_zero(adder->sums + i * adder_numbers(adder), adder_numbers(adder)))
				r = make_entry(adder, i, diag);
	}
	adder->left_out += r == 0 ? missing : 0;
	return r;
}

int adder_flush(struct adder *adder, struct xslot_diag *diag)
{
	cpu_set_t *before;
	int r;

	if (!adder->n)
		return 0;
	before = CPU_ALLOC(CPUS_MAX);
	if (!before)
		return fail(diag, -ENOMEM, "out of memory");
	if (sched_getaffinity(0, CPU_ALLOC_SIZE(CPUS_MAX), before) < 0) {
		r = fail(diag, -errno, "cannot ask on which CPUs this thread may run: %s", strerror(errno));
	} else {
		r = work(adder, diag);
		sched_setaffinity(0, CPU_ALLOC_SIZE(CPUS_MAX), before);
	}
	CPU_FREE(before);
	adder->n = 0;
	return r;
}

int adder_add(struct adder *adder, const void *key, const uint64_t *numbers, struct xslot_diag *diag)
{
	const size_t n = adder_numbers(adder);

	memcpy(adder->keys + adder->n * adder->key_size, key, adder->key_size);
	memcpy(adder->sums + adder->n * n, numbers, n * sizeof(*numbers));
	adder->n++;
	return adder->n == JOBS ? adder_flush(adder, diag) : 0;
}

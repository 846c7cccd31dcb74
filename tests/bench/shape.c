/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Each shape is built from the very object that the plugin's .so holds, or from the same source.
 *
 *	bare		the plugin as an XDP program of its own: one
 *	merged		one C file with all plugins in a row, by the compiler: the limit
 *	tail		a root program and a chain of tail calls, at constant places of one array
 *	libxdp		libxdp's dispatcher, its extensions attached by libxdp
 *	slots, slots-b	xslot's dispatcher, every plugin in its slot; in bank B it is found one test later
 *	fused		xslot's dispatcher with the fused program; -b, -c, -d: in another stub
 *
 * and two that stand in for xslot's where a kernel refuses extensions, without a dispatcher or counters:
 *
 *	fused-alone	the fused program as an XDP program
 *	calls-alone	the same with each plugin as a subprogram: what an extension's call costs
 */
#include "shape.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int start(const struct workload *workload, struct bpf_object *object, const char *suffix)
{
	return workload->start ? workload->start(object, suffix) : 0;
}

/* The plugin itself, as an XDP program. */
static int load_plain(
	const struct workload *workload, struct bpf_object **ret_object, struct bpf_program **ret_program)
{
	int r = workload_open(workload, workload->file, workload->name, ret_object, ret_program);

	if (r == 0)
		r = bpf_object__load(*ret_object);
	return r < 0 ? r : start(workload, *ret_object, "");
}

static int build_bare(const struct workload *workload, unsigned n, struct shape_chain *chain)
{
	struct bpf_program *program;
	int r = load_plain(workload, &chain->objects[0], &program);

	chain->fd = r < 0 ? -1 : bpf_program__fd(program);
	return r;
}

/* Of the maps that the copies bring, only those of the first n. */
static void leave_maps_out(struct bpf_object *object, unsigned n)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		const char *number = strrchr(bpf_map__name(map), '_');

		if (number && number[1] >= '0' && number[1] <= '9' && (unsigned)atoi(number + 1) >= n)
			bpf_map__set_autocreate(map, false);
	}
}

static int build_merged(const struct workload *workload, unsigned n, struct shape_chain *chain)
{
	struct bpf_program *program;
	char name[16], suffix[16];
	int r;

	snprintf(name, sizeof(name), "merged_%u", n);
	r = workload_open(workload, workload->merged, name, &chain->objects[0], &program);
	if (r < 0)
		return r;
	leave_maps_out(chain->objects[0], n);
	r = bpf_object__load(chain->objects[0]);
	for (unsigned i = 0; i < n && r == 0; i++) {
		snprintf(suffix, sizeof(suffix), "_%u", i);
		r = start(workload, chain->objects[0], suffix);
	}
	chain->fd = bpf_program__fd(program);
	return r;
}

static int add_tail(
	const struct workload *workload, uint32_t place, int array, struct bpf_object **ret_object)
{
	struct bpf_program *program;
	int r = workload_open(workload, workload->merged, "tail", ret_object, &program), fd;

	if (r < 0)
		return r;
	leave_maps_out(*ret_object, 1);
	r = bpf_map__reuse_fd(bpf_object__find_map_by_name(*ret_object, "root_array"), array);
	if (r == 0)
		r = workload_set(*ret_object, "place", &place, sizeof(place));
	if (r == 0)
		r = bpf_object__load(*ret_object);
	if (r == 0)
		r = start(workload, *ret_object, "_0");
	fd = bpf_program__fd(program);
	return r < 0 ? r : bpf_map_update_elem(array, &place, &fd, BPF_ANY);
}

static int build_tail(const struct workload *workload, unsigned n, struct shape_chain *chain)
{
	struct bpf_program *program;
	int r = workload_open(workload, workload->merged, "root", &chain->objects[n], &program), array;

	if (r < 0)
		return r;
	leave_maps_out(chain->objects[n], 0);
	r = bpf_object__load(chain->objects[n]);
	array = bpf_object__find_map_fd_by_name(chain->objects[n], "root_array");
	for (unsigned i = n; i-- > 0 && r == 0;)
		r = add_tail(workload, i, array, &chain->objects[i]);
	chain->fd = bpf_program__fd(program);
	return r;
}

static int fill_slot(
	const struct workload *workload, unsigned slot, enum bank bank, struct shape_chain *chain)
{
	struct bpf_object **object = &chain->objects[slot];
	struct bpf_program *program;
	char stub[DISPATCHER_FUNCTION_MAX];
	int r = workload_open(workload, workload->file, workload->name, object, &program);

	if (r < 0)
		return r;
	dispatcher_stub(slot, bank, stub);
	bpf_program__set_type(program, BPF_PROG_TYPE_EXT);
	bpf_program__set_expected_attach_type(program, 0);
	r = bpf_program__set_attach_target(program, dispatcher_fd(chain->dispatcher), stub);
	if (r == 0)
		r = bpf_object__load(*object);
	if (r == 0)
		r = start(workload, *object, "");
	if (r < 0)
		return r;
	chain->links[slot] = bpf_program__attach_freplace(program, 0, NULL);
	return chain->links[slot] ? 0 : -errno;
}

/* The one after that which runs; the first one's verdicts are those that are wanted here. */
static struct xslot_generation next_generation(const struct dispatcher *dispatcher, unsigned n)
{
	struct xslot_generation generation = { .final = XDP_PASS, .on_gap = XDP_ABORTED };

	generation.id = dispatcher ? dispatcher_running(dispatcher)->id + 1 : 0;
	generation.count = generation.configured_count = n;
	return generation;
}

static void run_generation(struct shape_chain *chain, const struct xslot_generation *generation)
{
	dispatcher_prepare(chain->dispatcher, generation);
	dispatcher_swap(chain->dispatcher);
	chain->fd = dispatcher_fd(chain->dispatcher);
}

static int build_bank(const struct workload *workload, unsigned n, enum bank bank, struct shape_chain *chain)
{
	int r = dispatcher_load(false, &chain->dispatcher, &chain->diag);
	struct xslot_generation generation;

	for (unsigned i = 0; i < n && r == 0; i++)
		r = fill_slot(workload, i, bank, chain);
	if (r < 0)
		return r;
	generation = next_generation(chain->dispatcher, n);
	generation.banks = bank == BANK_B ? ~0U : 0;
	run_generation(chain, &generation);
	return 0;
}

static int build_slots(const struct workload *workload, unsigned n, struct shape_chain *chain)
{
	return build_bank(workload, n, BANK_A, chain);
}

static int build_slots_b(const struct workload *workload, unsigned n, struct shape_chain *chain)
{
	return build_bank(workload, n, BANK_B, chain);
}

/* The part with its body moved into a subprogram. The instructions are the caller's to free. */
static int call_instead(struct fuse_part *part)
{
	struct bpf_insn *insns = calloc(part->n_insns + 2, sizeof(*insns));

	if (!insns)
		return -ENOMEM;
	insns[0] = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 1 };
	insns[1] = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
	memcpy(insns + 2, part->insns, part->n_insns * sizeof(*insns));
	part->insns = insns;
	part->n_insns += 2;
	return 0;
}

/* For `generation` of chain->dispatcher, if there is one. */
static int fuse(const struct workload *workload, const struct xslot_generation *generation, bool calls,
	struct shape_chain *chain)
{
	uint32_t stub = generation->fused ? generation->fused : XSLOT_FUSED_A;
	struct fuse_part parts[SHAPE_MOST];
	struct fuse_options options = { .parts = parts, .generation = generation };
	int r = 0;

	for (; options.n_parts < generation->count && r == 0; options.n_parts++) {
		struct fuse_part *part = &parts[options.n_parts];
		struct bpf_program *program;

		r = load_plain(workload, &chain->objects[options.n_parts], &program);
		if (r < 0)
			break;
		*part = (struct fuse_part){
			.name = workload->name,
			.insns = bpf_program__insns(program),
			.n_insns = bpf_program__insn_cnt(program),
			.program_fd = bpf_program__fd(program),
			.btf_fd = bpf_object__btf_fd(chain->objects[options.n_parts]),
		};
		if (calls)
			r = call_instead(part);
	}
	if (r == 0)
		r = fused_load(&options, chain->dispatcher, stub, &chain->fused, &chain->diag);
	for (size_t i = 0; calls && i < options.n_parts; i++)
		free((void *)parts[i].insns);
	return r;
}

static int build_stub(const struct workload *workload, unsigned n, uint32_t stub, struct shape_chain *chain)
{
	int r = dispatcher_load(false, &chain->dispatcher, &chain->diag);
	struct xslot_generation generation;

	if (r < 0)
		return r;
	generation = next_generation(chain->dispatcher, n);
	generation.fused = stub;
	r = fuse(workload, &generation, false, chain);
	if (r == 0)
		r = fused_place(chain->fused, &chain->fused_link, &chain->diag);
	if (r == 0)
		run_generation(chain, &generation);
	return r;
}

static int build_fused(const struct workload *workload, unsigned n, struct shape_chain *chain)
{
	return build_stub(workload, n, XSLOT_FUSED_A, chain);
}

static int build_fused_b(const struct workload *workload, unsigned n, struct shape_chain *chain)
{
	return build_stub(workload, n, XSLOT_FUSED_B, chain);
}

static int build_fused_c(const struct workload *workload, unsigned n, struct shape_chain *chain)
{
	return build_stub(workload, n, XSLOT_FUSED_C, chain);
}

static int build_fused_d(const struct workload *workload, unsigned n, struct shape_chain *chain)
{
	return build_stub(workload, n, XSLOT_FUSED_D, chain);
}

static int build_alone(const struct workload *workload, unsigned n, bool calls, struct shape_chain *chain)
{
	struct xslot_generation generation = next_generation(NULL, n);
	int r = fuse(workload, &generation, calls, chain);

	chain->fd = r < 0 ? -1 : fused_fd(chain->fused);
	return r;
}

static int build_fused_alone(const struct workload *workload, unsigned n, struct shape_chain *chain)
{
	return build_alone(workload, n, false, chain);
}

static int build_calls_alone(const struct workload *workload, unsigned n, struct shape_chain *chain)
{
	return build_alone(workload, n, true, chain);
}

const struct shape shapes[] = {
	{ "bare", SHAPE_ANYWHERE, 1, build_bare },
	{ "merged", SHAPE_ANYWHERE, SHAPE_MOST, build_merged },
	{ "tail", SHAPE_ANYWHERE, SHAPE_MOST, build_tail },
	{ "libxdp", SHAPE_EXTENSIONS, 10, shape_build_libxdp },
	{ "slots", SHAPE_EXTENSIONS, SHAPE_MOST, build_slots },
	{ "slots-b", SHAPE_EXTENSIONS, SHAPE_MOST, build_slots_b },
	{ "fused", SHAPE_EXTENSIONS, SHAPE_MOST, build_fused },
	{ "fused-b", SHAPE_EXTENSIONS, SHAPE_MOST, build_fused_b },
	{ "fused-c", SHAPE_EXTENSIONS, SHAPE_MOST, build_fused_c },
	{ "fused-d", SHAPE_EXTENSIONS, SHAPE_MOST, build_fused_d },
	{ "fused-alone", SHAPE_STAND_IN, SHAPE_MOST, build_fused_alone },
	{ "calls-alone", SHAPE_STAND_IN, SHAPE_MOST, build_calls_alone },
};
const size_t n_shapes = sizeof(shapes) / sizeof(shapes[0]);

const struct shape *shape_find(const char *name)
{
	for (size_t i = 0; i < n_shapes; i++)
		if (strcmp(shapes[i].name, name) == 0)
			return &shapes[i];
	return NULL;
}

void shape_deinit(struct shape_chain *chain)
{
	shape_deinit_libxdp(chain);
	xslot_link_close(chain->fused_link);
	fused_free(chain->fused);
	for (size_t i = 0; i < SHAPE_MOST; i++)
		bpf_link__destroy(chain->links[i]);
	for (size_t i = 0; i <= SHAPE_MOST; i++)
		bpf_object__close(chain->objects[i]);
	dispatcher_free(chain->dispatcher);
	xslot_diag_clear(&chain->diag);
	*chain = (struct shape_chain){};
}

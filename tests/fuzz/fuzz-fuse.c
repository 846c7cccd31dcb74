/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Chains of programs, fused. What the verifier takes goes in: as XDP programs of their own, one behind the
 * other, they say what becomes of a packet; the fused program must be taken too, and make the same of it,
 * verdict, bytes and maps. What the verifier would not take goes in as well, and breaks nothing.
 *
 * An input begins with a byte that says how the rest is read: 0, numbers that tests/system/random-plugin.c
 * makes programs of; 1, programs, instruction by instruction; 2, one program and its object, for its source
 * lines. Without the right to load XDP programs only the rewriting itself is run.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include "fuzz.h"
#include "kernel/dispatcher/counters.h"
#include "kernel/fuse/btf.h"
#include "kernel/fuse/fuse.h"
#include "kernel/fuse/insn.h"
#include "kernel/fuse/lines.h"
#include "system/random-load.h"
#include "system/random-maps.h"
#include "theirs.h"

#define PARTS_MAX 4
#define PACKETS 12
#define PACKET_MAX 512
#define CONSTANTS RANDOM_MAPS
#define MAPS (RANDOM_MAPS + 1)

struct bytes {
	const uint8_t *at;
	size_t left;
};

struct packet {
	uint32_t size, verdict;
	uint8_t bytes[PACKET_MAX];
};

/* The program on its own, with the first maps; its instructions for the fused one, with the others. */
struct subject {
	struct random_plugin plugin;
	struct bpf_insn insns[2][RANDOM_INSNS_MAX];
	int maps[2][MAPS];
	int program_fd, btf_fd;
};

static struct subject subjects[PARTS_MAX];
static int targets[RANDOM_TARGETS];
static unsigned features;
static bool may_load;

/* ---- read the input ---- */

static unsigned take(struct bytes *bytes)
{
	if (!bytes->left)
		return 0;
	bytes->left--;
	return *bytes->at++;
}

static void take_insns(struct bytes *bytes, struct random_plugin *plugin, size_t n)
{
	memset(plugin, 0, sizeof(*plugin));
	if (n > bytes->left / sizeof(*plugin->insns))
		n = bytes->left / sizeof(*plugin->insns);
	plugin->n_insns = n < RANDOM_INSNS_MAX ? n : RANDOM_INSNS_MAX;
	memcpy(plugin->insns, bytes->at, plugin->n_insns * sizeof(*plugin->insns));
	bytes->at += plugin->n_insns * sizeof(*plugin->insns);
	bytes->left -= plugin->n_insns * sizeof(*plugin->insns);
}

static void take_generation(struct bytes *bytes, size_t n, struct xslot_generation *ret_generation)
{
	unsigned word = take(bytes);

	*ret_generation = (struct xslot_generation){
		.id = word & 1,
		.count = (uint32_t)n,
		.final = (word >> 1) % XSLOT_ACTIONS,
		.on_gap = (word >> 4) % XSLOT_ACTIONS,
	};
	for (size_t i = 0; i < n; i++)
		ret_generation->proceed[i] = take(bytes);
}

/* ---- in the kernel ---- */

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static void set_up(void)
{
	static const struct bpf_insn nothing[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT } };
	static bool done;
	int fd;

	if (done)
		return;
	done = true;
	libbpf_set_print(silent);
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "nothing", "GPL", nothing, 2, NULL);
	may_load = fd >= 0;
	if (!may_load) {
		fprintf(stderr,
			"note: fuse: the kernel does not load XDP programs (%s): no program is compared\n",
			strerror(errno));
		return;
	}
	close(fd);
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_loop, NULL) == 1)
		features |= RANDOM_LOOPS;
	features |= RANDOM_TAIL_CALLS;
	random_targets_load(targets);
}

/* What the verifier lets such a program do says nothing of where memory is: it is the same each time. */
static void keep_addresses_hidden(bool hidden)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	const uint32_t perfmon = 1U << (CAP_PERFMON - 32), admin = 1U << CAP_SYS_ADMIN;

	expect(syscall(SYS_capget, &header, data) == 0, "capabilities are read");
	data[0].effective = hidden ? data[0].effective & ~admin : data[0].permitted;
	data[1].effective = hidden ? data[1].effective & ~perfmon : data[1].permitted;
	expect(syscall(SYS_capset, &header, data) == 0, "capabilities are set");
}

/* An array that is frozen, as .rodata is. */
static int make_constants(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_RDONLY_PROG);
	const uint32_t key = 0, value[16] = { 2, 31, 30, 0, 0x12345678, 0xffffffff, 1, 4 };
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "constants", 4, sizeof(value), 1, &options);

	expect(fd >= 0 && bpf_map_update_elem(fd, &key, value, 0) == 0 && bpf_map_freeze(fd) == 0,
		"there are constants");
	return fd;
}

static void use_maps(const struct random_plugin *plugin, const int maps[MAPS], struct bpf_insn *ret_insns)
{
	memcpy(ret_insns, plugin->insns, plugin->n_insns * sizeof(*ret_insns));
	for (size_t i = 0; i < plugin->n_insns; i++) {
		struct bpf_insn *insn = &ret_insns[i];

		if (insn->code != FUSE_LOAD_64)
			continue;
		if (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE)
			insn->imm = maps[(uint32_t)insn->imm % MAPS];
		i++;
	}
}

/*
 * What is in front of a packet is left there from program to program, and is new in each test run: so one
 * program of a chain may look there, the first, and the others work at the packet's end.
 */
static void use_end(struct random_plugin *plugin)
{
	for (size_t i = 0; i < plugin->n_insns; i++) {
		struct bpf_insn *insn = &plugin->insns[i];

		if (insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg &&
			insn->imm == BPF_FUNC_xdp_adjust_head)
			insn->imm = BPF_FUNC_xdp_adjust_tail;
	}
}

static void subject_init(struct subject *subject)
{
	if (subject != subjects)
		use_end(&subject->plugin);
	for (unsigned i = 0; i < 2; i++) {
		if (may_load) {
			random_maps_make(subject->maps[i]);
			subject->maps[i][CONSTANTS] = make_constants();
		} else {
			memset(subject->maps[i], 0x7f, sizeof(subject->maps[i]));
		}
		use_maps(&subject->plugin, subject->maps[i], subject->insns[i]);
	}
	subject->program_fd = subject->btf_fd = -1;
}

static void subject_deinit(struct subject *subject)
{
	for (unsigned i = 0; may_load && i < 2; i++) {
		random_maps_close(subject->maps[i]);
		close(subject->maps[i][CONSTANTS]);
	}
	if (subject->program_fd >= 0)
		close(subject->program_fd);
	if (subject->btf_fd >= 0)
		close(subject->btf_fd);
}

/* ---- compare ---- */

/* False: the packet grew out of all bounds. */
static bool run(int program_fd, const struct packet *in, struct packet *out)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = in->bytes, .data_size_in = in->size,
		.data_out = out->bytes, .data_size_out = sizeof(out->bytes), .repeat = 1);

	int r;

	memset(out, 0, sizeof(*out));
	r = bpf_prog_test_run_opts(program_fd, &options);
	expect(r == 0 || r == -ENOSPC, "a packet can be sent");
	out->size = options.data_size_out;
	out->verdict = options.retval;
	return r == 0;
}

/* What a slot's verdict makes of a chain, as bpf/include/xslot/slots.h says it. True: the next slot's turn.
 */
static bool decide(
	const struct xslot_generation *generation, size_t slot, uint32_t verdict, uint32_t *ret_action)
{
	if (verdict == XSLOT_NEXT)
		return true;
	if (verdict / 0x1000000 == XSLOT_REASON_MARK && verdict % 0x100 < XSLOT_ACTIONS)
		verdict %= 0x100;
	if (verdict < XSLOT_ACTIONS && generation->proceed[slot] >> verdict & 1)
		return true;
	*ret_action = verdict < XSLOT_ACTIONS ? verdict
		      : verdict == XSLOT_GAP  ? generation->on_gap
					      : XDP_ABORTED;
	return false;
}

static bool run_one_by_one(
	const struct xslot_generation *generation, size_t n, const struct packet *in, struct packet *out)
{
	uint32_t action = generation->final;
	struct packet packet = *in;

	for (size_t i = 0; i < n; i++) {
		if (!run(subjects[i].program_fd, &packet, out))
			return false;
		packet = *out;
		if (!decide(generation, i, packet.verdict, &action))
			break;
	}
	*out = packet;
	out->verdict = action;
	return true;
}

static void compare_maps(int one, int other)
{
	uint8_t key[4], next[4], a[64], b[64];
	size_t n[2] = { 0 };

	for (const uint8_t *last = NULL; bpf_map_get_next_key(one, last, next) == 0; last = key, n[0]++) {
		memcpy(key, next, sizeof(key));
		memset(a, 0, sizeof(a));
		memset(b, 0, sizeof(b));
		expect(bpf_map_lookup_elem(one, key, a) == 0 && bpf_map_lookup_elem(other, key, b) == 0 &&
				memcmp(a, b, sizeof(a)) == 0,
			"the same value in a map");
	}
	for (const uint8_t *last = NULL; bpf_map_get_next_key(other, last, next) == 0; last = key, n[1]++)
		memcpy(key, next, sizeof(key));
	expect(n[0] == n[1], "as many values in a map");
}

static void make_packet(struct bytes *bytes, uint64_t *random, struct packet *packet)
{
	size_t n = bytes->left < 2 ? 0 : take(bytes);

	memset(packet, 0, sizeof(*packet));
	packet->size = 14 + (n ? (uint32_t)n : random_below(random, 80));
	for (uint32_t i = 0; i < packet->size; i++)
		packet->bytes[i] = (uint8_t)(n ? take(bytes) : random_next(random));
}

static void compare(struct bytes *bytes, const struct xslot_generation *generation, size_t n, int fused_fd)
{
	uint64_t random = 88172645463325252ULL + bytes->left;
	struct packet in, one_by_one, fused;

	for (size_t i = 0; i < PACKETS; i++) {
		make_packet(bytes, &random, &in);
		if (!run_one_by_one(generation, n, &in, &one_by_one))
			return; /* the maps are not comparable from here on */
		expect(run(fused_fd, &in, &fused), "the packet is as short");
		expect(fused.verdict == one_by_one.verdict, "the same verdict");
		expect(fused.size == one_by_one.size, "the same length");
		expect(memcmp(fused.bytes, one_by_one.bytes, sizeof(fused.bytes)) == 0, "the same packet");
	}
	for (size_t i = 0; i < n; i++)
		for (unsigned map = 0; map < RANDOM_PROGRAMS; map++)
			compare_maps(subjects[i].maps[0][map], subjects[i].maps[1][map]);
}

static void list_parts(size_t n, struct fuse_part *ret_parts)
{
	for (size_t i = 0; i < n; i++)
		ret_parts[i] = (struct fuse_part){ .name = "slot a.1",
			.insns = subjects[i].insns[1],
			.n_insns = subjects[i].plugin.n_insns,
			.program_fd = subjects[i].program_fd,
			.btf_fd = subjects[i].btf_fd };
}

/* Each part may have what the kernel allows, and all of them together more. They run as slots then. */
static bool is_too_much(int error, const struct xslot_diag *diag)
{
	return error == -EOPNOTSUPP || strstr(diag->message, "combined stack size") ||
	       strstr(diag->message, "is too large") || strstr(diag->message, "more maps");
}

/* All parts are loaded. */
static void fuse_and_compare(struct bytes *bytes, const struct xslot_generation *generation, size_t n)
{
	/* Without the one that makes the packet longer at its front, as in use_end(). */
	const int others[RANDOM_TARGETS] = { targets[0], targets[1], targets[0] };
	struct fuse_part parts[PARTS_MAX];
	const struct fuse_options options = { .parts = parts, .n_parts = n, .generation = generation };
	struct xslot_diag diag = {};
	struct fused *fused;
	int r;

	for (size_t i = 0; i < n; i++)
		for (unsigned j = 0; j < 2; j++)
			random_targets_put(i ? others : targets, subjects[i].maps[j]);
	list_parts(n, parts);
	r = fused_load(&options, NULL, XSLOT_FUSED_A, &fused, &diag);
	if (r == 0) {
		compare(bytes, generation, n, fused_fd(fused));
		fused_free(fused);
	} else if (!is_too_much(r, &diag)) {
		fprintf(stderr, "%s\n%s\n", diag.message, diag.log ? diag.log : "");
		expect(false, "what is made of programs that the verifier takes is taken");
	}
	xslot_diag_clear(&diag);
}

/* ---- the rewriting alone ---- */

static void check_code(const struct fuse_code *code)
{
	uint32_t last = 0;

	for (size_t i = 1; i < code->n_functions; i++) {
		expect(code->functions[i].start > last && code->functions[i].start < code->n_insns,
			"functions begin in order, inside");
		last = code->functions[i].start;
	}
	for (size_t i = 0; i < code->n_places; i++)
		expect(code->places[i].start < code->n_insns, "places are inside");
}

static void check_lines(const struct bpf_line_info *lines, size_t n, const struct fuse_code *code)
{
	for (size_t i = 0; i < n; i++)
		expect(lines[i].insn_off < code->n_insns && (!i || lines[i].insn_off > lines[i - 1].insn_off),
			"lines are in order, inside");
}

/* `object`: the first part's, NULL: none. */
static void rewrite(const struct xslot_generation *generation, size_t n, const char *object)
{
	static const struct counters counters = { .fd = 77, .n_rows = 8, .parities = XSLOT_PARITIES };
	struct fuse_part parts[PARTS_MAX];
	struct fuse_code code = {};
	struct fuse_types types = {};
	struct xslot_diag diag = {};

	list_parts(n, parts);
	if (fuse_code_build(&(struct fuse_options){ parts, n, generation }, &counters, NULL, &code, &diag) <
		0) {
		expect(diag.message[0] != 0, "an error says something");
		return;
	}
	check_code(&code);
	for (size_t i = 0; i < n; i++)
		parts[i].btf_fd = -1;
	parts[0].object = object;
	if (fuse_types_build(parts, n, &code, &types, &diag) == 0)
		check_lines(types.lines, types.n_lines, &code);
	fuse_types_deinit(&types);
	fuse_code_deinit(&code);
}

/* The lines of a program whose functions have ids that the input chooses. */
static void read_lines(const struct fuse_part *part, const struct fuse_function *functions, size_t n,
	const uint32_t *ids, const struct fuse_code *code)
{
	struct fuse_lines lines = { .btf = btf__new_empty() };
	struct bpf_line_info *all = NULL;
	size_t n_all = 0;

	if (fuse_lines_read(&lines, part, functions, n, ids) == 0 &&
		fuse_lines_build(&lines, part, code, &all, &n_all) == 0)
		check_lines(all, n_all, code);
	free(all);
	fuse_lines_deinit(&lines);
	btf__free(lines.btf);
}

/* ---- the three ways to read an input ---- */

static void from_numbers(struct bytes *bytes)
{
	size_t n = 1 + take(bytes) % PARTS_MAX;
	struct xslot_generation generation;
	bool loaded = may_load;

	take_generation(bytes, n, &generation);
	for (size_t i = 0; i < n; i++) {
		uint64_t seed = take(bytes) << 8;
		unsigned statements;

		seed |= take(bytes);
		statements = take(bytes) % RANDOM_STATEMENTS_MAX;
		random_plugin_make(seed, statements, features, &subjects[i].plugin);
		subject_init(&subjects[i]);
		if (loaded)
			subjects[i].program_fd = random_load(
				&subjects[i].plugin, subjects[i].insns[0], NULL, &subjects[i].btf_fd);
		loaded = loaded && subjects[i].program_fd >= 0;
	}
	rewrite(&generation, n, NULL);
	if (loaded)
		fuse_and_compare(bytes, &generation, n);
	for (size_t i = 0; i < n; i++)
		subject_deinit(&subjects[i]);
}

/* Calls whose outcome is the same each time. */
static bool is_repeatable(const struct random_plugin *plugin)
{
	static const int32_t helpers[] = { BPF_FUNC_map_lookup_elem, BPF_FUNC_map_update_elem,
		BPF_FUNC_map_delete_elem, BPF_FUNC_tail_call, BPF_FUNC_xdp_adjust_head,
		BPF_FUNC_xdp_adjust_tail, BPF_FUNC_loop };

	for (size_t i = 0; i < plugin->n_insns; i++) {
		const struct bpf_insn *insn = &plugin->insns[i];
		bool known = insn->code != (BPF_JMP | BPF_CALL) || insn->src_reg == BPF_PSEUDO_CALL;

		for (size_t j = 0; !known && j < sizeof(helpers) / sizeof(helpers[0]); j++)
			known = !insn->src_reg && insn->imm == helpers[j];
		if (!known)
			return false;
	}
	return true;
}

static int load_hidden(const struct random_plugin *plugin, const struct bpf_insn *insns)
{
	int fd;

	keep_addresses_hidden(true);
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "raw", "GPL", insns, plugin->n_insns, NULL);
	keep_addresses_hidden(false);
	return fd;
}

static void from_instructions(struct bytes *bytes)
{
	size_t n = 1 + take(bytes) % PARTS_MAX;
	struct xslot_generation generation;
	bool loaded = may_load;

	take_generation(bytes, n, &generation);
	for (size_t i = 0; i < n; i++) {
		struct subject *subject = &subjects[i];

		take_insns(bytes, &subject->plugin, i + 1 < n ? take(bytes) : RANDOM_INSNS_MAX);
		subject_init(subject);
		if (loaded && is_repeatable(&subject->plugin))
			subject->program_fd = load_hidden(&subject->plugin, subject->insns[0]);
		loaded = loaded && subject->program_fd >= 0;
	}
	rewrite(&generation, n, NULL);
	if (loaded)
		fuse_and_compare(bytes, &generation, n);
	for (size_t i = 0; i < n; i++)
		subject_deinit(&subjects[i]);
}

static void with_object(struct bytes *bytes)
{
	static const struct counters counters = { .fd = 77, .n_rows = 8, .parities = XSLOT_PARITIES };
	const uint32_t ids[] = { take(bytes), take(bytes) };
	struct subject *subject = &subjects[0];
	struct fuse_part part = {
		.name = "slot a.1", .insns = subject->plugin.insns, .program_fd = -1, .btf_fd = -1
	};
	struct xslot_generation generation;
	struct fuse_code code = {};
	char path[FUZZ_PATH];
	int fd;

	take_generation(bytes, 1, &generation);
	take_insns(bytes, &subject->plugin, take(bytes));
	part.n_insns = subject->plugin.n_insns;
	if (fuse_code_build(&(struct fuse_options){ &part, 1, &generation }, &counters, NULL, &code, NULL) <
		0)
		return;
	fd = fuzz_file(bytes->at, bytes->left, path);
	part.object = path;
	if (THEIRS_GO_ON())
		read_lines(&part, code.functions + 1, code.n_functions == 2, ids, &code);
	fuse_code_deinit(&code);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const ways[])(struct bytes *) = { from_numbers, from_instructions, with_object };
	struct bytes bytes = { data, size };

	set_up();
	if (size)
		ways[take(&bytes) % 3](&bytes);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The first step copies while the old program still writes, and nobody reads the copy yet. What the old
 * program writes after that is known only when it has stopped, and then the new program writes to the copy
 * too. Numbers can be added beside it (adder.c), so counters lose nothing. Of other values only the program
 * knows which one is right: an entry that exists in the copy is the new program's, and one that was copied
 * and no longer exists there was removed by it. So the keys that were copied are remembered, and with
 * counters the numbers.
 */
#include "kernel/state/copy.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/state/adder.h"
#include "kernel/state/walk.h"
#include "util/cleanup.h"
#include "util/diag.h"

#define REMEMBERED_MAX ((size_t)256 << 20)

/* A record is a key, and with RESIZE_ADD the value behind it, aligned. */
struct copy {
	struct bpf_map_info from, to;
	size_t value_size; /* of all CPUs */
	size_t value_at;   /* in a record */
	size_t record_size;
	char *records; /* sorted by key, once the first step is done */
	size_t n, room;
	bool array; /* a record's key is its place */
};

/* One walk. */
struct step {
	struct copy *copy;
	const struct copy_options *options;
	struct copy_counts *counts;
	struct adder *adder; /* in the second step, with RESIZE_ADD */
	uint64_t *numbers;
};

DEFINE_CLEANUP(struct copy *, copy_free);

static int ask(int fd, struct bpf_map_info *ret_info, struct xslot_diag *diag)
{
	uint32_t size = sizeof(*ret_info);

	*ret_info = (struct bpf_map_info){};
	if (bpf_obj_get_info_by_fd(fd, ret_info, &size) < 0)
		return fail(diag, -errno, "the kernel does not describe it: %s", strerror(errno));
	return 0;
}

static bool is_zero(const void *bytes, size_t size)
{
	const char *at = bytes;

	return size == 0 || (at[0] == 0 && memcmp(at, at + 1, size - 1) == 0);
}

static int remember(
	struct copy *copy, const void *key, const void *value, bool with_value, struct xslot_diag *diag)
{
	char *record;

	if (copy->n == copy->room) {
		const size_t room = copy->room ? 2 * copy->room : 64;
		char *records = room * copy->record_size <= REMEMBERED_MAX
					? reallocarray(copy->records, room, copy->record_size)
					: NULL;

		if (room * copy->record_size > REMEMBERED_MAX)
			return fail(diag, -E2BIG,
				"it has more entries than are copied: what has to be remembered of them is more than %zu MiB",
				REMEMBERED_MAX >> 20);
		if (!records)
			return fail(diag, -ENOMEM, "out of memory");
		copy->records = records;
		copy->room = room;
	}
	record = copy->records + copy->n++ * copy->record_size;
	memset(record, 0, copy->record_size);
	memcpy(record, key, copy->from.key_size);
	if (with_value)
		memcpy(record + copy->value_at, value, copy->value_size);
	return 0;
}

/* Of an array, what lies beyond the end of a smaller one. */
static bool has_place(const struct copy *copy, const void *key)
{
	uint32_t index;

	if (!copy->array)
		return true;
	memcpy(&index, key, sizeof(index));
	return index < copy->to.max_entries;
}

/* 1: done, 0: there is no room. -EEXIST, without a sentence: there is one, and it was left alone. */
static int put(const struct step *step, const void *key, const void *value, struct xslot_diag *diag)
{
	const uint64_t flags = step->copy->array ? BPF_ANY : BPF_NOEXIST;

	if (!has_place(step->copy, key))
		return 0;
	if (bpf_map_update_elem(step->options->to, key, value, flags) == 0)
		return 1;
	if (errno == EEXIST)
		return -EEXIST;
	if (errno == E2BIG || errno == ENOSPC || errno == ENOMEM)
		return 0;
	return fail(diag, -errno, "cannot write an entry: %s", strerror(errno));
}

static int copy_one(void *data, const void *key, const void *value, struct xslot_diag *diag)
{
	const struct step *step = data;
	struct copy *copy = step->copy;
	const bool zero = copy->array && is_zero(value, copy->value_size);
	int r;

	/* An array's entries are all there and zero; those of a copy are not looked at again. */
	if (zero && (step->options->resize == RESIZE_COPY || !has_place(copy, key)))
		return 0;
	r = zero ? 1 : put(step, key, value, diag);
	if (r < 0)
		return r == -EEXIST ? 0 : r; /* of a trie: met twice */
	step->counts->copied += r == 1 && !zero;
	step->counts->left_out += r == 0;
	if (copy->array && step->options->resize == RESIZE_COPY)
		return 0;
	return remember(copy, key, value, step->options->resize == RESIZE_ADD, diag);
}

static int count_one(void *data, const void *key, const void *value, struct xslot_diag *diag)
{
	++*(uint64_t *)data;
	return 0;
}

/* An LRU map forgets old entries for new ones, and does not say so. */
static int count_forgotten(struct copy *copy, const struct copy_options *options, struct copy_counts *counts,
	struct xslot_diag *diag)
{
	uint64_t left = 0;
	int r;

	if (copy->to.type != BPF_MAP_TYPE_LRU_HASH && copy->to.type != BPF_MAP_TYPE_LRU_PERCPU_HASH)
		return 0;
	r = walk(options->to, &copy->to, options->locked, count_one, &left, diag);
	if (r == 0 && left < counts->copied) {
		counts->left_out += counts->copied - left;
		counts->copied = left;
	}
	return r;
}

static int compare(const void *a, const void *b, void *copy)
{
	return memcmp(a, b, ((const struct copy *)copy)->from.key_size);
}

static int prepare(struct copy *copy, const struct copy_options *options, struct xslot_diag *diag)
{
	int r = ask(options->from, &copy->from, diag);

	if (r == 0)
		r = ask(options->to, &copy->to, diag);
	if (r < 0)
		return r;
	copy->value_size = walk_value_size(&copy->from);
	if (copy->from.key_size != copy->to.key_size || copy->from.value_size != copy->to.value_size ||
		copy->from.type != copy->to.type || !copy->value_size)
		return fail(diag, -EINVAL, "the two maps differ in more than their number of entries");
	if (options->resize == RESIZE_ADD && !adder_can(&copy->to))
		return fail(diag, -EINVAL, "its values are not numbers that can be added");
	copy->array = copy->from.type == BPF_MAP_TYPE_ARRAY || copy->from.type == BPF_MAP_TYPE_PERCPU_ARRAY;
	copy->value_at = ((size_t)copy->from.key_size + 7) & ~(size_t)7;
	copy->record_size = copy->value_at + (options->resize == RESIZE_ADD ? copy->value_size : 0);
	return 0;
}

int copy_begin(const struct copy_options *options, struct copy **ret_copy, struct copy_counts *ret_counts,
	struct xslot_diag *diag)
{
	CLEANUP(copy_free) struct copy *copy = calloc(1, sizeof(*copy));
	struct copy_counts counts = {};
	struct step step = { .copy = copy, .options = options, .counts = &counts };
	int r;

	if (!copy)
		return fail(diag, -ENOMEM, "out of memory");
	r = prepare(copy, options, diag);
	if (r == 0)
		r = walk(options->from, &copy->from, options->locked, copy_one, &step, diag);
	if (r == 0)
		r = count_forgotten(copy, options, &counts, diag);
	if (r < 0)
		return r;
	if (!copy->array && copy->n > 0)
		qsort_r(copy->records, copy->n, copy->record_size, compare, copy);
	*ret_counts = counts;
	*ret_copy = TAKE_PTR(copy);
	return 0;
}

static const char *find(const struct copy *copy, const void *key)
{
	size_t low = 0, high = copy->n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const char *record = copy->records + middle * copy->record_size;
		uint32_t index, at;
		int order;

		if (copy->array) {
			memcpy(&index, key, sizeof(index));
			memcpy(&at, record, sizeof(at));
			order = index < at ? -1 : index > at;
		} else {
			order = memcmp(key, record, copy->from.key_size);
		}
		if (order == 0)
			return record;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* An entry that the first step did not meet. */
static int bring_new(struct step *step, const void *key, const void *value, struct xslot_diag *diag)
{
	int r = put(step, key, value, diag);

	if (r == -EEXIST)
		return step->adder ? adder_add(step->adder, key, value, diag) : 0;
	if (r < 0)
		return r;
	step->counts->copied += r == 1;
	step->counts->left_out += r == 0;
	return 0;
}

static int finish_one(void *data, const void *key, const void *value, struct xslot_diag *diag)
{
	struct step *step = data;
	const char *record = find(step->copy, key);
	const uint64_t *is = value, *was;
	bool more = false;

	if (!record)
		return step->copy->array ? 0 : bring_new(step, key, value, diag);
	if (!step->adder || !has_place(step->copy, key))
		return 0;
	was = (const uint64_t *)(record + step->copy->value_at);
	for (size_t i = 0; i < adder_numbers(step->adder); i++) {
		step->numbers[i] = is[i] - was[i];
		more |= step->numbers[i] != 0;
	}
	step->counts->copied += more;
	return more ? adder_add(step->adder, key, step->numbers, diag) : 0;
}

static int add_rest(struct step *step, struct xslot_diag *diag)
{
	int r = adder_new(step->options->to, &step->copy->to, &step->adder, diag);

	if (r < 0)
		return r;
	step->numbers = calloc(adder_numbers(step->adder), sizeof(*step->numbers));
	r = step->numbers ? walk(step->options->from, &step->copy->from, false, finish_one, step, diag)
			  : fail(diag, -ENOMEM, "out of memory");
	if (r == 0)
		r = adder_flush(step->adder, diag);
	step->counts->left_out += adder_left_out(step->adder);
	free(step->numbers);
	adder_free(step->adder);
	return r;
}

int copy_finish(struct copy *copy, const struct copy_options *options, struct copy_counts *ret_counts,
	struct xslot_diag *diag)
{
	struct step step = { .copy = copy, .options = options, .counts = ret_counts };

	*ret_counts = (struct copy_counts){};
	if (options->resize == RESIZE_ADD)
		return add_rest(&step, diag);
	return copy->array ? 0 : walk(options->from, &copy->from, options->locked, finish_one, &step, diag);
}

void copy_free(struct copy *copy)
{
	if (!copy)
		return;
	free(copy->records);
	free(copy);
}

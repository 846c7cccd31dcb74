/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One map value for all CPUs, not one entry for each: a program knows the address of a map's value as a
 * constant only if the map has one value. The number of rows is a power of two, so that one `and` keeps the
 * CPU number within them.
 */
#include "kernel/dispatcher/counters.h"

#include "extension/permission.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int counters_count_rows(uint32_t *ret_rows, struct xslot_diag *diag)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return fail(diag, cpus, "cannot count the possible CPUs: %s", strerror(-cpus));
	for (*ret_rows = 1; *ret_rows < (uint32_t)cpus;)
		*ret_rows *= 2;
	return 0;
}

size_t counters_row_size(const struct counters *counters)
{
	return counters->parities * COUNTERS_CELLS * sizeof(uint64_t);
}

static int map_rows(struct counters *counters, struct xslot_diag *diag)
{
	size_t size = counters->n_rows * counters_row_size(counters);
	void *rows = mmap(NULL, size, PROT_READ, MAP_SHARED, counters->fd, 0);

	if (rows == MAP_FAILED)
		return fail(diag, -errno, "cannot map the dispatcher's counters (%zu bytes): %s", size,
			strerror(errno));
	counters->cells = rows;
	return 0;
}

int counters_create(uint32_t parities, struct counters *ret_counters, struct xslot_diag *diag)
{
	struct counters counters = { .fd = -1, .parities = parities };
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int r = counters_count_rows(&counters.n_rows, diag);

	if (r < 0)
		return r;
	counters.fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "counters", sizeof(uint32_t),
		(uint32_t)(counters.n_rows * counters_row_size(&counters)), 1, &options);
	if (counters.fd < 0)
		return fail(diag, -errno, "cannot create the dispatcher's counters, %u rows of %zu bytes: %s",
			counters.n_rows, counters_row_size(&counters),
			permission_reason(errno, (char[PERMISSION_TEXT]){ 0 }));
	r = map_rows(&counters, diag);
	if (r < 0) {
		counters_close(&counters);
		return r;
	}
	*ret_counters = counters;
	return 0;
}

int counters_open(
	int fd, const char *name, uint32_t parities, struct counters *ret_counters, struct xslot_diag *diag)
{
	struct counters counters = { .fd = fd, .parities = parities };
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	int r = counters_count_rows(&counters.n_rows, diag);

	if (r == 0 && bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		r = fail(diag, -errno, "cannot look at pin %s: %s", name, strerror(errno));
	if (r == 0 &&
		(info.max_entries != 1 || info.value_size != counters.n_rows * counters_row_size(&counters)))
		r = fail(diag, -EINVAL,
			"%s does not fit a dispatcher of this machine: it has %u rows of %u bytes", name,
			info.max_entries, info.value_size);
	if (r == 0)
		r = map_rows(&counters, diag);
	if (r < 0)
		counters_close(&counters);
	else
		*ret_counters = counters;
	return r;
}

void counters_close(struct counters *counters)
{
	if (counters->cells)
		munmap((void *)counters->cells, counters->n_rows * counters_row_size(counters));
	counters->cells = NULL;
	cleanup_close(&counters->fd);
	counters->fd = -1;
}

void counters_sum(
	const struct counters *counters, unsigned parity, uint64_t ret_cells[XSLOT_DECIDERS][XSLOT_OUTCOMES])
{
	uint64_t *sums = ret_cells[0];

	memset(sums, 0, COUNTERS_CELLS * sizeof(*sums));
	parity &= counters->parities - 1;
	for (size_t cpu = 0; cpu < counters->n_rows; cpu++) {
		const uint64_t *row = counters->cells + (cpu * counters->parities + parity) * COUNTERS_CELLS;

		for (size_t i = 0; i < COUNTERS_CELLS; i++)
			sums[i] += __atomic_load_n(&row[i], __ATOMIC_RELAXED);
	}
}

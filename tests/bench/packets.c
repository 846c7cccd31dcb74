/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a packet costs in each shape of chain, for each workload and 1 to 32 plugins. As root, and in a
 * network namespace of its own: `bench-packets [WORKLOAD…]`. tests/bench/run runs it, and draws what it
 * prints.
 *
 * A line of output is WORKLOAD, SHAPE, PLUGINS, cost, nanoseconds to load it all, and bytes that the kernel
 * accounts to its programs and maps; or, when that shape cannot be had, `-` and why. In a guest whose clock
 * counts instructions (tests/vm/run -i) the cost is instructions, the same every time, and so are the
 * nanoseconds; elsewhere it is nanoseconds. The first line says which.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "kernel/features.h"
#include "shape.h"
#include "workload.h"

static const unsigned counts[] = { 1, 2, 4, 8, 10, 16, 32 };

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* "memlock:" and the id of what a file descriptor is, if it is a program's or a map's. */
static uint64_t memory_of(const char *fd, unsigned *ret_id)
{
	char path[300], line[128];
	uint64_t bytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", fd);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "memlock: %" SCNu64, &bytes);
		if (sscanf(line, "map_id: %u", ret_id) != 1 && sscanf(line, "prog_id: %u", ret_id) == 1)
			*ret_id |= 1U << 31;
	}
	if (file)
		fclose(file);
	return bytes;
}

/* Bytes of all programs and maps that this process holds, each once. */
static uint64_t memory(void)
{
	unsigned seen[4096], n = 0;
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	uint64_t sum = 0;

	while (folder && (entry = readdir(folder)) && n < 4096) {
		uint64_t bytes = memory_of(entry->d_name, &seen[n]);
		unsigned i = 0;

		while (seen[i] != seen[n])
			i++;
		if (bytes == 0 || i < n)
			continue;
		sum += bytes;
		n++;
	}
	if (folder)
		closedir(folder);
	return sum;
}

static void measure(const struct workload *workload, const struct shape *shape, unsigned n)
{
	struct shape_chain chain = {};
	uint64_t begin = now_ns(), loaded;
	int cost = shape->build(workload, n, &chain);

	loaded = now_ns() - begin;
	if (cost == 0)
		cost = workload_cost(chain.fd);
	printf("%s\t%s\t%u\t", workload->name, shape->name, n);
	if (cost < 0)
		printf("-\t%s\n", chain.diag.message[0] ? chain.diag.message : strerror(-cost));
	else
		printf("%d\t%" PRIu64 "\t%" PRIu64 "\n", cost, loaded, memory());
	fflush(stdout);
	shape_deinit(&chain);
}

static void measure_all(const struct workload *workload, bool extensions)
{
	enum shape_where not_here = extensions ? SHAPE_STAND_IN : SHAPE_EXTENSIONS;

	for (size_t i = 0; i < n_shapes; i++)
		for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++)
			if (counts[k] <= shapes[i].most && shapes[i].where != not_here)
				measure(workload, &shapes[i], counts[k]);
}

int main(int argc, char **argv)
{
	const struct rlimit files = { 4096, 4096 };
	const char *clock = getenv("XSLOT_CLOCK");
	char why[256];
	bool extensions = features_freplace(why, sizeof(why)) == 0;

	libbpf_set_print(NULL);
	setrlimit(RLIMIT_NOFILE, &files);
	printf("# %s\n", clock && strcmp(clock, "instructions") == 0 ? "instructions" : "nanoseconds");
	if (!extensions)
		printf("# no extensions: %s\n", why);
	for (size_t i = 0; i < n_workloads; i++) {
		bool wanted = argc < 2;

		for (int k = 1; k < argc; k++)
			wanted = wanted || strcmp(argv[k], workloads[i].name) == 0;
		if (wanted)
			measure_all(&workloads[i], extensions);
	}
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A packet's way through a chain does not get longer by a single instruction unnoticed: the figures of
 * `limits` are measured as bench-packets does, and compared. A test's name ends in what it measured, and says
 * when the limit could be lower. Only in a guest whose clock counts instructions, and with the kernel that
 * the limits were measured on: others enter a program and a subprogram in other ways.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "check.h"
#include "shape.h"
#include "workload.h"

#define MANY 16
#define FIGURES 32

struct figure {
	char workload[16], shape[16], what[16];
	double limit;
	char name[160];
};

static struct figure figures[FIGURES];

/* Each is measured once: several figures are made of it. */
static double cost(const char *workload, const char *shape, unsigned n)
{
	static struct {
		char name[48];
		double cost;
	} known[4 * FIGURES + 1];
	struct shape_chain chain = {};
	char name[48];
	size_t i = 0;
	int r;

	snprintf(name, sizeof(name), "%s %s %u", workload, shape, n);
	for (; known[i].name[0]; i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].cost;
	if (!workload_find(workload) || !shape_find(shape))
		fail_msg("limits names workload %s, shape %s: no such thing", workload, shape);
	r = shape_find(shape)->build(workload_find(workload), n, &chain);
	if (r == 0)
		r = workload_cost(chain.fd);
	if (r < 0)
		fail_msg("%s, %s, %u plugins: %s", workload, shape, n,
			chain.diag.message[0] ? chain.diag.message : strerror(-r));
	shape_deinit(&chain);
	strcpy(known[i].name, name);
	return known[i].cost = r;
}

static double measure(const struct figure *figure)
{
	double bare = cost(figure->workload, "bare", 1), one = cost(figure->workload, figure->shape, 1);

	if (strcmp(figure->what, "first") == 0)
		return one - bare;
	/* What `next` costs bare is the test run's and the kernel's. */
	return (cost(figure->workload, figure->shape, MANY) - one) / (MANY - 1) -
	       (bare - cost("next", "bare", 1));
}

static void test_figure(void **state)
{
	struct figure *figure = *state;
	const char *clock = getenv("XSLOT_CLOCK");
	size_t n = strlen(figure->name);
	struct utsname kernel;
	double measured;

	if (!clock || strcmp(clock, "instructions") || uname(&kernel) || strncmp(kernel.release, "6.1.", 4)) {
		snprintf(figure->name + n, sizeof(figure->name) - n, ": needs vm/run -i with Linux 6.1");
		skip();
	}
	measured = measure(figure);
	snprintf(figure->name + n, sizeof(figure->name) - n, ": %.1f of at most %.1f%s", measured,
		figure->limit, measured <= figure->limit - 1 ? ", lower the limit" : "");
	/* Half a tenth, for a limit is written with one digit. */
	if (measured > figure->limit + 0.05)
		fail_msg("%s %s %s costs %.1f instructions a packet; tests/bench/limits allows %.1f",
			figure->workload, figure->shape, figure->what, measured, figure->limit);
}

static size_t read_limits(struct CMUnitTest *tests)
{
	FILE *file = fopen(LIMITS, "r");
	char line[256];
	size_t n = 0;

	while (file && n < FIGURES && fgets(line, sizeof(line), file)) {
		struct figure *figure = &figures[n];

		if (line[0] == '#')
			continue;
		if (sscanf(line, "%15s %15s %15s %lf", figure->workload, figure->shape, figure->what,
			    &figure->limit) != 4 ||
			(strcmp(figure->what, "first") && strcmp(figure->what, "further"))) {
			fprintf(stderr, "%s: not a limit: %s", LIMITS, line);
			exit(1);
		}
		snprintf(figure->name, sizeof(figure->name), "%s, %s, %s", figure->workload, figure->shape,
			figure->what);
		tests[n++] = (struct CMUnitTest){
			.name = figure->name, .test_func = test_figure, .initial_state = figure
		};
	}
	if (file)
		fclose(file);
	return n;
}

int main(void)
{
	const struct rlimit files = { 4096, 4096 };
	struct CMUnitTest tests[FIGURES] = {};
	size_t n = read_limits(tests);

	if (n == 0)
		return 1;
	libbpf_set_print(NULL);
	setrlimit(RLIMIT_NOFILE, &files);
	/* cmocka's macro wants an array, whose size it takes. */
	return _cmocka_run_group_tests("instructions", tests, n, NULL, NULL);
}

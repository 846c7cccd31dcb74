/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Fill a dispatcher's stubs with little extensions, by libbpf alone: tests of what lies below libxslot. */
#ifndef TESTS_FILL_H
#define TESTS_FILL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>

#include "kernel/dispatcher/dispatcher.h"

/* One extension program in one stub. */
struct fill {
	struct bpf_object *object;
	struct bpf_link *link;
};

/*
 * Put program `name` of the object file into function `stub`, with its .rodata's first word set to `value`;
 * asserts that it works.
 */
static inline struct fill fill_stub(
	const struct dispatcher *dispatcher, const char *stub, const char *file, const char *name, int value)
{
	struct fill fill = { .object = bpf_object__open_file(file, NULL) };
	struct bpf_program *program, *chosen = NULL;
	struct bpf_map *map;

	assert_non_null(fill.object);
	bpf_object__for_each_program(program, fill.object)
	{
		bool is_it = strcmp(bpf_program__name(program), name) == 0;

		bpf_program__set_autoload(program, is_it);
		if (is_it)
			chosen = program;
	}
	assert_non_null(chosen);
	bpf_program__set_type(chosen, BPF_PROG_TYPE_EXT);
	bpf_program__set_expected_attach_type(chosen, 0);
	bpf_program__set_flags(chosen, 0);
	assert_int_equal(bpf_program__set_attach_target(chosen, dispatcher_fd(dispatcher), stub), 0);
	bpf_object__for_each_map(map, fill.object)
	{
		size_t size;

		if (strstr(bpf_map__name(map), ".rodata"))
			memcpy((void *)bpf_map__initial_value(map, &size), &value, sizeof(value));
	}
	assert_int_equal(bpf_object__load(fill.object), 0);
	fill.link = bpf_program__attach_freplace(chosen, 0, NULL);
	assert_non_null(fill.link);
	return fill;
}

static inline void fill_empty(struct fill *fill)
{
	bpf_link__destroy(fill->link);
	bpf_object__close(fill->object);
	*fill = (struct fill){ 0 };
}

#endif

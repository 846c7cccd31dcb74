/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Tools that load an object themselves put its programs into an array by name, after loading. Here the
 * configuration does that: the array belongs to one instance, so it is filled before a packet reaches it and
 * never changed.
 */
#include "kernel/instance/jumps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/foreign/foreign.h"
#include "util/diag.h"

static int add(struct jumps *jumps, const struct jump *jump, struct xslot_diag *diag)
{
	struct jump *more = reallocarray(jumps->jumps, jumps->n + 1, sizeof(*more));

	if (!more)
		return fail(diag, -ENOMEM, "out of memory");
	jumps->jumps = more;
	more[jumps->n++] = *jump;
	return 0;
}

int jumps_append(struct jumps *jumps, const struct jump *jump, struct xslot_diag *diag)
{
	const struct bpf_map *map = jump->map;
	uint32_t index = jump->index;

	if (index >= bpf_map__max_entries(map))
		return fail(diag, -EINVAL, "program array %s has no index %u, it has 0 to %u",
			bpf_map__name(map), index, bpf_map__max_entries(map) - 1);
	for (size_t i = 0; i < jumps->n; i++)
		if (jumps->jumps[i].map == map && jumps->jumps[i].index == index)
			return fail(diag, -EINVAL, "index %u of program array %s is given twice", index,
				bpf_map__name(map));
	return add(jumps, jump, diag);
}

/* A program array of the object, on its way into `jumps`. */
struct array {
	const struct bpf_object *object;
	const struct bpf_map *map;
	bool frags;
	uint32_t index; /* the next word's, unless it has one */
};

/* One word, without blanks around. */
static int add_word(struct jumps *jumps, struct array *array, const char *word, struct xslot_diag *diag)
{
	struct bpf_program *program;
	char *end = NULL;

	if (isdigit((unsigned char)word[0])) {
		unsigned long given = strtoul(word, &end, 10);

		array->index = given < UINT32_MAX ? (uint32_t)given : UINT32_MAX;
		end += strspn(end, " \t");
		if (*end != ':')
			return fail(diag, -EINVAL, "\"%s\" is neither PROGRAM nor INDEX:PROGRAM", word);
		word = end + 1 + strspn(end + 1, " \t");
	}
	program = bpf_object__find_program_by_name(array->object, word);
	if (!program || foreign_admit(program, array->frags, NULL) < 0)
		return fail(diag, -ENOENT,
			"the object has no XDP program \"%s\" to put into program array %s", word,
			bpf_map__name(array->map));
	return jumps_append(jumps, &(struct jump){ array->map, array->index++, program }, diag);
}

int jumps_add(struct jumps *jumps, const struct bpf_object *object, const struct bpf_map *map,
	const char *text, bool frags, struct xslot_diag *diag)
{
	struct array array = { .object = object, .map = map, .frags = frags };
	char word[128];
	int r = 0;

	while (r == 0 && *text) {
		size_t length = strcspn(text, ","), blanks = strspn(text, " \t");
		int n = length > blanks ? (int)(length - blanks) : 0;

		while (n > 0 && isspace((unsigned char)text[blanks + (size_t)n - 1]))
			n--;
		snprintf(word, sizeof(word), "%.*s", n, text + blanks);
		r = add_word(jumps, &array, word, diag);
		text += length + (text[length] == ',');
	}
	return r;
}

int jumps_fill(const struct jumps *jumps, struct xslot_diag *diag)
{
	for (size_t i = 0; i < jumps->n; i++) {
		const struct jump *jump = &jumps->jumps[i];
		int fd = bpf_program__fd(jump->program);

		if (bpf_map_update_elem(bpf_map__fd(jump->map), &jump->index, &fd, BPF_ANY) < 0)
			return fail(diag, -errno, "cannot put program %s at %u of program array %s: %s",
				bpf_program__name(jump->program), jump->index, bpf_map__name(jump->map),
				strerror(errno));
	}
	return 0;
}

void jumps_clear(struct jumps *jumps)
{
	free(jumps->jumps);
	*jumps = (struct jumps){};
}

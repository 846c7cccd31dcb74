/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Compilers and authors name data sections with dots (".rodata.str1.1", ".data.hot"), a map may have the name
 * of a section without its dot ("data" beside ".data"), and an object's symbols may contain any byte. The
 * kernel and libbpf run all of them; bpffs refuses a dot, and a slash would lead into another folder.
 */
#include "kernel/pin_names.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE_MAX 200 /* a name in bpffs has 255 bytes at most */

static bool is_fit(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > BASE_MAX)
		return false;
	for (const char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at) && *at != '_' && *at != '-')
			return false;
	return true;
}

static void make_fit(const char *name, char ret_base[static BASE_MAX + 1])
{
	name += name[0] == '.';
	snprintf(ret_base, BASE_MAX + 1, "%s", *name ? name : "unnamed");
	for (char *at = ret_base; *at; at++)
		if (!isalnum((unsigned char)*at) && *at != '-')
			*at = '_';
}

static bool is_taken(char *const *pins, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (pins[i] && strcmp(pins[i], name) == 0)
			return true;
	return false;
}

static char *unique(char *const *pins, size_t n, const char *name)
{
	char base[BASE_MAX + 1], numbered[BASE_MAX + 24];

	make_fit(name, base);
	snprintf(numbered, sizeof(numbered), "%s", base);
	for (size_t i = 2; is_taken(pins, n, numbered); i++)
		snprintf(numbered, sizeof(numbered), "%s_%zu", base, i);
	return strdup(numbered);
}

int pin_names_make(const char *const *names, size_t n, char ***ret_pins)
{
	char **pins = calloc(n ? n : 1, sizeof(*pins));
	bool failed = !pins;

	for (size_t i = 0; !failed && i < n; i++)
		if (is_fit(names[i]) && !is_taken(pins, n, names[i]))
			failed = !(pins[i] = strdup(names[i]));
	for (size_t i = 0; !failed && i < n; i++)
		if (!pins[i])
			failed = !(pins[i] = unique(pins, n, names[i]));
	if (failed) {
		pin_names_free(pins, n);
		return -ENOMEM;
	}
	*ret_pins = pins;
	return 0;
}

void pin_names_free(char **pins, size_t n)
{
	for (size_t i = 0; pins && i < n; i++)
		free(pins[i]);
	free(pins);
}

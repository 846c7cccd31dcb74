/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The host knows which arguments a command takes; here they are words. */
#include <stdio.h>

#include "ask.h"
#include "control/interface.h"
#include "status.h"
#include "util/cleanup.h"
#include "xslotctl.h"

DEFINE_CLEANUP(json_t *, json_decref);

static json_t *list(int argc, char **argv)
{
	json_t *words = json_array();

	for (int i = 0; i < argc; i++)
		if (json_array_append_new(words, json_string(argv[i])) < 0) {
			json_decref(words);
			return NULL;
		}
	return words;
}

int verb_call(const struct options *options, int argc, char **argv)
{
	CLEANUP(json_decref) json_t *reply = NULL;
	json_t *words = list(argc - 2, argv + 2), *parameters, *value;
	const json_t *number;
	const char *key;
	size_t i;
	int r;

	parameters = json_pack("{s:s, s:s, s:o}", "slot", argv[0], "command", argv[1], "arguments", words);
	if (!parameters)
		return give_up(options, EXIT_USAGE,
			"the words of \"call\" must be UTF-8 text: the host takes nothing else");
	r = ask_host(options, INTERFACE_XSLOT ".Call", parameters, CHANGE_TIMEOUT, &reply);
	if (r)
		return r;
	if (options->json)
		return print_json(TAKE_PTR(reply));
	json_object_foreach(json_object_get(reply, "status"), key, value)
		printf("%s: %s\n", key, string_of(value));
	json_array_foreach(json_object_get(reply, "numbers"), i, number) status_print_number(number, "");
	return 0;
}

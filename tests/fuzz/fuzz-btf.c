/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Any bytes as BTF: every question that our code has about types, of each type there. The answers may be any;
 * the texts are whole, and a value is printed from its own bytes only.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "extension/signature.h"
#include "kernel/types.h"
#include "theirs.h"
#include "tools/xslot-test/value.h"

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static void ask(const struct btf *btf, uint32_t id, FILE *out)
{
	struct signature one = { btf, id }, next = { btf, id + 1 };
	uint8_t *value = calloc(1, 64);
	struct types_variable variable;
	struct xslot_diag diag = {};
	char words[96];

	types_tagged(btf, id, "xslot:state");
	types_same_layout(btf, id, btf, id + 1);
	types_same_layout(btf, id, btf, id);
	types_contain(btf, id, "bpf_timer");
	types_is_network_order(btf, id);
	types_is_address(btf, id);
	types_describe(btf, id, words, sizeof(words));
	expect(memchr(words, 0, sizeof(words)) != NULL, "words end");
	if (types_find_variable(btf, "flows", &variable) == 0)
		expect(variable.section != NULL, "a variable has a section");
	signature_compare(&one, &next, "xdp_md", &diag);
	if (value)
		value_print(btf, id, value, 64, out);
	xslot_diag_clear(&diag);
	free(value);
}

static void ask_all(const uint8_t *data, size_t size)
{
	struct btf *btf = btf__new(data, (uint32_t)size);
	FILE *out;

	if (!btf)
		return;
	out = fopen("/dev/null", "we");
	expect(out != NULL, "there is /dev/null");
	for (uint32_t id = 0; id < btf__type_cnt(btf) + 2 && id < 64; id++)
		ask(btf, id, out);
	fclose(out);
	btf__free(btf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	libbpf_set_print(silent);
	if (THEIRS_GO_ON())
		ask_all(data, size);
	return 0;
}

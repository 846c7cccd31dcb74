/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Any bytes as a file that a plugin reads with <xslot/file.h>: each word as all that a word can be. */
#include <xslot/file.h>

#include "acl-host.h"
#include "fuzz.h"

static void check_word(struct xslot_file *file, const char *word)
{
	size_t n_errors = file->n_errors;
	struct xslot_prefix prefix;
	uint16_t low, high;
	uint64_t number;

	expect(*word && strlen(word) < XSLOT_FILE_WORD, "a word is a string");
	if (xslot_file_prefix(file, NULL, word, &prefix) == 0) {
		expect(prefix.family == 4 ? prefix.length <= 32 : prefix.family == 6 && prefix.length <= 128,
			"a prefix has a length of its family");
		expect(xslot_file_mask(&prefix), "a prefix has no host bits");
		n_errors--;
	}
	if (xslot_file_ports(file, word, &low, &high) == 0) {
		expect(low <= high, "ports run forwards");
		n_errors--;
	}
	if (xslot_file_number(file, "a number", word, 10, 1ULL << 40, &number) == 0) {
		expect(number >= 10 && number <= 1ULL << 40, "a number is within its bounds");
		n_errors--;
	}
	expect(file->n_errors == n_errors + 3, "what is wrong is reported once");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct acl_host host;
	struct xslot_file file;
	unsigned line = 0;

	acl_host_init(&host, (const char *)data, size, 0);
	xslot_file_open(&file, &host.context, "rules");
	for (; xslot_file_next(&file); line = file.line) {
		expect(file.line > line, "lines are counted");
		expect(file.n_words > 0 && file.n_words <= XSLOT_FILE_WORDS, "a line has words");
		for (unsigned i = 0; i < file.n_words; i++)
			check_word(&file, file.words[i]);
	}
	expect(xslot_file_close(&file) == (file.n_errors ? -EINVAL : 0), "errors refuse the file");
	expect(host.n_errors <= XSLOT_FILE_ERRORS + 1, "errors are bounded");
	return 0;
}

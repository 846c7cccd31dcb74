/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Any bytes as a record of XSLOT_MESSAGES: whatever they are, a line of printable text, or refused. */
#include <errno.h>

#include "fuzz.h"
#include "kernel/messages/limit.h"
#include "kernel/messages/text.h"

static void tell(void *data, unsigned level, uint64_t n, const char *text)
{
	expect(n > 0, "what is told was left out");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xslot_message message;
	struct limit limit = {};
	char line[MESSAGES_LINE];
	int r = text_take(data, size, &message);

	expect(r == 0 || r == -EPROTO || r == -EINVAL, "a record is a message, or why not is known");
	if (r < 0)
		return 0;
	text_format(&message, line);
	expect(memchr(line, 0, sizeof(line)) != NULL, "a line ends");
	for (const char *at = line; *at; at++)
		expect((unsigned char)*at >= 0x20 && *at != 0x7f, "a line is printable");
	expect(limit_take(&limit, message.head.level, message.head.text, 1), "the first one is written");
	limit_end(&limit, tell, NULL);
	return 0;
}

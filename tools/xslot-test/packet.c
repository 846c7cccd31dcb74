/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A test shows what matters about a packet and nothing else. So everything that follows from the rest is
 * filled in: an Ethernet header when the text begins with IP, the type of the next header, lengths,
 * checksums. Fields that the text gives stay as they are, right or wrong: malformed packets are what parsers
 * are tested with.
 *
 * Headers are appended in order; lengths and checksums cover the packet to its end and are written when that
 * is known, the inner ones first.
 */
#include "packet.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "layer.h"
#include "util/diag.h"

static int parse_layer(struct builder *builder, char *text)
{
	struct words words = { .at = text, .diag = builder->diag };
	char name[WORD_MAX], rest[WORD_MAX];
	int r;

	while (isspace((unsigned char)*words.at))
		words.at++;
	if (*words.at == '"')
		return layer_text(builder, words.at);
	if (!words_next(&words, name))
		return fail(builder->diag, -EINVAL, "there is nothing between two \"/\"");
	r = layer_add(builder, name, &words);
	if (r == 0 && words_next(&words, rest))
		return fail(builder->diag, -EINVAL, "%s: \"%s\" is unknown here", name, rest);
	return r;
}

/* The end of the layer that begins at `text`: its "/" or the end of the line. A text may hold one. */
static char *layer_end(char *text)
{
	bool quoted = false;

	for (; *text; text++) {
		if (*text == '\\' && quoted && text[1])
			text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (*text == '/' && !quoted)
			return text;
	}
	return text;
}

int packet_parse(const char *text, struct packet *ret_packet, struct xslot_diag *diag)
{
	struct builder builder = { .packet = ret_packet, .diag = diag };
	char copy[4 * PACKET_MAX], *at = copy, *end;
	int r = 0;

	if (strlen(text) >= sizeof(copy))
		return fail(diag, -EINVAL, "the packet's text is too long");
	strcpy(copy, text);
	memset(ret_packet, 0, sizeof(*ret_packet));
	do {
		end = layer_end(at);
		if (*end)
			*end++ = 0;
		else
			end = NULL;
		r = parse_layer(&builder, at);
		at = end;
	} while (r == 0 && at);
	if (r == 0)
		builder_finish(&builder);
	return r;
}

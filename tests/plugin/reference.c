/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A span is cut to what a length field allows before anything in it is read, so no header can be taken from
 * behind its packet's end. Numbers in brackets are RFCs.
 */
#include "reference.h"

#include <string.h>

#define MAX_TAGS 4    /* as xslot/parse.bpf.h documents */
#define MAX_HEADERS 8 /* likewise */

struct span {
	const uint8_t *at;
	size_t n;
};

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* Take `n` bytes off the front; NULL when there are not as many. */
static const uint8_t *take(struct span *span, size_t n)
{
	const uint8_t *at = span->at;

	if (span->n < n)
		return NULL;
	span->at += n;
	span->n -= n;
	return at;
}

static void unknown(struct reference *ret, const char *why)
{
	ret->kind = REFERENCE_UNKNOWN;
	ret->why = why;
}

static void read_ports(struct span rest, size_t header, struct reference *ret)
{
	if (rest.n < header) {
		unknown(ret, "transport header cut short");
		return;
	}
	ret->has_ports = true;
	ret->sport = (uint16_t)get16(rest.at);
	ret->dport = (uint16_t)get16(rest.at + 2);
}

/* [9293] 3.1: at least five words, all of them in this packet ([7112], and [1858] of IPv4). */
static void read_tcp(struct span rest, struct reference *ret)
{
	size_t header = rest.n < 20 ? 20 : (size_t)(rest.at[12] >> 4) * 4;

	if (header < 20)
		unknown(ret, "TCP data offset below 5");
	else
		read_ports(rest, header, ret);
}

/*
 * [768]: the length counts header and data. It may be less than IP has (the rest is nobody's), of a first
 * fragment more than is here; in a jumbogram 0 says that it does not fit [2675, 4].
 */
static void read_udp(struct span rest, struct reference *ret)
{
	unsigned length = rest.n < 8 ? 8 : get16(rest.at + 4);

	if (length == 0 && ret->ipv6 && rest.n > 65535)
		length = 8;
	if (length < 8)
		unknown(ret, "UDP length below 8");
	else if (length > rest.n && (rest.n < 8 || ret->kind == REFERENCE_WHOLE))
		unknown(ret, "UDP length beyond the packet");
	else
		read_ports(rest, 8, ret);
}

/* Mobility [6275, 6.1.1], HIP [7401, 5.1], shim6 [5533, 5.1]: the last header, which says so. */
static void read_last(struct span rest, struct reference *ret)
{
	if (rest.n < 8 || rest.n < ((size_t)rest.at[1] + 1) * 8)
		unknown(ret, "last extension header cut short");
	else if (rest.at[0] != 59)
		unknown(ret, "a header after one that is the last");
}

static void read_transport(struct span rest, struct reference *ret)
{
	switch (ret->protocol) {
	case 6:
		read_tcp(rest, ret);
		break;
	case 17:
		read_udp(rest, ret);
		break;
	case 132: /* [9260, 3.1] */
	case 33:  /* [4340, 5.1] */
		read_ports(rest, 12, ret);
		break;
	case 136: /* [3828, 3.1] */
		read_ports(rest, 8, ret);
		break;
	case 1:	 /* [792] */
	case 58: /* [4443, 2.1] */
		if (rest.n < 4) {
			unknown(ret, "ICMP cut short");
			break;
		}
		ret->has_type = true;
		ret->type = rest.at[0];
		ret->code = rest.at[1];
		break;
	case 135:
	case 139:
	case 140:
		if (ret->ipv6)
			read_last(rest, ret);
		break;
	}
}

/* [1858], [3128]: no later fragment begins in what the first one must hold. */
static bool overlaps_transport(unsigned protocol, size_t offset)
{
	size_t header = protocol == 6 ? 20 : protocol == 33 || protocol == 132 ? 12 : 8;

	return offset < header;
}

/* [791, 3.1] */
static void read_ip4(const uint8_t *frame, struct span rest, struct reference *ret)
{
	const uint8_t *header = rest.at;
	size_t size, total, offset;
	unsigned fragment;

	if (rest.n < 20 || header[0] >> 4 != 4 || (header[0] & 15) < 5) {
		unknown(ret, "no IPv4 header");
		return;
	}
	size = (size_t)(header[0] & 15) * 4;
	total = get16(header + 2);
	ret->protocol = header[9];
	ret->has_protocol = true;
	if (total == 0 && rest.n > 65535 && ret->protocol == 6)
		total = rest.n; /* Linux: what it joined itself (BIG TCP) */
	if (total > rest.n || total < size) {
		unknown(ret, "IPv4 total length");
		return;
	}
	rest.n = total;
	take(&rest, size);
	memcpy(ret->source, header + 12, 4);
	memcpy(ret->destination, header + 16, 4);
	ret->at = (size_t)(rest.at - frame);
	ret->size = rest.n;
	fragment = get16(header + 6);
	offset = (size_t)(fragment & 0x1fff) * 8;
	ret->kind = offset ? REFERENCE_LATER : fragment & 0x2000 ? REFERENCE_FIRST : REFERENCE_WHOLE;
	if (!offset)
		read_transport(rest, ret);
	else if (overlaps_transport(ret->protocol, offset))
		unknown(ret, "fragment over the transport header");
}

/* The payload of an IPv6 header: as long as it says [8200, 3], or as the jumbo option does [2675, 2]. */
static bool cut_ip6(unsigned length, unsigned next, struct span *rest)
{
	size_t jumbo;

	if (length == 0 && rest->n > 65535 && next == 6)
		return true; /* BIG TCP without the option, of newer Linux */
	if (length == 0 && rest->n > 65535 && next == 0) {
		jumbo = get32(rest->at + 4);
		if (rest->at[2] != 0xc2 || rest->at[3] != 4 || jumbo <= 65535 || jumbo > rest->n)
			return false;
		rest->n = jumbo;
		return true;
	}
	if (length > rest->n)
		return false;
	rest->n = length;
	return true;
}

/* The headers from number `next` on. Ends at the transport protocol, or at what hides it. */
static void read_headers(const uint8_t *frame, unsigned next, struct span rest, struct reference *ret)
{
	const uint8_t *header;
	size_t more;

	ret->kind = REFERENCE_WHOLE;
	for (unsigned n = 0;; n++) {
		if (next != 0 && next != 43 && next != 44 && next != 51 && next != 60)
			break;
		if (n == MAX_HEADERS) {
			unknown(ret, "too many headers");
			return;
		}
		header = take(&rest, 8);
		if (!header) {
			unknown(ret, "extension header cut short");
			return;
		}
		if (next == 44) {
			/* [8200, 4.5]: of later fragments the next header is ignored; [6946]: M and offset 0:
			 * whole */
			if (get16(header + 2) >> 3) {
				ret->kind = REFERENCE_LATER;
				ret->at = (size_t)(rest.at - frame);
				ret->size = rest.n;
				return;
			}
			if (header[3] & 1)
				ret->kind = REFERENCE_FIRST;
			next = header[0];
			continue;
		}
		if (next == 51 && header[1] < 1) {
			unknown(ret, "authentication header below 12 bytes"); /* [4302, 2.2] */
			return;
		}
		more = next == 51 ? ((size_t)header[1] + 2) * 4 - 8 : (size_t)header[1] * 8;
		if (!take(&rest, more)) {
			unknown(ret, "extension header cut short");
			return;
		}
		next = header[0];
	}
	ret->protocol = (uint8_t)next;
	ret->has_protocol = true;
	ret->at = (size_t)(rest.at - frame);
	ret->size = rest.n;
	read_transport(rest, ret);
}

static void read_ip6(const uint8_t *frame, struct span rest, struct reference *ret)
{
	const uint8_t *header = take(&rest, 40);

	ret->ipv6 = true;
	if (!header || header[0] >> 4 != 6) {
		unknown(ret, "no IPv6 header");
		return;
	}
	memcpy(ret->source, header + 8, 16);
	memcpy(ret->destination, header + 24, 16);
	if (!cut_ip6(get16(header + 4), header[6], &rest))
		unknown(ret, "IPv6 payload length");
	else
		read_headers(frame, header[6], rest, ret);
}

void reference_read(const uint8_t *frame, size_t size, struct reference *ret)
{
	struct span rest = { frame, size };
	const uint8_t *word;
	unsigned type;

	memset(ret, 0, sizeof(*ret));
	if (!take(&rest, 12) || !(word = take(&rest, 2))) {
		unknown(ret, "no Ethernet header");
		return;
	}
	type = get16(word);
	for (unsigned tags = 0; type == 0x8100 || type == 0x88a8 || type == 0x9100; tags++) {
		word = take(&rest, 4);
		if (!word || tags == MAX_TAGS) {
			unknown(ret, "tags");
			return;
		}
		type = get16(word + 2);
	}
	ret->at = (size_t)(rest.at - frame);
	if (type == 0x0800)
		read_ip4(frame, rest, ret);
	else if (type == 0x86dd)
		read_ip6(frame, rest, ret);
	else
		ret->kind = REFERENCE_NOT_IP;
}

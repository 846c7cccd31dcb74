/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One parser for each type, and none is lenient: the meaning of a value must not depend on the reader. So a
 * duration has a unit, a prefix has a length and no bits beyond it, and a number has no sign, blank or base
 * that its type does not allow. If a value is refused, the message shows how to write it, where that is
 * known.
 */
#include "config/param_text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/text.h"
#include "util/cleanup.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit counts[] = {
	{ "", 1 },
	{ "k", 1000 },
	{ "M", 1000 * 1000 },
	{ "G", 1000 * 1000 * 1000 },
	{},
};

static const struct unit times[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000 * 1000 },
	{ "s", 1000ULL * 1000 * 1000 },
	{ "m", 60ULL * 1000 * 1000 * 1000 },
	{ "h", 3600ULL * 1000 * 1000 * 1000 },
	{},
};

#define COUNT_UNITS "k (thousands), M (millions) or G (thousand millions)"
#define TIME_UNITS "ns, us, ms, s, m or h"

static int parse_bool(
	const struct xslot_param *param, const char *text, struct xslot_value *value, struct xslot_diag *diag)
{
	if (text_to_bool(text, &value->boolean) < 0)
		return fail(diag, -EINVAL, "must be " TEXT_BOOL_WORDS);
	return 0;
}

/* Digits and a unit. -ERANGE when it is more than 64 bits, -EINVAL when it is no such number. */
static int parse_magnitude(const char *text, const struct unit *units, uint64_t *ret_number)
{
	uint64_t number = 0;
	bool overflow = false;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++) {
		overflow |= __builtin_mul_overflow(number, 10, &number);
		overflow |= __builtin_add_overflow(number, (uint64_t)(*text - '0'), &number);
	}
	for (; units->name; units++) {
		if (strcmp(text, units->name) == 0) {
			overflow |= __builtin_mul_overflow(number, units->factor, &number);
			if (overflow)
				return -ERANGE;
			*ret_number = number;
			return 0;
		}
	}
	return -EINVAL;
}

struct param_range param_range(const struct xslot_param *param)
{
	bool is_int = param->type == XSLOT_INT;
	bool at_least = param->bounds & XSLOT_BOUND_MIN, at_most = param->bounds & XSLOT_BOUND_MAX;
	uint64_t low = is_int ? (uint64_t)INT64_MIN : 0, high = is_int ? INT64_MAX : UINT64_MAX;

	return (struct param_range){ at_least ? (uint64_t)param->min : low, at_most ? param->max : high,
		at_least, at_most };
}

static int parse_uint(
	const struct xslot_param *param, const char *text, struct xslot_value *value, struct xslot_diag *diag)
{
	const struct param_range range = param_range(param);
	int r = parse_magnitude(text, counts, &value->number);

	if (r == -EINVAL)
		return fail(diag, r,
			"must be a whole number from %" PRIu64 " to %" PRIu64 ", and may end in " COUNT_UNITS,
			range.low, range.high);
	if (r < 0 || value->number < range.low || value->number > range.high)
		return fail(diag, -ERANGE, "is out of range; it must be from %" PRIu64 " to %" PRIu64,
			range.low, range.high);
	return 0;
}

static int parse_int(
	const struct xslot_param *param, const char *text, struct xslot_value *value, struct xslot_diag *diag)
{
	const struct param_range range = param_range(param);
	int64_t min = (int64_t)range.low, max = (int64_t)range.high;
	bool negative = text[0] == '-', fits;
	uint64_t number = 0;
	int r = parse_magnitude(text + (negative || text[0] == '+'), counts, &number);

	if (r == -EINVAL)
		return fail(diag, r,
			"must be a whole number from %" PRId64 " to %" PRId64 ", and may end in " COUNT_UNITS,
			min, max);
	fits = r == 0 && number <= (uint64_t)INT64_MAX + negative;
	if (fits)
		value->integer = (int64_t)(negative ? -number : number);
	if (!fits || value->integer < min || value->integer > max)
		return fail(
			diag, -ERANGE, "is out of range; it must be from %" PRId64 " to %" PRId64, min, max);
	return 0;
}

/* In the largest unit that leaves a whole number. */
static void duration_format(uint64_t ns, char *ret_text, size_t size)
{
	const struct unit *unit = &times[0];

	for (const struct unit *u = times; u->name; u++) {
		if (ns > 0 && ns % u->factor == 0)
			unit = u;
	}
	snprintf(ret_text, size, "%" PRIu64 "%s", ns / unit->factor, unit->name);
}

static int parse_duration(
	const struct xslot_param *param, const char *text, struct xslot_value *value, struct xslot_diag *diag)
{
	const struct param_range range = param_range(param);
	int r = parse_magnitude(text, times, &value->number);
	char from[32], to[32];

	if (r == -EINVAL && strcmp(text, "0") == 0)
		value->number = r = 0;
	if (r == -EINVAL && text[0] && text[strspn(text, "0123456789")] == 0)
		return fail(diag, r, "has no unit; write it with " TIME_UNITS);
	if (r == -EINVAL)
		return fail(diag, r,
			"must be a whole number and a unit, without a blank between them: " TIME_UNITS);
	duration_format(range.low, from, sizeof(from));
	duration_format(range.high, to, sizeof(to));
	if (r < 0 || value->number < range.low || value->number > range.high)
		return fail(diag, -ERANGE, "is out of range; it must be from %s to %s", from, to);
	return 0;
}

size_t param_text_words(char *copy, const char **ret_words, size_t max)
{
	size_t n = 0;

	while (copy && n < max)
		ret_words[n++] = strsep(&copy, "|");
	return n;
}

static int parse_enum(
	const struct xslot_param *param, const char *text, struct xslot_value *value, struct xslot_diag *diag)
{
	char copy[sizeof(param->words) + 1] = "";
	CLEANUP(free) char *list = NULL;
	const char *words[PARAM_WORDS_MAX], *nearest;
	size_t n;

	memcpy(copy, param->words, sizeof(param->words));
	n = param_text_words(copy, words, PARAM_WORDS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, words[i]) == 0) {
			value->number = i;
			return 0;
		}
	}
	nearest = text_nearest(text, words, n);
	list = text_list(words, n, "or");
	if (!list)
		return fail(diag, -ENOMEM, "out of memory");
	if (nearest)
		return fail(diag, -EINVAL, "must be %s; did you mean %s?", list, nearest);
	return fail(diag, -EINVAL, "must be %s", list);
}

static int parse_string(
	const struct xslot_param *param, const char *text, struct xslot_value *value, struct xslot_diag *diag)
{
	value->text = text;
	return 0;
}

static int parse_path(
	const struct xslot_param *param, const char *text, struct xslot_value *value, struct xslot_diag *diag)
{
	if (text[0] != '/')
		return fail(diag, -EINVAL, "must be a path that begins with /");
	value->text = text;
	return 0;
}

static int parse_mac(
	const struct xslot_param *param, const char *text, struct xslot_value *value, struct xslot_diag *diag)
{
	static const char digits[] = "0123456789abcdef";
	bool good = strlen(text) == 17;

	for (size_t i = 0; good && i < 17; i++) {
		const char *digit = strchr(digits, tolower((unsigned char)text[i]));

		if (i % 3 == 2) {
			good = text[i] == ':';
			continue;
		}
		good = digit != NULL;
		if (good)
			value->mac[i / 3] = (uint8_t)(value->mac[i / 3] << 4 | (digit - digits));
	}
	if (!good)
		return fail(diag, -EINVAL, "must be a MAC address such as 02:00:5e:10:00:01");
	return 0;
}

/* 0 when `text` is no address. */
static unsigned parse_family(const char *text, struct xslot_prefix *ret_prefix)
{
	if (inet_pton(AF_INET, text, ret_prefix->address) == 1)
		return ret_prefix->family = 4;
	if (inet_pton(AF_INET6, text, ret_prefix->address) == 1)
		return ret_prefix->family = 6;
	return 0;
}

static int parse_address(
	const struct xslot_param *param, const char *text, struct xslot_value *value, struct xslot_diag *diag)
{
	unsigned family = parse_family(text, &value->prefix);

	if (family == 0 && strchr(text, '/'))
		return fail(diag, -EINVAL, "must be one address; remove the / and what follows");
	if (family == 0)
		return fail(
			diag, -EINVAL, "must be an IPv4 or IPv6 address such as 192.0.2.1 or 2001:db8::1");
	value->prefix.length = family == 4 ? 32 : 128;
	return 0;
}

/* Clears the bits beyond the length; true when there were any. */
static bool prefix_mask(struct xslot_prefix *prefix)
{
	bool found = false;

	for (unsigned i = 0; i < sizeof(prefix->address); i++) {
		unsigned kept = prefix->length <= 8 * i ? 0 : prefix->length - 8 * i;
		uint8_t mask = kept >= 8 ? 0xff : (uint8_t)(0xff00 >> kept);

		found |= (prefix->address[i] & ~mask) != 0;
		prefix->address[i] &= mask;
	}
	return found;
}

static int parse_prefix(
	const struct xslot_param *param, const char *text, struct xslot_value *value, struct xslot_diag *diag)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN] = "", *end;
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	unsigned family, bits;
	unsigned long length;

	if (n < sizeof(address))
		memcpy(address, text, n);
	family = parse_family(address, &value->prefix);
	bits = family == 4 ? 32 : 128;
	if (family == 0)
		return fail(diag, -EINVAL, "must be a prefix such as 192.0.2.0/24 or 2001:db8::/32");
	if (!slash)
		return fail(diag, -EINVAL, "has no length; for this one address write %s/%u", address, bits);
	length = strtoul(slash + 1, &end, 10);
	if (!isdigit((unsigned char)slash[1]) || *end || end - slash > 4 || length > bits)
		return fail(
			diag, -EINVAL, "its length \"%s\" must be a number from 0 to %u", slash + 1, bits);
	value->prefix.length = (uint8_t)length;
	if (prefix_mask(&value->prefix)) {
		inet_ntop(family == 4 ? AF_INET : AF_INET6, value->prefix.address, address, sizeof(address));
		return fail(diag, -EINVAL, "has bits set beyond its length; write %s/%lu", address, length);
	}
	return 0;
}

int param_text_parse(const struct xslot_param *param, const char *text, struct xslot_value *ret_value,
	struct xslot_diag *diag)
{
	static int (*const parsers[])(
		const struct xslot_param *, const char *, struct xslot_value *, struct xslot_diag *) = {
		[XSLOT_BOOL] = parse_bool,
		[XSLOT_UINT] = parse_uint,
		[XSLOT_INT] = parse_int,
		[XSLOT_DURATION] = parse_duration,
		[XSLOT_ENUM] = parse_enum,
		[XSLOT_STRING] = parse_string,
		[XSLOT_PATH] = parse_path,
		[XSLOT_MAC] = parse_mac,
		[XSLOT_ADDRESS] = parse_address,
		[XSLOT_PREFIX] = parse_prefix,
		[XSLOT_FILE] = parse_path,
	};
	struct xslot_value value = { .type = param->type, .value_size = sizeof(value) };
	int r;

	if (param->type >= sizeof(parsers) / sizeof(parsers[0]) || !parsers[param->type])
		return fail(diag, -EINVAL, "is a parameter of type %u, which this host does not know",
			param->type);
	r = parsers[param->type](param, text, &value, diag);
	if (r == 0)
		*ret_value = value;
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The result has the shape of a status, so that the same code prints both. A slot is the same slot while it
 * has its number and its plugin: counts survive a new version of the plugin, and belong to the old one when
 * another plugin has the number.
 */
#include "rates.h"

#include <string.h>

#include "xslotctl.h"

static json_t *rate(const json_t *before, const json_t *now, double seconds)
{
	json_int_t from = json_integer_value(before), to = json_integer_value(now);
	double rate;

	/* What is not a count, from another version or none, is not one here either. */
	if (!json_is_integer(before) || !json_is_integer(now) || from < 0 || to < from || seconds <= 0)
		return json_null();
	rate = (double)(to - from) / seconds + 0.5;
	return rate < 9e18 ? json_integer((json_int_t)rate) : json_null();
}

static void set_rate(json_t *into, const json_t *before, const char *key, double seconds)
{
	json_object_set_new(
		into, key, rate(json_object_get(before, key), json_object_get(into, key), seconds));
}

static const json_t *find(const json_t *list, const char *key, const json_t *like)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (json_equal(json_object_get(one, key), json_object_get(like, key)))
			return one;
	}
	return NULL;
}

static void rate_slot(json_t *slot, const json_t *slots, double seconds)
{
	const json_t *before = find(slots, "number", slot), *old;
	json_t *verdicts = json_object_get(slot, "verdicts"), *value;
	const char *key;
	void *next;

	if (strcmp(text_of(before, "plugin"), text_of(slot, "plugin")))
		before = NULL;
	set_rate(slot, before, "seen", seconds);
	set_rate(slot, before, "proceeded", seconds);
	old = json_object_get(before, "verdicts");
	json_object_foreach_safe(verdicts, next, key, value) set_rate(verdicts, old, key, seconds);
}

json_t *rates_between(const json_t *before, const json_t *now, double seconds)
{
	json_t *rates = json_deep_copy(now), *chain, *slot;
	size_t i, k;

	json_array_foreach(json_object_get(rates, "chains"), i, chain)
	{
		const json_t *old = find(json_object_get(before, "chains"), "name", chain);

		set_rate(chain, old, "packets", seconds);
		json_array_foreach(json_object_get(chain, "slots"), k, slot)
			rate_slot(slot, json_object_get(old, "slots"), seconds);
	}
	return rates;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A status is a copy of everything, made when it is requested: rendering it may take time, and the host's own
 * structures may change meanwhile. So ownership is simple: one function frees it all.
 */
#include "control/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct status *status_new(void)
{
	struct status *status = calloc(1, sizeof(*status));

	if (status)
		status->last_reload.result = "none";
	return status;
}

static void number_clear(struct status_number *number)
{
	for (size_t i = 0; i < number->n_labels; i++) {
		free(number->labels[i].key);
		free(number->labels[i].value);
	}
	free(number->name);
	free(number->unit);
}

void status_said_clear(struct status_said *said)
{
	for (size_t i = 0; i < said->n_texts; i++) {
		free(said->texts[i].key);
		free(said->texts[i].value);
	}
	for (size_t i = 0; i < said->n_numbers; i++)
		number_clear(&said->numbers[i]);
	free(said->texts);
	free(said->numbers);
	*said = (struct status_said){};
}

static int copy_texts(const struct status_said *said, struct status_said *copy)
{
	copy->texts = calloc(said->n_texts + 1, sizeof(*copy->texts));
	if (!copy->texts)
		return -ENOMEM;
	for (size_t i = 0; i < said->n_texts; i++) {
		struct status_pair *text = &copy->texts[copy->n_texts++];

		*text = (struct status_pair){ strdup(said->texts[i].key), strdup(said->texts[i].value) };
		if (!text->key || !text->value)
			return -ENOMEM;
	}
	return 0;
}

static int copy_number(const struct status_number *from, struct status_number *to)
{
	*to = (struct status_number){ .kind = from->kind, .value = from->value };
	to->name = strdup(from->name);
	to->unit = strdup(from->unit);
	if (!to->name || !to->unit)
		return -ENOMEM;
	for (size_t i = 0; i < from->n_labels; i++) {
		struct status_pair *label = &to->labels[to->n_labels++];

		*label = (struct status_pair){ strdup(from->labels[i].key), strdup(from->labels[i].value) };
		if (!label->key || !label->value)
			return -ENOMEM;
	}
	return 0;
}

static int copy_numbers(const struct status_said *said, struct status_said *copy)
{
	int r = 0;

	copy->numbers = calloc(said->n_numbers + 1, sizeof(*copy->numbers));
	if (!copy->numbers)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < said->n_numbers; i++)
		r = copy_number(&said->numbers[i], &copy->numbers[copy->n_numbers++]);
	return r;
}

int status_said_copy(const struct status_said *said, struct status_said *ret_copy)
{
	struct status_said copy = {};
	int r = copy_texts(said, &copy);

	if (r == 0)
		r = copy_numbers(said, &copy);

	if (r < 0)
		status_said_clear(&copy);
	else
		*ret_copy = copy;
	return r;
}

static void slot_clear(struct status_slot *slot)
{
	for (size_t i = 0; i < slot->n_maps; i++) {
		free(slot->maps[i].name);
		free(slot->maps[i].pin);
	}
	for (size_t i = 0; i < slot->n_jumps; i++) {
		free(slot->jumps[i].array);
		free(slot->jumps[i].file);
		free(slot->jumps[i].program);
	}
	status_said_clear(&slot->said);
	free(slot->maps);
	free(slot->jumps);
	free(slot->plugin);
	free(slot->version);
}

static void chain_clear(struct status_chain *chain)
{
	for (size_t i = 0; i < chain->n_interfaces; i++) {
		free(chain->interfaces[i].name);
		free(chain->interfaces[i].reason);
	}
	for (size_t i = 0; i < chain->n_slots; i++)
		slot_clear(&chain->slots[i]);
	free(chain->interfaces);
	free(chain->slots);
	free(chain->name);
	free(chain->tier_reason);
}

void status_reload_clear(struct status_reload *reload)
{
	for (size_t i = 0; i < reload->n_changed; i++)
		free(reload->changed[i]);
	for (size_t i = 0; i < reload->n_errors; i++) {
		free(reload->errors[i].file);
		free(reload->errors[i].message);
		free(reload->errors[i].log);
	}
	free(reload->changed);
	free(reload->errors);
	*reload = (struct status_reload){ .result = "none" };
}

void status_free(struct status *status)
{
	if (!status)
		return;
	for (size_t i = 0; i < status->n_chains; i++)
		chain_clear(&status->chains[i]);
	free(status->chains);
	for (size_t i = 0; i < status->n_off; i++)
		free(status->off[i]);
	free(status->off);
	for (size_t i = 0; i < status->n_quarantined; i++)
		free(status->quarantined[i]);
	free(status->quarantined);
	for (size_t i = 0; i < status->n_silenced; i++)
		free(status->silenced[i].plugin);
	free(status->silenced);
	status_reload_clear(&status->last_reload);
	free(status->configuration.current);
	free(status->configuration.previous);
	for (size_t i = 0; i < status->configuration.n_reasons; i++)
		free(status->configuration.reasons[i]);
	free(status->configuration.reasons);
	free(status->configuration.problem);
	free(status->host.version);
	free(status);
}

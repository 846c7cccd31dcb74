/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Any bytes as the manifest of a chain: what is accepted is bounded in all that is an index. */
#include "fuzz.h"
#include "kernel/dispatcher/manifest.h"

static void check_record(const struct manifest_record *record)
{
	expect(record->n_slots <= XSLOT_MAX_SLOTS, "a manifest's slots");
	for (size_t i = 0; i < record->n_slots; i++) {
		const struct manifest_slot *slot = &record->slots[i];

		expect(memchr(slot->plugin, 0, sizeof(slot->plugin)) &&
				memchr(slot->version, 0, sizeof(slot->version)) &&
				memchr(slot->function, 0, sizeof(slot->function)),
			"a slot's texts end");
		expect(slot->previous <= XSLOT_MAX_SLOTS, "a slot's place in the chain before");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct manifest manifest;
	struct xslot_diag diag = {};

	if (manifest_parse(data, size, &manifest, &diag) == 0) {
		for (int i = 0; i < MANIFEST_PARITIES; i++)
			check_record(&manifest.record[i]);
	} else {
		expect(diag.message[0] != 0, "an error says something");
	}
	xslot_diag_clear(&diag);
	return 0;
}

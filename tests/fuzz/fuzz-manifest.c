/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Any bytes as the manifest that a chain's folder holds: what is accepted has no more slots than there can
 * be. */
#include "fuzz.h"
#include "kernel/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct manifest manifest;
	struct xslot_diag diag = {};

	if (manifest_parse(data, size, &manifest, &diag) == 0) {
		for (int i = 0; i < 2; i++)
			expect(manifest.record[i].n_slots <= XSLOT_MAX_SLOTS, "a manifest's slots");
	} else {
		expect(diag.message[0] != 0, "an error says something");
	}
	xslot_diag_clear(&diag);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A status with one of everything, for the tests of what is made of it. */
#ifndef FAKE_STATUS_H
#define FAKE_STATUS_H

#include <stdlib.h>
#include <string.h>

#include "control/status.h"

#define FAKE_TIME 1763844931 /* 2025-11-22T20:55:31Z */
static inline void fake_reload(struct status_reload *reload)
{
	*reload = (struct status_reload){
		.result = "refused",
		.at = FAKE_TIME,
		.duration_us = 41200,
		.changed = calloc(1, sizeof(char *)),
		.n_changed = 1,
		.errors = calloc(2, sizeof(struct status_error)),
		.n_errors = 2,
	};
	reload->changed[0] = strdup("edge.10: acl 1.0.0 -> 1.0.1");
	reload->errors[0].file = strdup("/etc/xslot/xslot.ini");
	reload->errors[0].line = 12;
	reload->errors[0].message = strdup("slot edge.20: the verifier refused it");
	reload->errors[0].log = strdup("0: (b7) r0 = 0\n1: (95) exit\n");
	reload->errors[1].message = strdup("no place");
}

static inline void fake_slot(struct status_slot *slot)
{
	*slot = (struct status_slot){
		.number = 10,
		.plugin = strdup("acl"),
		.version = strdup("1.0.0"),
		.bank = "B",
		.tier = "slot",
		.program_id = 4294967295U,
		.state = "draining",
		.seen = 12345678901234ULL,
		.proceeded = 2,
		.aborted = 3,
		.drop = 4,
		.pass = 5,
		.tx = 6,
		.redirect = 7,
		.maps = calloc(1, sizeof(struct status_map)),
		.n_maps = 1,
		.jumps = calloc(1, sizeof(struct status_jump)),
		.n_jumps = 1,
		.said = { .texts = calloc(1, sizeof(struct status_pair)), .n_texts = 1 },
		.status_age = 3,
		.since = FAKE_TIME,
	};
	slot->maps[0] = (struct status_map){ strdup("hits"), strdup("hits"), "state", "kept" };
	slot->jumps[0] = (struct status_jump){ strdup("stages"), 3, strdup("/l/g.o"), strdup("guest"), 77 };
	slot->said.numbers = calloc(1, sizeof(struct status_number));
	slot->said.n_numbers = 1;
	slot->said.numbers[0] = (struct status_number){ strdup("hits"), strdup("packets"), "counter", 17,
		{ { strdup("rule"), strdup("a \"b\"") } }, 1 };
	slot->said.texts[0] = (struct status_pair){ strdup("rules"), strdup("7") };
}

static inline struct status *fake_status(void)
{
	struct status *status = status_new();
	struct status_chain *chain = status->chains = calloc(1, sizeof(*chain));

	*chain = (struct status_chain){
		.name = strdup("edge"),
		.generation = 8,
		.final = "pass",
		.on_gap = "aborted",
		.on_detach = "alarm",
		.bypass = true,
		.gap_packets = 9,
		.bad_verdicts = 10,
		.tier = "slots",
		.tier_reason = strdup("edge.10 throws exceptions"),
		.instructions = 12,
		.packets = 11,
		.interfaces = calloc(3, sizeof(struct status_interface)),
		.n_interfaces = 3,
		.slots = calloc(1, sizeof(struct status_slot)),
		.n_slots = 1,
	};
	chain->interfaces[0] = (struct status_interface){ strdup("eth0"), 2, "native", "link", "attached" };
	chain->interfaces[1] = (struct status_interface){ strdup("eth\xff"), 0, "native", "", "waiting" };
	chain->interfaces[2] = (struct status_interface){ strdup("eth2"), 0, "native", "", "refused",
		strdup("cannot attach to eth2: the MTU") };
	fake_slot(&chain->slots[0]);
	status->off = calloc(1, sizeof(char *));
	*status->off = strdup("lab");
	status->quarantined = calloc(1, sizeof(char *));
	*status->quarantined = strdup("wreck");
	status->silenced = calloc(1, sizeof(*status->silenced));
	*status->silenced = (struct status_silence){ strdup("sloth"), "status" };
	status->n_chains = status->n_off = status->n_quarantined = status->n_silenced = 1;
	status_reload_clear(&status->last_reload);
	fake_reload(&status->last_reload);
	status->configuration = (typeof(status->configuration)){
		.current = strdup("/var/lib/xslot/3"),
		.previous = strdup("/var/lib/xslot/2"),
		.held = "rollback",
		.reasons = calloc(1, sizeof(char *)),
		.n_reasons = 1,
		.problem = strdup("cannot write /var/lib/xslot/record: No space left on device"),
		.confirm_seconds = 25,
	};
	status->configuration.reasons[0] = strdup("/etc/xslot/acl.rules differs from what was loaded");
	status->host = (typeof(status->host)){ strdup("0.1.0"), 42, FAKE_TIME, 12, 1 };
	return status;
}

#endif

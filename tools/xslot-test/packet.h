/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Packets in one line of text, as xslot-test(1) describes them: "ip 192.0.2.1 > 192.0.2.2 / udp 1 > 2". */
#ifndef XSLOT_TEST_PACKET_H
#define XSLOT_TEST_PACKET_H

#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

#define PACKET_MAX 16384 /* four buffers */
#define METADATA_MAX 256 /* more than any kernel takes */

struct packet {
	uint8_t bytes[PACKET_MAX];
	size_t size;
	uint8_t metadata[METADATA_MAX]; /* data_meta to data */
	size_t n_metadata;
};

/* Without metadata. Headers get their lengths, checksums and next protocols where the text gives none.
 * -EINVAL says what of it is wrong. */
int packet_parse(const char *text, struct packet *ret_packet, struct xslot_diag *diag);

#endif

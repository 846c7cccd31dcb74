/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Packets from pcap and pcapng files. */
#ifndef XSLOT_TEST_CAPTURE_H
#define XSLOT_TEST_CAPTURE_H

#include <xslot/diag.h>

#include "packet.h"

struct capture;

int capture_open(const char *path, struct capture **ret_capture, struct xslot_diag *diag);
void capture_close(struct capture *capture); /* accepts NULL */
/* 1: a packet; 0: there are no more; -errno. */
int capture_next(struct capture *capture, struct packet *ret_packet, struct xslot_diag *diag);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Any bytes as a pcap or pcapng file of packets. */
#include "fuzz.h"
#include "tools/xslot-test/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct packet packet;
	struct capture *capture = NULL;
	struct xslot_diag diag = {};
	char path[FUZZ_PATH];
	int fd = fuzz_file(data, size, path), r = 0;

	if (capture_open(path, &capture, &diag) == 0) {
		while ((r = capture_next(capture, &packet, &diag)) == 1)
			expect(packet.size <= PACKET_MAX, "a packet's size");
		capture_close(capture);
	}
	expect(r <= 0, "it comes to an end");
	xslot_diag_clear(&diag);
	close(fd);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/diag.h"
#include "util/reader.h"

/* One pcap handle under a name of ours, so that nobody else needs its header. */
struct capture {
	pcap_t *pcap;
	unsigned n;
};

int capture_open(const char *path, struct capture **ret_capture, struct xslot_diag *diag)
{
	struct capture *capture;
	char why[PCAP_ERRBUF_SIZE];
	int fd, r = regular_open(path, &fd, diag);
	FILE *file = r < 0 ? NULL : fdopen(fd, "r");

	if (r < 0)
		return r;
	capture = calloc(1, sizeof(*capture));
	if (!capture || !file) {
		free(capture);
		if (file)
			fclose(file);
		else
			close(fd);
		return fail(diag, -ENOMEM, "out of memory");
	}
	capture->pcap = pcap_fopen_offline(file, why);
	if (!capture->pcap) {
		fclose(file);
		free(capture);
		return fail(diag, -EINVAL, "cannot read packets from %s: %s", path, why);
	}
	if (pcap_datalink(capture->pcap) != DLT_EN10MB) {
		const char *link = pcap_datalink_val_to_name(pcap_datalink(capture->pcap));

		fail(diag, -EINVAL, "%s has no Ethernet frames: its link type is %s", path,
			link ? link : "unknown");
		capture_close(capture);
		return -EINVAL;
	}
	*ret_capture = capture;
	return 0;
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	pcap_close(capture->pcap);
	free(capture);
}

int capture_next(struct capture *capture, struct packet *ret_packet, struct xslot_diag *diag)
{
	struct pcap_pkthdr *header;
	const unsigned char *bytes;
	int r = pcap_next_ex(capture->pcap, &header, &bytes);

	if (r == PCAP_ERROR_BREAK)
		return 0;
	if (r != 1)
		return fail(diag, -EINVAL, "packet %u cannot be read: %s", capture->n + 1,
			pcap_geterr(capture->pcap));
	capture->n++;
	if (header->caplen > PACKET_MAX)
		return fail(diag, -EINVAL, "packet %u has %u bytes, more than %d", capture->n, header->caplen,
			PACKET_MAX);
	memcpy(ret_packet->bytes, bytes, header->caplen);
	ret_packet->size = header->caplen;
	ret_packet->n_metadata = 0;
	return 1;
}

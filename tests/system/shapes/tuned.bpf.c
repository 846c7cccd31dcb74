/* SPDX-License-Identifier: GPL-2.0-only */
/* Variables that whoever loads the object sets: all kinds that the configuration can spell. */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

enum policy { POLICY_ADMIT, POLICY_DENY };
enum odd { ODD_PASS = 20, ODD_DROP = 30 };

const volatile enum policy policy = POLICY_ADMIT;
const volatile enum odd odd = ODD_PASS;
const volatile __be16 port = 0;
const volatile __be32 peer = 0;
const volatile unsigned char mac[6] = {};
const volatile char word[8] = "none";
const volatile bool invert = false;
const volatile int offset = 0;
const int folded = 7; /* the compiler puts it into the code: nothing to set */
int counter = 1;      /* not constant: nothing to set before load */

SEC("xdp")
int tuned(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	bool match;

	if (data + 48 > end)
		return XDP_ABORTED;
	match = odd == ODD_DROP && *(__be16 *)(data + 36) == port && *(__be32 *)(data + 26) == peer &&
		data[6] == mac[0] && data[11] == mac[5] && word[0] == 'y' && offset == -5 &&
		counter == folded - 6;
	return match != invert && policy == POLICY_DENY ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";

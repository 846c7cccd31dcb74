/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a plugin's BPF program and its user space agree on with the host: the codes a slot returns, and the
 * types of values that both sides read. Both compile this file and the assertions at its end, so that a
 * compiler that lays it out differently breaks the build.
 */
#ifndef XSLOT_SLOTS_H
#define XSLOT_SLOTS_H

#ifndef __VMLINUX_H__ /* in BPF, vmlinux.h has these types, too */
#include <linux/types.h>
#endif

/* A plugin returns an XDP action (0 to 4), which ends the chain with that verdict, or XSLOT_NEXT. */
#define XSLOT_NEXT 31
/* An empty slot's stub returns this. Plugins never do, and no packet meets one in a healthy chain. */
#define XSLOT_GAP 30

/*
 * An action with a reason is an action: the host takes the reason off before it looks at proceed_on. Any
 * other value with this mark is invalid. XSLOT_BECAUSE() of <xslot/slot.bpf.h> makes it.
 */
#define XSLOT_REASON_MARK 0x58
#define XSLOT_REASON_MAX 0xffff
#define XSLOT_REASONED(action, reason)                                                                       \
	((__u32)XSLOT_REASON_MARK << 24 | ((__u32)(reason)&XSLOT_REASON_MAX) << 8 | (action))

#define XSLOT_MAX_SLOTS 32
#define XSLOT_ACTIONS 5 /* XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT */

/* An address or prefix as a `const volatile` parameter variable holds it. IPv4 fills the first four bytes. */
struct xslot_prefix {
	__u8 address[16]; /* network byte order; host bits are 0 in a prefix */
	__u8 family;	  /* 4 or 6; 0: not given */
	__u8 length;	  /* bits: 0 to 32 or 0 to 128 */
	__u8 reserved[2];
};

/* How important a line of the log is; as in syslog(3). */
#define XSLOT_ERROR 3
#define XSLOT_WARNING 4
#define XSLOT_INFO 6
#define XSLOT_DEBUG 7

/*
 * A BPF program's message for the host's log, as <xslot/message.bpf.h> writes it into a ring buffer: a text
 * with %u, %d, %x, %4, %m and %6, and a word for each, two for %6. `format` is the number of this layout.
 */
#define XSLOT_MESSAGE_FORMAT 2
#define XSLOT_MESSAGE_VALUES 6
#define XSLOT_MESSAGE_WORDS 12
#define XSLOT_MESSAGE_TEXT 96 /* with its NUL */

struct xslot_message_head {
	__u8 format;
	__u8 level;
	__u8 n_words;
	__u8 reserved[5];
	char text[XSLOT_MESSAGE_TEXT];
} __attribute__((aligned(8))); /* copied word by word */

struct xslot_message {
	struct xslot_message_head head;
	__u64 words[XSLOT_MESSAGE_WORDS];
};

#ifndef __cplusplus
_Static_assert(sizeof(struct xslot_message) == 200, "part of the plugin ABI");
_Static_assert(sizeof(struct xslot_prefix) == 20, "part of the plugin ABI");
#endif

#endif

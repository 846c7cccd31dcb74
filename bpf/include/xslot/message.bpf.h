/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Messages of a BPF program in the host's log. For Linux 5.8 or newer. <xslot/message.h> is the user-space
 * side, which the plugin's start must open.
 *
 *	XSLOT_MESSAGES(messages);
 *
 *	xslot_message(&messages, 4, "%4 scans port %u", packet.source.v4, bpf_ntohs(packet.dport));
 *
 * Use it for rare events: the host writes 20 lines a second for each instance, and counts the others. When
 * the buffer is full, a message is lost.
 */
#ifndef XSLOT_MESSAGE_BPF_H
#define XSLOT_MESSAGE_BPF_H

#ifndef __VMLINUX_H__
#include <linux/bpf.h>
#endif

#include <bpf/bpf_helpers.h>
#include <xslot/slots.h>

/* 64 KiB: at least a page on any machine. */
#define XSLOT_MESSAGES(name_)                                                                                \
	struct {                                                                                             \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                                          \
		__uint(max_entries, 65536);                                                                  \
	} name_ SEC(".maps")

/*
 * `text_` is a literal of less than XSLOT_MESSAGE_TEXT bytes, with up to three values: %u, %d, %x for
 * numbers, %4 for an IPv4 address in network byte order, %% for itself. `priority_` is syslog's: 3 error, 4
 * warning, 6 info, 7 debug.
 */
#define xslot_message(map_, priority_, text_, ...)                                                           \
	({                                                                                                   \
		struct xslot_message *message_ = bpf_ringbuf_reserve(map_, sizeof(*message_), 0);            \
		_Static_assert(sizeof(text_) <= XSLOT_MESSAGE_TEXT, "the text is too long");                 \
		if (message_) {                                                                              \
			const __u64 values_[XSLOT_MESSAGE_VALUES] = { __VA_ARGS__ };                         \
			message_->priority = (priority_);                                                    \
			message_->reserved = 0;                                                              \
			message_->values[0] = values_[0];                                                    \
			message_->values[1] = values_[1];                                                    \
			message_->values[2] = values_[2];                                                    \
			__builtin_memcpy(message_->text, text_, sizeof(text_));                              \
			bpf_ringbuf_submit(message_, 0);                                                     \
		}                                                                                            \
	})

#endif

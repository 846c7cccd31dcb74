/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Messages of a BPF program in the host's log. For Linux 5.8 or newer; the plugin needs nothing in user
 * space.
 *
 *	XSLOT_MESSAGES(messages);
 *
 *	xslot_message(&messages, XSLOT_WARNING, "%6 scans port %u of %m", packet.source.v6,
 *		bpf_ntohs(packet.dport), ethernet->h_dest);
 *
 * Use it for rare events. The host writes a few lines a second for each text and 20 for each instance, less
 * in a flood that lasts, and then "N more like this". When the buffer is full, a message is lost.
 */
#ifndef XSLOT_MESSAGE_BPF_H
#define XSLOT_MESSAGE_BPF_H

#ifndef __VMLINUX_H__
#include <linux/bpf.h>
#endif

#include <bpf/bpf_helpers.h>
#include <xslot/slots.h>

/* 64 KiB: at least a page on any machine. One for each plugin; the host finds it by its mark. */
#define XSLOT_MESSAGES(name_)                                                                                \
	struct {                                                                                             \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                                          \
		__uint(max_entries, 65536);                                                                  \
	} name_ SEC(".maps") __attribute__((btf_decl_tag("xslot:messages")))

/* All that a message takes but its values; once in a program, not inlined. */
static __attribute__((noinline, unused)) int xslot_message_send(
	void *map, const struct xslot_message_head *head, const __u64 *words, __u64 n_words)
{
	struct xslot_message *message = bpf_ringbuf_reserve(map, sizeof(*message), 0);
	__u64 i;

	if (!message)
		return 0;
	__builtin_memcpy(&message->head, head, sizeof(*head));
	for (i = 0; i < n_words && i < XSLOT_MESSAGE_WORDS; i++)
		message->words[i] = words[i];
	bpf_ringbuf_submit(message, 0);
	return 0;
}

static __always_inline __u64 xslot_message_number(__u64 *words, __u64 at, __u64 value)
{
	words[at] = value;
	return at + 1;
}

static __always_inline __u64 xslot_message_address(__u64 *words, __u64 at, const __be32 *address)
{
	__builtin_memcpy(&words[at], address, 16);
	return at + 2;
}

static __always_inline __u64 xslot_message_mac(__u64 *words, __u64 at, const __u8 *mac)
{
	words[at] = 0;
	__builtin_memcpy(&words[at], mac, 6);
	return at + 1;
}

#define XSLOT_MESSAGE_PUT(value_)                                                                            \
	at_ = _Generic((value_), __be32 *                                                                    \
		       : xslot_message_address, const __be32 *                                               \
		       : xslot_message_address, __u8 *                                                       \
		       : xslot_message_mac, const __u8 *                                                     \
		       : xslot_message_mac, default                                                          \
		       : xslot_message_number)(words_, at_, value_);
#define XSLOT_MESSAGE_SIZE(value_) +_Generic((value_), __be32 * : 2, const __be32 * : 2, default : 1)

#define XSLOT_MESSAGE_0(f_)
#define XSLOT_MESSAGE_1(f_, a_) f_(a_)
#define XSLOT_MESSAGE_2(f_, a_, ...) f_(a_) XSLOT_MESSAGE_1(f_, __VA_ARGS__)
#define XSLOT_MESSAGE_3(f_, a_, ...) f_(a_) XSLOT_MESSAGE_2(f_, __VA_ARGS__)
#define XSLOT_MESSAGE_4(f_, a_, ...) f_(a_) XSLOT_MESSAGE_3(f_, __VA_ARGS__)
#define XSLOT_MESSAGE_5(f_, a_, ...) f_(a_) XSLOT_MESSAGE_4(f_, __VA_ARGS__)
#define XSLOT_MESSAGE_6(f_, a_, ...) f_(a_) XSLOT_MESSAGE_5(f_, __VA_ARGS__)
#define XSLOT_MESSAGE_PICK(f_, a_, b_, c_, d_, e_, g_, which_, ...) which_
#define XSLOT_MESSAGE_EACH(f_, ...)                                                                          \
	XSLOT_MESSAGE_PICK(f_, ##__VA_ARGS__, XSLOT_MESSAGE_6, XSLOT_MESSAGE_5, XSLOT_MESSAGE_4,             \
		XSLOT_MESSAGE_3, XSLOT_MESSAGE_2, XSLOT_MESSAGE_1, XSLOT_MESSAGE_0)                          \
	(f_, ##__VA_ARGS__)

/*
 * `level_` is XSLOT_ERROR, XSLOT_WARNING, XSLOT_INFO or XSLOT_DEBUG. `text_` is a literal of less than
 * XSLOT_MESSAGE_TEXT bytes, with up to six values: %u, %d and %x for numbers, %4 for an IPv4 address (a
 * __be32), %6 for an IPv6 address (a __be32[4] or a pointer to its first word), %m for a MAC (a __u8[6] or a
 * pointer to its first byte), %% for itself.
 */
#define xslot_message(map_, level_, text_, ...)                                                              \
	({                                                                                                   \
		static const struct xslot_message_head head_ = { .format = XSLOT_MESSAGE_FORMAT,             \
			.level = (level_),                                                                   \
			.n_words = 0 XSLOT_MESSAGE_EACH(XSLOT_MESSAGE_SIZE, ##__VA_ARGS__),                  \
			.text = text_ };                                                                     \
		__u64 words_[XSLOT_MESSAGE_WORDS], at_ = 0;                                                  \
		_Static_assert(sizeof(text_) <= XSLOT_MESSAGE_TEXT, "the text is too long");                 \
		XSLOT_MESSAGE_EACH(XSLOT_MESSAGE_PUT, ##__VA_ARGS__)                                         \
		xslot_message_send(map_, &head_, words_, at_);                                               \
	})

#endif

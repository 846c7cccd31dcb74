/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What acl.bpf.c and the C side agree on: the tables that `start` fills, and the counters. */
#ifndef ACL_H
#define ACL_H

#include <linux/types.h>

#define ACL_MAX_ENTRIES (1 << 17) /* 2 MiB, there from the start, however few are used */
#define ACL_MAX_PREFIXES ACL_MAX_ENTRIES
/* Entries that a packet may have to be compared with: those of its longest prefix and of all shorter ones. */
#define ACL_MAX_EFFECTIVE 64
/* Entry 0 ends lists, and a rule for `any` has an entry in each family. */
#define ACL_MAX_RULES (ACL_MAX_ENTRIES - 1 - ACL_MAX_EFFECTIVE)
/* Twice the rules: those of the old and of the new file, from the swap until settle removes the former. */
#define ACL_MAX_HITS (2 * ACL_MAX_ENTRIES)

/* The counter in `hits` that holds what the counters of removed rules held. No rule has this key. */
#define ACL_RETIRED 0

#define ACL_ALLOW 0
#define ACL_DENY 1

/*
 * A rule in the list of its prefix. Lists are joined: the last entry of a prefix leads on to the first one of
 * the next shorter prefix that has rules. So one look-up finds all that is effective, in the order in which
 * it is asked, and a rule is stored once, whatever lies under it.
 */
struct acl_entry {
	__u64 key;	 /* in `hits`: a hash of the rule's normalised text */
	__u16 port_low;	 /* of the destination; 0 when the rule names none */
	__u16 port_span; /* ports after port_low that match too; 65535 when the rule names none */
	__u32 word;	 /* the following, so that most of it is compared in one step */
};

#define ACL_NEXT 0xfffffU /* index of the next entry; 0: none, the policy decides */
#define ACL_PROTOCOL(number) ((__u32)(number) << 20) /* 8 bits */
#define ACL_ALWAYS (1U << 28)			     /* the rule names no protocol */
#define ACL_NO_LATER_FRAGMENT (1U << 29)	     /* the rule allows, by ports, which those do not have */
#define ACL_DENIES (1U << 30)

struct acl_entries {
	struct acl_entry entries[ACL_MAX_ENTRIES];
};

/* Keys of the two LPM tries; their value is the index of the first entry. */
struct acl_prefix4 {
	__u32 length;
	__u8 address[4];
};

struct acl_prefix6 {
	__u32 length;
	__u8 address[16];
};

/* Rows of `totals`: packets that no rule decided, and hits that could not be counted. */
enum acl_total {
	ACL_TOTAL_NOT_IP,
	ACL_TOTAL_UNKNOWN, /* dropped: what they carry could not be known */
	ACL_TOTAL_POLICY,
	ACL_TOTAL_UNCOUNTED, /* decided by a rule whose counter could not be made: no memory, or table full */
	ACL_TOTALS,
};

#endif

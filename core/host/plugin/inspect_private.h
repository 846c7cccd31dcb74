/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The messages between the host and the process that examines files first, over a SEQPACKET socket. */
#ifndef HOST_PLUGIN_INSPECT_PRIVATE_H
#define HOST_PLUGIN_INSPECT_PRIVATE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define INSPECT_NAME "xslot-inspect" /* argv[0] of that process, by which it knows what it is */
#define INSPECT_FD 3		     /* its end of the socket */
#define INSPECT_PROGRAM 4	     /* its own file, until it runs */
#define INSPECT_PROGRAM_PATH "/proc/self/fd/4"

#define INSPECT_ADDRESSES (4UL << 30) /* RLIMIT_AS: bytes, where no sanitizer needs more */
#define INSPECT_SECONDS 10	      /* of processor time, and by the clock, for each stage */

#if defined(__SANITIZE_ADDRESS__)
#define INSPECT_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INSPECT_SANITIZED
#endif
#endif

enum inspect_kind { INSPECT_DESCRIBE, INSPECT_OPEN, INSPECT_OBJECT, INSPECT_FOREIGN };

/* The bytes come with it, as a descriptor of a sealed memfd. */
struct inspect_request {
	uint32_t kind;
	char path[PATH_MAX];
	char program[256]; /* "": the only one */
};

/* What it is about to do, for the sentence that says where it ended; and that it has done it all. */
enum inspect_stage {
	INSPECT_STARTED, /* it awaits requests */
	INSPECT_READ,
	INSPECT_MAPPED,
	INSPECT_PARSED,
	INSPECT_LOADED,
	INSPECT_CLOSED,
	INSPECT_DONE,
	INSPECT_TOO_LARGE, /* done, but it took almost all addresses that there are */
};

/* The process itself: takes requests until the socket's other end is closed. Returns its exit status. */
int inspect_child(void);

#endif

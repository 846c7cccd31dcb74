/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What went wrong, in one sentence for a human, with the verifier's log when there is one. */
#ifndef XSLOT_DIAG_H
#define XSLOT_DIAG_H

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * Pass a zeroed one, or NULL when the sentence is not wanted. Filled on failure only: what was tried, on
 * what, why it failed and what would help; one line, no full stop, no newline. Use again only after
 * xslot_diag_clear().
 */
struct xslot_diag {
	char message[1024];
	char *log; /* the BPF verifier's log, or NULL; owned by this struct */
};

/* Free the log and empty the message. NULL does nothing. */
void xslot_diag_clear(struct xslot_diag *diag);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif

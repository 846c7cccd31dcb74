/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What went wrong, in one sentence for people, with the verifier's log if there is one. */
#ifndef XSLOT_DIAG_H
#define XSLOT_DIAG_H

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * Pass a zeroed struct, or NULL if you do not need the sentence. Filled on failure only: what was tried, on
 * what, why it failed and what would help; one line, without full stop or newline. Call xslot_diag_clear()
 * before you use it again.
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

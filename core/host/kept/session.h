/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * How the previous host ended, and which files it was asked to apply last: small files in the state folder,
 * beside the record. `state` is that folder. Worker thread, or after it.
 */
#ifndef HOST_KEPT_SESSION_H
#define HOST_KEPT_SESSION_H

#include <stdbool.h>
#include <xslot/diag.h>

#include "util/files.h"

/* Did a host begin here and not end by itself? One of a version that leaves no mark counts as ended. */
bool session_was_cut_off(const char *state);

/* From here on a host that does not call session_end() was cut off. On disk when this returns. */
int session_begin(const char *state, struct xslot_diag *diag);
/* The mark of a clean stop. A failure is logged. */
void session_end(const char *state);

/*
 * A reload has read `files`, whose main one is `file`, from the machine: what there is to say of them, for
 * session_request(). Caller frees.
 */
char *session_describe(const struct files *files, const char *file, bool allow_bare);
/* From here on packets may meet them. Not on disk: it is for a host that dies, not for a machine. */
int session_request(const char *state, const char *description, struct xslot_diag *diag);
/* It is over, whatever came of it. */
void session_forget_request(const char *state);
/* Is there such a reload, and has no file been touched since? With the `allow_bare` that it had. */
bool session_is_requested(const char *state, bool *ret_allow_bare);

#endif

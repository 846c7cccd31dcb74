/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Why the kernel returned EPERM: it has many reasons and reports none. */
#ifndef EXTENSION_PERMISSION_H
#define EXTENSION_PERMISSION_H

#include <stdbool.h>

#define PERMISSION_TEXT 256

/*
 * Why this process may not load or attach an extension program: the second half of a sentence. With `by_id`
 * CAP_SYS_ADMIN is wanted too, for look-ups by id.
 */
void permission_explain(char ret_text[static PERMISSION_TEXT], bool by_id);

/* strerror(), and for EPERM why: for a map or a program that cannot be made. `error` may be negative. */
const char *permission_reason(int error, char ret_text[static PERMISSION_TEXT]);

/* 0 when this process has all capabilities that the host needs, else -EPERM: "this process lacks …". */
int permission_check(char ret_text[static PERMISSION_TEXT]);

#endif

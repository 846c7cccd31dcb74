/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What would help a program that the kernel does not load, where its words are known and do not say it. */
#ifndef KERNEL_ADVICE_H
#define KERNEL_ADVICE_H

#include <stddef.h>

/*
 * From libbpf's warnings and the verifier's log (either may be ""): the end of a sentence that begins with
 * ": ", or "" when nothing is known that would help.
 */
void advice_find(const char *warnings, const char *log, char *ret_words, size_t size);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The reason and the place from a verifier's log. */
#ifndef EXTENSION_VERIFIER_H
#define EXTENSION_VERIFIER_H

#include <stddef.h>

/*
 * What the log ends in, as a part of a sentence: its last lines that are neither instructions nor statistics,
 * and the source line that they are about when the log shows one. Where the log does not tell, what `error`,
 * the -errno that came with it, is known to mean.
 */
void verifier_verdict(const char *log, int error, char *ret_words, size_t size);

#endif

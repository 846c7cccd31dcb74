/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Advice for a program that the kernel does not load, where the kernel's words are known and do not give any.
 */
#ifndef EXTENSION_ADVICE_H
#define EXTENSION_ADVICE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * From libbpf's warnings and the verifier's log (either may be ""): the end of a sentence that begins with
 * ": ", or "" when nothing is known that would help.
 */
void advice_find(const char *warnings, const char *log, char *ret_words, size_t size);

/*
 * When an object was opened: libbpf found no section for what BTF says lies there. It goes on without BTF, or
 * refuses an object whose maps need it.
 */
bool advice_is_broken_btf(const char *warnings);
#define ADVICE_BROKEN_BTF                                                                                     \
	"; clang emits such BTF for a static const array of 4, 8, 16 or 32 bytes in a function: declare the " \
	"array "                                                                                              \
	"outside of functions and without static, or as volatile"

#endif

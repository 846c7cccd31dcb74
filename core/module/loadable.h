/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Checks of what ld.so takes for granted about a shared object. For module/ only. */
#ifndef MODULE_LOADABLE_H
#define MODULE_LOADABLE_H

#include <libelf.h>
#include <xslot/diag.h>

/*
 * Do segments, symbols, versions and relocations stay within what the file maps? -ENOEXEC and a sentence when
 * not: the loader would read or write whatever lies there in this process, and that differs from process to
 * process.
 */
int loadable_check(Elf *elf, const char *path, struct xslot_diag *diag);

#endif

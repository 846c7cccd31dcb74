/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The names of an object's maps and programs in bpffs, which does not accept every name. */
#ifndef KERNEL_PIN_NAMES_H
#define KERNEL_PIN_NAMES_H

#include <stddef.h>

/*
 * A name for each of `n` names, unique among them, that bpffs takes and that cannot lead out of its folder.
 * One that is fit and unique stands as it is, all of them before any other. Else a leading dot goes, each
 * other byte that is not a letter, a digit, '_' or '-' becomes '_', and where that is taken "_2", "_3" … is
 * added. The same names in the same order always get the same result: an adopting host finds them again.
 * Returns 0 or -ENOMEM. The result is for pin_names_free.
 */
int pin_names_make(const char *const *names, size_t n, char ***ret_pins);
void pin_names_free(char **pins, size_t n); /* accepts NULL */

#endif

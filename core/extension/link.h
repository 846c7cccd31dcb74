/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Links of extension programs: the inside of struct xslot_link. */
#ifndef EXTENSION_LINK_H
#define EXTENSION_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <xslot/extension.h>

#include "extension/program.h"

/*
 * Put extension `program_fd` in the place of function `target_btf_id` of `target`. -EBUSY names the holder.
 */
int link_create(int program_fd, const struct program *target, uint32_t target_btf_id,
	struct xslot_link **ret_link, struct xslot_diag *diag);
/*
 * A link from a pin: does it fill this function of `target`? -EINVAL says what else it fills. Before
 * Linux 5.13 no link tells, and the pin is taken at its word.
 */
int link_check(const struct xslot_link *link, const struct program *target, const char *function,
	struct xslot_diag *diag);
/* Is this the program that it fills the function with? */
bool link_is_of(const struct xslot_link *link, uint32_t program_id);
uint32_t link_id(const struct xslot_link *link);
/*
 * Is there (still) a link of this id, whoever holds it? 1 yes, 0 no, -errno: it cannot be known now. Without
 * CAP_SYS_ADMIN it never can: -EPERM.
 */
int link_exists(uint32_t id);

#endif

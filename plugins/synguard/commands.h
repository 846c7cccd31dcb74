/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What operators tell a running instance: xslotctl call CHAIN.SLOT unblock|show PREFIX. */
#ifndef SYNGUARD_COMMANDS_H
#define SYNGUARD_COMMANDS_H

#include <xslot/plugin.h>

/* End the blocks of all prefixes that contain the named one, or are in it; an error if there is none. */
int synguard_unblock(struct xslot_context *context, const struct xslot_value *arguments, size_t n);

/* What these prefixes sent. */
int synguard_show(struct xslot_context *context, const struct xslot_value *arguments, size_t n);

#endif

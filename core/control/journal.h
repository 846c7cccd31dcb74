/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Log lines to systemd's journal, with fields beside them: XSLOT_CHAIN, XSLOT_SLOT and so on. */
#ifndef CONTROL_JOURNAL_H
#define CONTROL_JOURNAL_H

#include <stdbool.h>

#include "util/log.h"

/* Is stderr the journal, and does its socket exist? */
bool journal_is_stderr(void);

/* For log_set_journal(): false when the journal did not take it. Any thread. */
bool journal_send(int priority, const struct log_about *about, const char *text);

#endif

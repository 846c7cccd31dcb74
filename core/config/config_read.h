/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The configuration even if its files have errors, for callers that look for errors in the named files as
 * well: plugins, objects, rules.
 */
#ifndef CONFIG_CONFIG_READ_H
#define CONFIG_CONFIG_READ_H

#include "config/config.h"

/*
 * As config_load(), but *ret_config is set to what was read when -EINVAL is returned, too. It is NULL then
 * where more errors would follow from those in the files: [host] is broken, or a file or section could not be
 * read. It is for the caller to config_settle().
 */
int config_read(struct files *files, const char *file, struct config **ret_config, struct report *report);

/*
 * When all is read through `files`: see files_settle(). The errors after the first `n_before` are forgotten
 * where that fails; but for -EAGAIN the one that is the reason is in their place.
 */
int config_settle(struct files *files, struct report *report, size_t n_before);

/* Is a file of this name in conf.d one of the configuration's? */
bool config_is_snippet(const char *name);

/* Sort the errors after the first `n_before` by place, in the order of the config's files; of other files:
 * last. */
void config_sort(const struct config *config, struct report *report, size_t n_before);

#endif

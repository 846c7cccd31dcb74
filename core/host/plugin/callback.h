/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One lock over all callbacks of all plugins. The worker waits for it; the loop only ever tries. */
#ifndef HOST_PLUGIN_CALLBACK_H
#define HOST_PLUGIN_CALLBACK_H

#include <stdbool.h>

void callback_lock(void);
bool callback_try_lock(void);
void callback_unlock(void);

#endif

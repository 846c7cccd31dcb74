/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the files of context share. */
#ifndef HOST_PLUGIN_CONTEXT_PRIVATE_H
#define HOST_PLUGIN_CONTEXT_PRIVATE_H

#include "host/plugin/callback.h"
#include "host/plugin/context.h"

static inline struct context *context_of(struct xslot_context *plugin)
{
	return (struct context *)plugin;
}

struct callback context_callback(const struct context *context, const char *name, enum quarantine_way way);
/* Of `instance`, which is the context's, or its old one; what is wrong is told. */
int context_open_map(struct context *context, const struct instance *instance, const char *map);

void context_tell_unopened(struct context *context, const char *map, struct xslot_diag *diag);

/* In status: a key, and its value, which is taken over. */
void context_say(struct context *context, const char *key, char *value);
void context_host_status(struct xslot_context *plugin, const char *key, const char *format, va_list args);
int context_host_number(struct xslot_context *plugin, const struct xslot_number *number, size_t size);

#endif

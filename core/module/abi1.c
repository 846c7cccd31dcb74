/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The structs here are a copy of what <xslot/plugin.h> said while the ABI was 1. They never change: plugins
 * on users' disks have this layout. What callbacks see of the host (context, values, functions) has only
 * grown at its end since, so that the callbacks of ABI 1 are called as they are.
 */
#include "module/abi1.h"

#include <errno.h>
#include <string.h>

#include "util/diag.h"

#define ABI1_PARAMS 32

struct abi1_param {
	char name[32];
	uint32_t type;
	char help[128];
	uint32_t required;
	char fallback[64];
	char words[128];
	int64_t min; /* min = max = 0: no bounds; max = 0 beside a positive min: none above */
	uint64_t max;
	uint64_t reserved[4];
};

struct abi1_plugin {
	char magic[8];
	uint32_t abi;
	uint32_t size;
	char name[32];
	char version[32];
	char summary[128];
	uint32_t state_version;
	uint32_t object;
	struct abi1_param params[ABI1_PARAMS]; /* an XSLOT_NONE ends it */
	const void *bpf;
	uint64_t bpf_size;
	const char *function;
	int (*check)(struct xslot_context *);
	int (*start)(struct xslot_context *);
	int (*migrate)(struct xslot_context *, uint32_t old_version);
	int (*settle)(struct xslot_context *, uint32_t old_version);
	int (*status)(struct xslot_context *);
	int (*resume)(struct xslot_context *);
	void (*stop)(struct xslot_context *);
};

_Static_assert(sizeof(struct abi1_param) == 408, "ABI 1");
_Static_assert(offsetof(struct abi1_plugin, params) == 216, "ABI 1");
_Static_assert(offsetof(struct abi1_plugin, check) == 13296, "ABI 1");
_Static_assert(sizeof(struct abi1_plugin) == 13352, "ABI 1");

/* It ends no earlier than here; the callbacks that follow are optional and may be absent. */
#define SIZE_MIN offsetof(struct abi1_plugin, check)

static uint32_t bounds_of(const struct abi1_param *param)
{
	if (param->min == 0 && param->max == 0)
		return 0;
	return XSLOT_BOUND_MIN | (param->max || param->min <= 0 ? XSLOT_BOUND_MAX : 0);
}

static void translate_param(const struct abi1_param *param, struct xslot_param *ret)
{
	memcpy(ret->name, param->name, sizeof(ret->name));
	memcpy(ret->help, param->help, sizeof(ret->help));
	memcpy(ret->fallback, param->fallback, sizeof(ret->fallback));
	memcpy(ret->words, param->words, sizeof(ret->words));
	ret->type = param->type;
	ret->required = param->required;
	ret->bounds = bounds_of(param);
	ret->min = param->min;
	ret->max = param->max;
}

static void translate(const struct abi1_plugin *plugin, struct descriptor *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->abi = 1;
	memcpy(ret->name, plugin->name, sizeof(ret->name));
	memcpy(ret->version, plugin->version, sizeof(ret->version));
	memcpy(ret->summary, plugin->summary, sizeof(ret->summary));
	ret->state_version = plugin->state_version;
	ret->object = plugin->object != 0;
	for (size_t i = 0; i < ABI1_PARAMS && plugin->params[i].type != XSLOT_NONE; i++)
		translate_param(&plugin->params[i], &ret->params[i]);
	ret->bpf = plugin->bpf;
	ret->bpf_size = plugin->bpf_size;
	ret->function = plugin->function;
	ret->check = plugin->check;
	ret->start = plugin->start;
	ret->migrate = plugin->migrate;
	ret->settle = plugin->settle;
	ret->status = plugin->status;
	ret->resume = plugin->resume;
	ret->stop = plugin->stop;
}

int abi1_read(const struct descriptor_source *source, const char *path, struct descriptor *ret_descriptor,
	struct xslot_diag *diag)
{
	struct abi1_plugin plugin = {};
	uint32_t size;

	memcpy(&size, (const char *)source->plugin + offsetof(struct abi1_plugin, size), sizeof(size));
	if (size < SIZE_MIN)
		return fail(diag, -ENOEXEC, "%s has a descriptor of %u bytes, less than the %zu of ABI 1",
			path, size, SIZE_MIN);
	memcpy(&plugin, source->plugin, size < sizeof(plugin) ? size : sizeof(plugin));
	translate(&plugin, ret_descriptor);
	return 0;
}

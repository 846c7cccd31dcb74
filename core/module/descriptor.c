/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What is longer than this host's struct was compiled with newer headers. What it says there is nothing that
 * this host could do, so it must say nothing: zeros.
 */
#include "module/descriptor.h"

#include <errno.h>
#include <string.h>

#include "module/abi1.h"
#include "module/commands.h"
#include "util/diag.h"

/* The part that every ABI has. */
struct head {
	char magic[8];
	uint32_t abi;
	uint32_t size;
};

/* A descriptor ends no earlier than here; what follows (the callbacks) is optional and may be absent. */
#define SIZE_MIN offsetof(struct xslot_plugin, check)
#define ROW_MIN offsetof(struct xslot_param, reserved)

static int read_head(const struct descriptor_source *source, const char *path, struct head *ret_head,
	struct xslot_diag *diag)
{
	if (source->plugin_size < sizeof(*ret_head))
		return fail(diag, -ENOEXEC, "%s has a descriptor of %zu bytes, too short to be one", path,
			source->plugin_size);
	memcpy(ret_head, source->plugin, sizeof(*ret_head));
	if (memcmp(ret_head->magic, XSLOT_PLUGIN_MAGIC, sizeof(ret_head->magic)) != 0)
		return fail(diag, -ENOEXEC, "%s has a descriptor that does not begin with \"%s\"", path,
			XSLOT_PLUGIN_MAGIC);
	if (ret_head->abi > XSLOT_PLUGIN_ABI)
		return fail(diag, -EPROTONOSUPPORT,
			"%s is built for plugin ABI %u, and this host speaks 1 to %u: update xslot, or rebuild the plugin with this xslot's headers",
			path, ret_head->abi, XSLOT_PLUGIN_ABI);
	if (ret_head->abi < 1)
		return fail(diag, -EPROTONOSUPPORT, "%s declares plugin ABI 0, which does not exist", path);
	if (ret_head->size > source->plugin_size)
		return fail(diag, -ENOEXEC,
			"%s is truncated: its descriptor has %u bytes, and the file only %zu of them", path,
			ret_head->size, source->plugin_size);
	return 0;
}

static int read_params(const struct descriptor_source *source, size_t row_size, const char *path,
	struct descriptor *ret, struct xslot_diag *diag)
{
	const size_t known = row_size < sizeof(*ret->params) ? row_size : sizeof(*ret->params);
	size_t n;

	if (row_size < ROW_MIN || source->params_size % row_size != 0)
		return fail(diag, -ENOEXEC,
			"%s has %zu bytes of parameters in rows of %zu: rows have at least %zu, and all the same",
			path, source->params_size, row_size, ROW_MIN);
	n = source->params_size / row_size;
	if (n > XSLOT_MAX_PARAMS)
		return fail(diag, -ENOEXEC, "%s has %zu parameters, and a plugin may have %u", path, n,
			XSLOT_MAX_PARAMS);
	for (size_t i = 0; i < n; i++) {
		const char *row = (const char *)source->params + i * row_size;

		memcpy(&ret->params[i], row, known);
		if (!descriptor_is_zero(row, ROW_MIN, known))
			return fail(diag, -EPROTONOSUPPORT,
				"%s sets a reserved field of its parameter %zu: it was built for a newer xslot",
				path, i + 1);
		if (!descriptor_is_zero(row, known, row_size))
			return fail(diag, -EPROTONOSUPPORT,
				"%s says more about its parameter %zu than this host understands: it was built for a newer xslot",
				path, i + 1);
		if (ret->params[i].type == XSLOT_NONE)
			return fail(
				diag, -ENOEXEC, "%s has a parameter without a type: row %zu", path, i + 1);
	}
	return 0;
}

static void translate(const struct xslot_plugin *plugin, struct descriptor *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->abi = plugin->abi;
	memcpy(ret->name, plugin->name, sizeof(ret->name));
	memcpy(ret->version, plugin->version, sizeof(ret->version));
	memcpy(ret->summary, plugin->summary, sizeof(ret->summary));
	ret->state_version = plugin->state_version;
	ret->bpf = plugin->bpf;
	ret->bpf_size = plugin->bpf_size;
	ret->function = plugin->function;
	ret->check = plugin->check;
	ret->start = plugin->start;
	ret->migrate = plugin->migrate;
	ret->settle = plugin->settle;
	ret->live = plugin->live;
	ret->status = plugin->status;
	ret->resume = plugin->resume;
	ret->stop = plugin->stop;
}

int descriptor_read(const struct descriptor_source *source, const char *path,
	struct descriptor *ret_descriptor, struct xslot_diag *diag)
{
	struct xslot_plugin plugin = {};
	struct head head;
	int r = read_head(source, path, &head, diag);

	if (r < 0)
		return r;
	if (head.abi == 1)
		return abi1_read(source, path, ret_descriptor, diag);
	if (head.size < SIZE_MIN)
		return fail(diag, -ENOEXEC, "%s has a descriptor of %u bytes, less than the %zu of ABI %u",
			path, head.size, SIZE_MIN, head.abi);
	memcpy(&plugin, source->plugin, head.size < sizeof(plugin) ? head.size : sizeof(plugin));
	if (plugin.reserved2)
		return fail(diag, -EPROTONOSUPPORT,
			"%s sets a reserved field of its descriptor: it was built for a newer xslot", path);
	if (!descriptor_is_zero(source->plugin, sizeof(plugin), head.size))
		return fail(diag, -EPROTONOSUPPORT,
			"%s says more in its descriptor than this host understands: it was built for a newer xslot",
			path);
	translate(&plugin, ret_descriptor);
	ret_descriptor->object = source->object;
	r = source->params ? read_params(source, plugin.param_size, path, ret_descriptor, diag) : 0;
	if (r == 0 && source->commands)
		r = commands_read(source, plugin.command_size, path, ret_descriptor, diag);
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A plugin's descriptor as the host has it, whatever ABI the plugin was compiled for. */
#ifndef MODULE_DESCRIPTOR_H
#define MODULE_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <xslot/diag.h>
#include <xslot/plugin.h>

/* In a plugin file, beside no BPF object of its own: its slots name one, `object = PATH`. */
#define DESCRIPTOR_OBJECT_SECTION ".xslot.object"

/* A row of XSLOT_COMMANDS(); its function is in `run` of the descriptor. */
struct descriptor_command {
	char name[sizeof((struct xslot_command){}.name)]; /* "": there is none */
	char arguments[sizeof((struct xslot_command){}.arguments)];
	char help[sizeof((struct xslot_command){}.help)];
	uint32_t reading;
	uint32_t types[XSLOT_MAX_ARGUMENTS]; /* what `arguments` says, XSLOT_NONE behind the last */
};

/* The meaning of each member is that of struct xslot_plugin. All padding is 0. */
struct descriptor {
	uint32_t abi;
	char name[sizeof((struct xslot_plugin){}.name)];
	char version[sizeof((struct xslot_plugin){}.version)];
	char summary[sizeof((struct xslot_plugin){}.summary)];
	uint32_t state_version;
	bool object;						    /* see DESCRIPTOR_OBJECT_SECTION */
	struct xslot_param params[XSLOT_MAX_PARAMS + 1];	    /* ends with an XSLOT_NONE */
	struct descriptor_command commands[XSLOT_MAX_COMMANDS + 1]; /* ends with one without a name */
	const void *bpf;
	uint64_t bpf_size;
	const char *function;
	int (*check)(struct xslot_context *);
	int (*start)(struct xslot_context *);
	int (*migrate)(struct xslot_context *, uint32_t old_version);
	int (*settle)(struct xslot_context *, uint32_t old_version);
	int (*live)(struct xslot_context *);
	int (*status)(struct xslot_context *);
	int (*resume)(struct xslot_context *);
	void (*stop)(struct xslot_context *);
	int (*run[XSLOT_MAX_COMMANDS])(struct xslot_context *, const struct xslot_value *, size_t);
};

/* Where a file's descriptor is: in its bytes, or in this process. */
struct descriptor_source {
	const void *plugin; /* a struct xslot_plugin of some ABI */
	size_t plugin_size;
	const void *params; /* rows, of ABI 2; NULL: none */
	size_t params_size;
	const void *commands; /* the same */
	size_t commands_size;
	bool object; /* the file has DESCRIPTOR_OBJECT_SECTION */
};

static inline bool descriptor_is_zero(const void *bytes, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (((const char *)bytes)[i])
			return false;
	return true;
}

/*
 * Translate to today's layout, checking sizes, but nothing that a text or number means. Pointers are those
 * that stand there. -ENOEXEC or -EPROTONOSUPPORT (another ABI) and a sentence about the file at `path`.
 */
int descriptor_read(const struct descriptor_source *source, const char *path,
	struct descriptor *ret_descriptor, struct xslot_diag *diag);

#endif

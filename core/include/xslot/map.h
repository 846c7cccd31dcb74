/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* More about a plugin's maps than their file descriptors. See xslot-plugin(7). */
#ifndef XSLOT_MAP_H
#define XSLOT_MAP_H

#include <errno.h>
#include <xslot/plugin.h>

#define XSLOT_HOST_HAS(context_, function_) ((context_)->host->size > offsetof(struct xslot_host, function_))

/*
 * For check: the number of entries of a map that has no max_entries in the BPF program. The last call counts.
 * -EBUSY outside of check, -EINVAL for 0, -ENOSYS on a host that is too old. That there is no such map is an
 * error of the reload.
 */
static inline int xslot_map_entries(struct xslot_context *context, const char *map, uint32_t entries)
{
	if (!XSLOT_HOST_HAS(context, map_entries))
		return -ENOSYS;
	return context->host->map_entries(context, map, entries);
}

/* What is known of a map. `size` is set by the caller, and fields beyond it are not written. */
struct xslot_map_info {
	uint32_t size; /* of this struct; grows at its end only */
	uint32_t type; /* BPF_MAP_TYPE_… */
	uint32_t key_size, value_size, max_entries;
	uint32_t flags;
	uint32_t state_version;	       /* XSLOT_STATE_VERSION(); 0 without */
	uint32_t key_type, value_type; /* ids in `btf`; 0: none */
	uint32_t btf_size;
	const void *btf; /* of the map's BPF object, for btf__new(); NULL: none. Valid until the callback
			    returns */
};

static inline int xslot_map_info_get(
	struct xslot_context *context, const char *map, bool old, struct xslot_map_info *ret_info)
{
	if (!XSLOT_HOST_HAS(context, map_info))
		return -ENOSYS;
	ret_info->size = sizeof(*ret_info);
	return context->host->map_info(context, map, old, ret_info);
}

/* Of this instance's map of that C name; and, for migrate and settle, of the replaced instance's: -ENOENT. */
static inline int xslot_map_info(
	struct xslot_context *context, const char *map, struct xslot_map_info *ret_info)
{
	return xslot_map_info_get(context, map, false, ret_info);
}

static inline int xslot_old_map_info(
	struct xslot_context *context, const char *map, struct xslot_map_info *ret_info)
{
	return xslot_map_info_get(context, map, true, ret_info);
}

/*
 * For migrate and settle: add numbers to the entry of this instance's map that has that key, while packets
 * add to it, too: none of either side's is lost. Values of the map are made of 64-bit numbers, at most 128;
 * `numbers` are those of one value, or of a map per CPU one value for each possible CPU, as
 * bpf_map_lookup_elem() gives them. An entry that does not exist is made. Arrays, hashes, LRU hashes, tries.
 * -E2BIG: there is no room.
 */
static inline int xslot_map_add(
	struct xslot_context *context, const char *map, const void *key, const uint64_t *numbers)
{
	if (!XSLOT_HOST_HAS(context, map_add))
		return -ENOSYS;
	return context->host->map_add(context, map, key, numbers);
}

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A manifest is written in the layout that its map has: a host that knows no other may have to read it again.
 * In memory there is one form, with room for all parities.
 */
#include "kernel/dispatcher/manifest.h"

#include "extension/permission.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t key = 0;

/* MANIFEST_LAYOUT_BEFORE: two generations, two parities. */
#define BEFORE 2
struct manifest_before {
	uint64_t head[offsetof(struct manifest, baseline) / sizeof(uint64_t)];
	uint64_t baseline[BEFORE][XSLOT_DECIDERS][XSLOT_OUTCOMES];
	uint64_t previous_baseline[BEFORE][XSLOT_DECIDERS][XSLOT_OUTCOMES];
	struct manifest_record record[BEFORE];
};
_Static_assert(offsetof(struct manifest_before, baseline) == offsetof(struct manifest, baseline), "one head");
_Static_assert(sizeof(struct manifest_before) == 30592, "layout 1");

static size_t size_of(uint32_t layout)
{
	return layout == MANIFEST_LAYOUT_BEFORE ? sizeof(struct manifest_before) : sizeof(struct manifest);
}

static void to_before(const struct manifest *manifest, struct manifest_before *ret)
{
	memcpy(ret->head, manifest, sizeof(ret->head));
	memcpy(ret->baseline, manifest->baseline, sizeof(ret->baseline));
	memcpy(ret->previous_baseline, manifest->previous_baseline, sizeof(ret->previous_baseline));
	memcpy(ret->record, manifest->record, sizeof(ret->record));
}

/* What is said of the dispatcher before stands at each of its parities, which may be more than two. */
static void from_before(const struct manifest_before *before, struct manifest *ret)
{
	memcpy(ret, before->head, sizeof(before->head));
	memcpy(ret->baseline, before->baseline, sizeof(before->baseline));
	for (size_t i = 0; i < MANIFEST_PARITIES; i++)
		memcpy(ret->previous_baseline[i], before->previous_baseline[i % BEFORE],
			sizeof(ret->previous_baseline[i]));
	memcpy(ret->record, before->record, sizeof(before->record));
}

int manifest_create(uint32_t layout, int *ret_fd, struct xslot_diag *diag)
{
	int fd = bpf_map_create(
		BPF_MAP_TYPE_ARRAY, "xslot_manifest", sizeof(key), (uint32_t)size_of(layout), 1, NULL);

	if (fd < 0)
		return fail(diag, -errno, "cannot make the manifest's map: %s",
			permission_reason(errno, (char[PERMISSION_TEXT]){ 0 }));
	*ret_fd = fd;
	return 0;
}

int manifest_write(int fd, const struct manifest *manifest, struct xslot_diag *diag)
{
	struct manifest_before before; /* on the stack: a store must not fail for want of memory */
	const void *bytes = manifest;

	if (manifest->layout == MANIFEST_LAYOUT_BEFORE) {
		to_before(manifest, &before);
		bytes = &before;
	}
	if (bpf_map_update_elem(fd, &key, bytes, BPF_ANY) < 0)
		return fail(diag, -errno, "cannot write the manifest: %s", strerror(errno));
	return 0;
}

/* The part by which other maps, and manifests of another version, are recognised. */
#define MANIFEST_HEAD offsetof(struct manifest, frags)

#define ENDS(text) (memchr(text, 0, sizeof(text)) != NULL)

static int check_record(const struct manifest_record *record, struct xslot_diag *diag)
{
	if (record->n_slots > XSLOT_MAX_SLOTS)
		return fail(diag, -EINVAL, "the manifest is corrupt: %u slots", record->n_slots);
	for (size_t i = 0; i < record->n_slots; i++) {
		const struct manifest_slot *slot = &record->slots[i];

		if (!ENDS(slot->plugin) || !ENDS(slot->version) || !ENDS(slot->function) ||
			slot->previous > XSLOT_MAX_SLOTS)
			return fail(diag, -EINVAL, "the manifest is corrupt: slot %zu of generation %u", i,
				record->generation);
	}
	return 0;
}

int manifest_parse(const void *bytes, size_t size, struct manifest *ret_manifest, struct xslot_diag *diag)
{
	struct manifest manifest = {};

	if (size < MANIFEST_HEAD)
		return fail(diag, -EINVAL, "it is not a manifest, but a map of %zu bytes", size);
	memcpy(&manifest, bytes, MANIFEST_HEAD);
	if (manifest.magic != MANIFEST_MAGIC)
		return fail(diag, -EINVAL, "the manifest was never written");
	if (manifest.layout != MANIFEST_LAYOUT && manifest.layout != MANIFEST_LAYOUT_BEFORE)
		return fail(diag, -EPROTO,
			"the manifest has layout %u, and this xslotd reads layouts %u and %u",
			manifest.layout, MANIFEST_LAYOUT_BEFORE, MANIFEST_LAYOUT);
	if (size != size_of(manifest.layout))
		return fail(diag, -EINVAL, "the manifest is corrupt: it has %zu bytes, not %zu", size,
			size_of(manifest.layout));
	if (manifest.layout == MANIFEST_LAYOUT_BEFORE)
		from_before(bytes, &manifest);
	else
		memcpy(&manifest, bytes, sizeof(manifest));
	for (int i = 0; i < MANIFEST_PARITIES; i++) {
		int r = check_record(&manifest.record[i], diag);

		if (r < 0)
			return r;
	}
	*ret_manifest = manifest;
	return 0;
}

int manifest_read(int fd, struct manifest *ret_manifest, struct xslot_diag *diag)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	CLEANUP(free) void *bytes = NULL;

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return fail(diag, -errno, "cannot look at the manifest's map: %s", strerror(errno));
	if (info.type != BPF_MAP_TYPE_ARRAY || info.key_size != sizeof(key) ||
		info.value_size < MANIFEST_HEAD)
		return fail(diag, -EINVAL, "it is not a manifest, but a map of %u bytes", info.value_size);
	bytes = calloc(1, info.value_size);
	if (!bytes)
		return fail(diag, -ENOMEM, "out of memory");
	if (bpf_map_lookup_elem(fd, &key, bytes) < 0)
		return fail(diag, -errno, "cannot read the manifest: %s", strerror(errno));
	return manifest_parse(bytes, info.value_size, ret_manifest, diag);
}

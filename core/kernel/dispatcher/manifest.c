/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
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

int manifest_create(int *ret_fd, struct xslot_diag *diag)
{
	int fd = bpf_map_create(
		BPF_MAP_TYPE_ARRAY, "xslot_manifest", sizeof(key), sizeof(struct manifest), 1, NULL);

	if (fd < 0)
		return fail(diag, -errno, "cannot make the manifest's map: %s",
			permission_reason(errno, (char[PERMISSION_TEXT]){ 0 }));
	*ret_fd = fd;
	return 0;
}

int manifest_write(int fd, const struct manifest *manifest, struct xslot_diag *diag)
{
	if (bpf_map_update_elem(fd, &key, manifest, BPF_ANY) < 0)
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
	struct manifest head = {};

	if (size < MANIFEST_HEAD)
		return fail(diag, -EINVAL, "it is not a manifest, but a map of %zu bytes", size);
	memcpy(&head, bytes, MANIFEST_HEAD);
	if (head.magic != MANIFEST_MAGIC)
		return fail(diag, -EINVAL, "the manifest was never written");
	if (head.layout != MANIFEST_LAYOUT)
		return fail(diag, -EPROTO, "the manifest has layout %u, and this xslotd reads layout %u",
			head.layout, MANIFEST_LAYOUT);
	if (size != sizeof(head))
		return fail(diag, -EINVAL, "the manifest is corrupt: it has %zu bytes, not %zu", size,
			sizeof(head));
	memcpy(&head, bytes, sizeof(head));
	for (int i = 0; i < 2; i++) {
		int r = check_record(&head.record[i], diag);

		if (r < 0)
			return r;
	}
	*ret_manifest = head;
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

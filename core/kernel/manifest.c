/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "kernel/manifest.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/diag.h"

static const uint32_t key = 0;

int manifest_create(int *ret_fd, struct xslot_diag *diag)
{
	int fd = bpf_map_create(
		BPF_MAP_TYPE_ARRAY, "xslot_manifest", sizeof(key), sizeof(struct manifest), 1, NULL);

	if (fd < 0)
		return fail(diag, -errno, "cannot make the manifest's map: %s", strerror(errno));
	*ret_fd = fd;
	return 0;
}

int manifest_write(int fd, const struct manifest *manifest, struct xslot_diag *diag)
{
	if (bpf_map_update_elem(fd, &key, manifest, BPF_ANY) < 0)
		return fail(diag, -errno, "cannot write the manifest: %s", strerror(errno));
	return 0;
}

/* Whatever its size; the caller frees it. */
static int read_value(int fd, struct manifest **ret_manifest, uint32_t *ret_size, struct xslot_diag *diag)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	struct manifest *manifest;

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return fail(diag, -errno, "cannot look at the manifest's map: %s", strerror(errno));
	if (info.type != BPF_MAP_TYPE_ARRAY || info.value_size < offsetof(struct manifest, frags))
		return fail(diag, -EINVAL, "it is no manifest, but a map of %u bytes", info.value_size);
	manifest = calloc(1, info.value_size + sizeof(*manifest));
	if (!manifest)
		return fail(diag, -ENOMEM, "out of memory");
	if (bpf_map_lookup_elem(fd, &key, manifest) < 0) {
		free(manifest);
		return fail(diag, -errno, "cannot read the manifest: %s", strerror(errno));
	}
	*ret_manifest = manifest;
	*ret_size = info.value_size;
	return 0;
}

int manifest_read(int fd, struct manifest *ret_manifest, struct xslot_diag *diag)
{
	CLEANUP(free) struct manifest *manifest = NULL;
	uint32_t size;
	int r;

	r = read_value(fd, &manifest, &size, diag);
	if (r < 0)
		return r;
	if (manifest->magic != MANIFEST_MAGIC)
		return fail(diag, -EINVAL, "the manifest was never written");
	if (manifest->layout != MANIFEST_LAYOUT)
		return fail(diag, -EPROTO, "the manifest has layout %u, and this xslotd reads layout %u",
			manifest->layout, MANIFEST_LAYOUT);
	if (size != sizeof(*manifest))
		return fail(diag, -EINVAL, "the manifest is corrupt: it has %u bytes, not %zu", size,
			sizeof(*manifest));
	for (int i = 0; i < 2; i++) {
		if (manifest->record[i].n_slots > XSLOT_MAX_SLOTS)
			return fail(diag, -EINVAL, "the manifest is corrupt: %u slots",
				manifest->record[i].n_slots);
	}
	*ret_manifest = *manifest;
	return 0;
}

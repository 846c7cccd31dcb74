/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What fills the stub: the object's program, or our entry to it; from libbpf's object while that is open,
 * else from the pin. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <xslot/extension.h>

#include "kernel/instance/instance_private.h"
#include "kernel/pinned.h"
#include "util/cleanup.h"
#include "util/diag.h"

/* The program that the extension chose: the one that it left to be loaded. */
static struct bpf_program *chosen_program(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) if (bpf_program__autoload(program)) return program;
	return NULL;
}

struct bpf_program *instance_filler(const struct instance *instance)
{
	struct bpf_object *object = xslot_extension_object(instance->extension);

	return object ? chosen_program(object) : NULL;
}

static int open_pinned(const struct instance *instance, int *ret_fd, struct xslot_diag *diag)
{
	return pinned_open(instance->maps.pins,
		&(struct pinned){ .name = "program", .kind = BPFFS_PROGRAM, .id = instance->filler_id },
		ret_fd, diag);
}

int instance_open_filler(const struct instance *instance, int *ret_fd, struct xslot_diag *diag)
{
	const struct bpf_program *filler = instance_filler(instance);
	int fd;

	if (!instance->loaded)
		return fail(diag, -EINVAL, "%s: cannot attach before it is loaded", instance->name);
	if (instance->released)
		return open_pinned(instance, ret_fd, diag);
	if (!filler)
		return fail(diag, -EINVAL, "%s: its program is not open", instance->name);
	fd = fcntl(bpf_program__fd(filler), F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return fail(diag, -errno, "%s: cannot hold its program: %s", instance->name, strerror(errno));
	*ret_fd = fd;
	return 0;
}

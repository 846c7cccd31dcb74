/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Plugin and object files are examined first in a process of their own: libelf, ld.so, libbpf and libxdp were
 * made for good files, and a damaged one may crash the process that reads it. That process is this very
 * program, started again, without privileges; it takes the same steps on the same bytes as the host
 * afterwards, up to the first call into the kernel. It lives from the first file to inspect_end(), for all
 * files of a reload. A file that passed is not examined again. Worker thread.
 */
#ifndef HOST_PLUGIN_INSPECT_H
#define HOST_PLUGIN_INSPECT_H

#include <stdbool.h>
#include <xslot/diag.h>

#include "module/module.h"
#include "util/file.h"

/* First of all in main() of each program that reads plugins or objects. Does not return in that process. */
void inspect_main(int argc, char **argv);

/*
 * Is this plugin file one that can be described or, with `opened`, mapped, and its object loaded? For
 * modules_set_look(). Also 0 when it cannot, but nothing breaks by trying: then the attempt says why. A file
 * that crashes, ends, fills or holds up the process that looks at it is refused by name: -EBADMSG.
 */
int inspect_plugin(const char *path, struct blob *bytes, const struct digest *content, bool opened,
	struct xslot_diag *diag);

/* module_describe(), of a file that may be damaged. */
int inspect_describe(const char *path, struct descriptor *ret_plugin, struct xslot_diag *diag);

/* The same for a BPF object and its program (NULL: its only one); `foreign` as in struct instance_options. */
int inspect_object(const char *path, const struct blob *bytes, const char *program, bool foreign,
	struct xslot_diag *diag);

/* No file follows for now: end the process, if there is one. */
void inspect_end(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A plugin with a table and a program array, which `start` fills: the one program in it returns `verdict`. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <unistd.h>
#include <xslot/plugin.h>

#include HEADER /* generated: jump-vN.bpf.h */

static int start(struct xslot_context *context)
{
	uint32_t zero = 0, verdict = (uint32_t)xslot_value(context, "verdict")->number;
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = (int32_t)verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "jump_target", "GPL", code, 2, NULL);
	int r = fd < 0 ? -errno : 0;

	if (r == 0 && bpf_map_update_elem(xslot_map_fd(context, "table"), &zero, &verdict, BPF_ANY) < 0)
		r = -errno;
	if (r == 0 && bpf_map_update_elem(xslot_map_fd(context, "targets"), &zero, &fd, BPF_ANY) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

XSLOT_PARAMS({ "verdict", XSLOT_ENUM, "what to return", .required = 1, .words = "aborted|drop|pass|tx" });

XSLOT_PLUGIN(jump, .version = VERSION, .summary = "leave by a program array", XSLOT_BPF(jump),
	.start = start);

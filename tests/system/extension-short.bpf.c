/* SPDX-License-Identifier: GPL-2.0-only */
/* Compiled as if against headers of Linux 4.8, when the context had two members. */
struct xdp_md {
	unsigned int data;
	unsigned int data_end;
};

__attribute__((section("xdp"), used)) int short_context(struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data == 64 ? 6 : 0;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

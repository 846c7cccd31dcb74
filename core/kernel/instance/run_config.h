/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* libxdp's run configuration of a program, as libxdp itself reads it. */
#ifndef KERNEL_INSTANCE_RUN_CONFIG_H
#define KERNEL_INSTANCE_RUN_CONFIG_H

#include <stdint.h>

struct bpf_object;

/*
 * The XDP actions (bit 1 << action) with which libxdp would go on to the next program after `program` of
 * `object`: those of its run configuration; without one, libxdp's default, pass.
 */
uint32_t run_config_proceed(struct bpf_object *object, const char *program);

#endif

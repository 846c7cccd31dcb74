/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Loading BPF objects without any call reaching the kernel. */
#ifndef KERNEL_REHEARSAL_H
#define KERNEL_REHEARSAL_H

/*
 * From now on no bpf() of this process reaches the kernel: each succeeds at once, with a descriptor of
 * nothing where one is made. So libbpf goes all the way of a load, relocations and all, and whatever code
 * runs here can change no BPF object. For good, also over exec. -errno.
 */
int rehearsal_begin(void);

#endif

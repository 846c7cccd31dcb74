/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the process may do: reduced before any plugin's code is loaded. */
#ifndef KERNEL_PRIVILEGES_H
#define KERNEL_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <xslot/diag.h>

/* A set of capabilities, a bit each by the kernel's number: "sys_admin,net_raw". -EINVAL names the word that
 * is none. */
int privileges_parse(const char *words, uint64_t *ret_set, struct xslot_diag *diag);

/*
 * Keep CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON and `more`, as far as the process has them: permitted, effective
 * and (with CAP_SETPCAP) bounding; none is inheritable or ambient, and no program that is executed gains any
 * (no_new_privs). Before there is a second thread. Memory that BPF takes is no longer limited, where the
 * process may raise that limit.
 */
int privileges_drop(uint64_t more, struct xslot_diag *diag);

/* May a program of another's be looked up by its id, and a namespace entered? CAP_SYS_ADMIN. */
bool privileges_administrate(void);

/* Has this process given up what a host gives up? Else what it may do says nothing about a host. */
bool privileges_dropped(void);
/* privileges_administrate(), of another process. 1, 0, or -errno when it cannot be seen. */
int privileges_administrates(pid_t pid);

#endif

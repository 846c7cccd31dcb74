/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Who holds it: for the message that goes with EBUSY. */
#ifndef EXTENSION_HOLDER_H
#define EXTENSION_HOLDER_H

#include <stddef.h>
#include <stdint.h>

/*
 * What fills function `target_btf_id` of program `target_id` and who keeps it there, as the second half of a
 * sentence: "by link 12 of extension drop (id 40), held by this process and bpftool (pid 99)". Looks links up
 * by id (CAP_SYS_ADMIN) and through /proc/PID/fdinfo: slow, for failures only. What could not be looked at is
 * said, and never taken for "nobody".
 */
void holder_describe(uint32_t target_id, uint32_t target_btf_id, char *text, size_t size);

/* Who keeps the link, for the middle of a sentence: ", held by xslotd (pid 9), pinned to /sys/fs/bpf/a". As
 * slow. */
void holder_describe_link(uint32_t link_id, char *text, size_t size);

/*
 * Does anything run or hold an XDP program: a link, an interface in this network namespace, a process, a pin?
 * 1; 0; -errno: none that can be seen, and not everything can be. An extension of it does not count.
 */
int holder_of_program(uint32_t id);

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Adding numbers to a map's entries while packets count in them, without losing one of either side's. */
#ifndef KERNEL_STATE_ADDER_H
#define KERNEL_STATE_ADDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

struct adder;
struct bpf_map_info;

/* Maps whose entries can be added to: of hashes, arrays and tries, those whose values are numbers of 8 bytes.
 */
bool adder_can(const struct bpf_map_info *info);

/*
 * For the map `fd`, which stays the caller's, and open as long as the adder. Values are numbers of 8 bytes;
 * in a map with one value a CPU, as many of them as there are CPUs, as bpf_map_lookup_elem() gives them.
 */
int adder_new(int fd, const struct bpf_map_info *info, struct adder **ret_adder, struct xslot_diag *diag);
void adder_free(struct adder *adder); /* accepts NULL; what was not flushed is not added */

/* Numbers in an entry, all CPUs together. */
size_t adder_numbers(const struct adder *adder);

/*
 * Add to the entry of that key: at once, or when it is flushed. An entry that is not there is made; one that
 * there is no room for is counted.
 */
int adder_add(struct adder *adder, const void *key, const uint64_t *numbers, struct xslot_diag *diag);
int adder_flush(struct adder *adder, struct xslot_diag *diag);
uint64_t adder_left_out(const struct adder *adder);

#endif

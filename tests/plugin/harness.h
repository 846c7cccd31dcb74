/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A plugin without a host: its BPF as an XDP program that is test-run, its callbacks with a host of ours. */
#ifndef TESTS_PLUGIN_HARNESS_H
#define TESTS_PLUGIN_HARNESS_H

#include <bpf/libbpf.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/plugin.h>

/* Each of these fails the test when it cannot do its work. */
struct bpf_object *harness_open(const void *bytes, size_t size);
/* Set a `const volatile` variable before load; `size` must be its own. */
void harness_set(struct bpf_object *object, const char *variable, const void *value, size_t size);
/* Use the map of `from` (loaded) in `object` (not yet loaded), as a reload does with state. */
void harness_share(struct bpf_object *object, struct bpf_object *from, const char *map);
void harness_load(struct bpf_object *object);
int harness_map(struct bpf_object *object, const char *map); /* fd */

/* Run the object's program on the frame `repeat` times; returns the last verdict. */
uint32_t harness_run(struct bpf_object *object, const void *frame, size_t size, unsigned repeat);

/* Frames, all zero but for what is given; return their length. `payload` bytes follow the UDP header. */
struct harness_frame {
	uint16_t vlans[4];  /* TCIs, as many as are not 0; the outer one is 802.1ad when there are two */
	uint16_t ethertype; /* 0: IPv4 or IPv6, by `source` */
	const char *source; /* "192.0.2.1" or "2001:db8::1"; NULL: no IP header */
	uint8_t protocol;   /* 0: UDP */
	size_t payload;
};
size_t harness_build(const struct harness_frame *frame, uint8_t bytes[static 2048]);

/* The text that NAME.so's status callback gives: "key: value\n" for each. Values and maps as a host would. */
char *harness_status(const char *name, struct bpf_object *object, const struct xslot_value *values,
	const char *const *names);

#endif

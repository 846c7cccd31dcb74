/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Plugins are tested without dispatcher and host where that is enough: an XDP program is test-run on any
 * machine, also where freplace is refused. The BPF bytes are those that the plugin embeds; the callbacks are
 * those of the built .so.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <dlfcn.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "kernel/instance/sums.h"

struct bpf_object *harness_open(const void *bytes, size_t size)
{
	struct bpf_object *object = bpf_object__open_mem(bytes, size, NULL);

	assert_non_null(object);
	return object;
}

/* Where in .rodata the variable lies. */
static size_t rodata_offset(struct bpf_object *object, const char *variable, size_t size)
{
	struct btf *btf = bpf_object__btf(object);
	int section = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *type = btf__type_by_id(btf, (uint32_t)section);

	assert_true(section > 0);
	for (int i = 0; i < btf_vlen(type); i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(type)[i];
		const struct btf_type *var = btf__type_by_id(btf, info->type);

		if (strcmp(btf__name_by_offset(btf, var->name_off), variable) != 0)
			continue;
		assert_int_equal(info->size, size);
		return info->offset;
	}
	fail_msg("no variable %s", variable);
	return 0;
}

void harness_set(struct bpf_object *object, const char *variable, const void *value, size_t size)
{
	size_t offset = rodata_offset(object, variable, size), data_size;
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		uint8_t *data;

		if (!strstr(bpf_map__name(map), ".rodata"))
			continue;
		data = memcpy(malloc(bpf_map__value_size(map)), bpf_map__initial_value(map, &data_size),
			bpf_map__value_size(map));
		memcpy(data + offset, value, size);
		assert_int_equal(bpf_map__set_initial_value(map, data, data_size), 0);
		free(data);
	}
}

void harness_share(struct bpf_object *object, struct bpf_object *from, const char *map)
{
	struct bpf_map *to = bpf_object__find_map_by_name(object, map);

	assert_non_null(to);
	assert_int_equal(bpf_map__reuse_fd(to, harness_map(from, map)), 0);
}

void harness_load(struct bpf_object *object)
{
	struct bpf_program *program = bpf_object__next_program(object, NULL);

	assert_int_equal(bpf_program__set_type(program, BPF_PROG_TYPE_XDP), 0);
	assert_int_equal(bpf_object__load(object), 0);
}

int harness_map(struct bpf_object *object, const char *map)
{
	int fd = bpf_object__find_map_fd_by_name(object, map);

	assert_true(fd >= 0);
	return fd;
}

uint32_t harness_run(struct bpf_object *object, const void *frame, size_t size, unsigned repeat)
{
	uint8_t out[4096];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)size,
		.data_out = out, .data_size_out = sizeof(out), .repeat = (int)repeat);

	assert_int_equal(
		bpf_prog_test_run_opts(bpf_program__fd(bpf_object__next_program(object, NULL)), &opts), 0);
	return opts.retval;
}

static void put16(uint8_t **at, uint16_t value)
{
	*(*at)++ = (uint8_t)(value >> 8);
	*(*at)++ = (uint8_t)value;
}

static void put_ip(uint8_t **at, const struct harness_frame *frame)
{
	uint8_t protocol = frame->protocol ? frame->protocol : IPPROTO_UDP;
	uint16_t size = (uint16_t)(8 + frame->payload);
	struct ip6_hdr ip6 = {
		.ip6_flow = htonl(6U << 28), .ip6_plen = htons(size), .ip6_nxt = protocol, .ip6_hops = 64
	};
	struct iphdr ip4 = { .version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = protocol,
		.tot_len = htons((uint16_t)(sizeof(ip4) + size)) };

	if (strchr(frame->source, ':')) {
		assert_int_equal(inet_pton(AF_INET6, frame->source, &ip6.ip6_src), 1);
		memcpy(*at, &ip6, sizeof(ip6));
		*at += sizeof(ip6);
	} else {
		assert_int_equal(inet_pton(AF_INET, frame->source, &ip4.saddr), 1);
		memcpy(*at, &ip4, sizeof(ip4));
		*at += sizeof(ip4);
	}
}

size_t harness_build(const struct harness_frame *frame, uint8_t bytes[static 2048])
{
	uint8_t *at = bytes + 12;

	memset(bytes, 0, 2048);
	for (int i = 0; i < 4 && frame->vlans[i]; i++) {
		put16(&at, i == 0 && frame->vlans[1] ? ETH_P_8021AD : ETH_P_8021Q);
		put16(&at, frame->vlans[i]);
	}
	if (frame->ethertype)
		put16(&at, frame->ethertype);
	else
		put16(&at, strchr(frame->source, ':') ? ETH_P_IPV6 : ETH_P_IP);
	if (frame->source)
		put_ip(&at, frame);
	return (size_t)(at - bytes) + 8 + frame->payload;
}

/* What the host that the callbacks see knows. One at a time. */
static struct {
	struct bpf_object *object;
	const struct xslot_value *values;
	const char *const *names;
	FILE *text;
} host_state;

static const struct xslot_value *host_value(struct xslot_context *context, const char *param)
{
	for (size_t i = 0; host_state.names && host_state.names[i]; i++)
		if (strcmp(host_state.names[i], param) == 0)
			return &host_state.values[i];
	return NULL;
}

static int host_map_fd(struct xslot_context *context, const char *map)
{
	return bpf_object__find_map_fd_by_name(host_state.object, map);
}

static int host_sum(
	struct xslot_context *context, const char *map, const void *key, uint64_t *ret_sums, size_t n)
{
	return sums_read(host_map_fd(context, map), key, ret_sums, n);
}

static void host_status(struct xslot_context *context, const char *key, const char *format, va_list args)
{
	fprintf(host_state.text, "%s: ", key);
	vfprintf(host_state.text, format, args);
	fputc('\n', host_state.text);
}

char *harness_status(const char *name, struct bpf_object *object, const struct xslot_value *values,
	const char *const *names)
{
	const struct xslot_host host = {
		.size = sizeof(host),
		.value = host_value,
		.map_fd = host_map_fd,
		.status = host_status,
		.sum = host_sum,
	};
	struct xslot_context context = { .host = &host, .slot = "test.1" };
	const struct xslot_plugin *plugin;
	char path[4096], *text = NULL;
	size_t size;
	void *library;

	snprintf(path, sizeof(path), "%s/%s.so", PLUGINS_DIR, name);
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		fail_msg("%s", dlerror());
	plugin = dlsym(library, "xslot_plugin");
	assert_non_null(plugin);
	host_state.object = object;
	host_state.values = values;
	host_state.names = names;
	host_state.text = open_memstream(&text, &size);
	assert_int_equal(plugin->status(&context), 0);
	fclose(host_state.text);
	dlclose(library);
	return text;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The workloads: next does nothing, count parses and counts, acl has rules of which the last one that holds
 * for the packet's source decides, ratelimit has a bucket that is never empty. All get the same packet.
 */
#include "workload.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xslot/slots.h>

#include "acl-host.h"
#include "acl.h"

#define RULES 256

extern const struct xslot_plugin xslot_plugin; /* acl's */

int workload_set(struct bpf_object *object, const char *variable, const void *value, size_t size)
{
	const struct btf *btf = bpf_object__btf(object);
	int section = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *type = section < 0 ? NULL : btf__type_by_id(btf, (uint32_t)section);
	struct bpf_map *map;

	for (int i = 0; type && i < btf_vlen(type); i++) {
		const struct btf_var_secinfo *at = btf_var_secinfos(type) + i;
		const struct btf_type *var = btf__type_by_id(btf, at->type);

		if (strcmp(btf__name_by_offset(btf, var->name_off), variable) || at->size != size)
			continue;
		bpf_object__for_each_map(map, object)
		{
			char *start;

			if (!strstr(bpf_map__name(map), ".rodata"))
				continue;
			start = (char *)bpf_map__initial_value(map, &size);
			memcpy(start + at->offset, value, at->size);
			return 0;
		}
	}
	return -ENOENT;
}

static int prepare_ratelimit(struct bpf_object *object)
{
	const uint64_t rate = 1000000000;

	return workload_set(object, "rate", &rate, sizeof(rate));
}

/* Names of maps that an acl is to fill end in this. */
static const char *acl_suffix;

static int acl_map_fd(struct acl_host *host, const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), "%s%s", name, acl_suffix);
	return bpf_object__find_map_fd_by_name(host->maps, full);
}

/* Networks and hosts, with and without ports; eight rules hold for the packet's source, the last one decides.
 */
static const char *acl_rules(void)
{
	static char text[RULES * 64];
	size_t n = 0;

	for (unsigned i = 0; n == 0 || i < RULES - 8; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			i % 2 ? "deny 10.%u.%u.0/24 tcp %u\n" : "deny 172.16.%u.%u udp %u-65535\n", i / 16, i,
			i + 1);
	for (unsigned i = 0; i < 7; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "deny 192.0.0.0/16 tcp %u\n", 1000 + i);
	snprintf(text + n, sizeof(text) - n, "allow 192.0.0.0/16 udp 53\n");
	return text;
}

static int start_acl(struct bpf_object *object, const char *suffix)
{
	static struct acl_host host;
	const char *rules = acl_rules();
	int r;

	acl_suffix = suffix;
	acl_host_init(&host, rules, strlen(rules), ACL_DENY);
	host.map_fd = acl_map_fd;
	host.maps = object;
	r = xslot_plugin.check(&host.context);
	if (r == 0)
		r = xslot_plugin.start(&host.context);
	if (r == 0)
		xslot_plugin.stop(&host.context);
	else
		fprintf(stderr, "acl: line %u: %s\n", host.errors[0].line, host.errors[0].text);
	return r;
}

#define MERGED(name) MERGED_FOLDER "/" name ".merged.bpf.o"

const struct workload workloads[] = {
	{ "next", NEXT_OBJECT, MERGED("next"), NULL, NULL },
	{ "count", COUNT_OBJECT, MERGED("count"), NULL, NULL },
	{ "acl", ACL_OBJECT, MERGED("acl"), NULL, start_acl },
	{ "ratelimit", RATELIMIT_OBJECT, MERGED("ratelimit"), prepare_ratelimit, NULL },
};
const size_t n_workloads = sizeof(workloads) / sizeof(workloads[0]);

const struct workload *workload_find(const char *name)
{
	for (size_t i = 0; i < n_workloads; i++)
		if (strcmp(workloads[i].name, name) == 0)
			return &workloads[i];
	return NULL;
}

int workload_open(const struct workload *workload, const char *file, const char *program,
	struct bpf_object **ret_object, struct bpf_program **ret_program)
{
	struct bpf_object *object = bpf_object__open_file(file, NULL);
	struct bpf_program *each, *chosen;
	int r = 0;

	if (!object)
		return -errno;
	chosen = bpf_object__find_program_by_name(object, program);
	bpf_object__for_each_program(each, object) bpf_program__set_autoload(each, each == chosen);
	if (!chosen)
		r = -ENOENT;
	else if (workload->prepare)
		r = workload->prepare(object);
	if (r < 0) {
		bpf_object__close(object);
		return r;
	}
	*ret_object = object;
	*ret_program = chosen;
	return 0;
}

/*
 * As many packets as fit between two interrupts of the clock, which come every 4 ms: what such an interrupt
 * costs differs by a few instructions, and would be part of every run that is longer.
 */
#define COUNTED_NS 2000000

static unsigned repeats(int program_fd, struct bpf_test_run_opts *options)
{
	unsigned n = 1000;

	/* Twice: the first packets find everything cold. */
	options->repeat = 10;
	for (int i = 0; i < 2; i++)
		if (bpf_prog_test_run_opts(program_fd, options) < 0)
			return n;
	while (n > 10 && (uint64_t)n * options->duration > COUNTED_NS)
		n /= 2;
	return n;
}

int workload_cost(int program_fd)
{
	/* UDP from 192.0.0.0 to port 53 of 192.0.0.0, 60 bytes with padding. */
	unsigned char packet[60] = { [12] = 8,
		[14] = 0x45,
		[17] = 46,
		[22] = 64,
		[23] = 17,
		[26] = 192,
		[30] = 192,
		[35] = 99,
		[37] = 53,
		[39] = 26 };
	bool counted = getenv("XSLOT_CLOCK") && strcmp(getenv("XSLOT_CLOCK"), "instructions") == 0;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet));
	int least = INT32_MAX, times = 0;

	options.repeat = counted ? (int)repeats(program_fd, &options) : 5000;
	/*
	 * Where instructions are counted, runs that meet no interrupt come out the same: a few must do so.
	 * Elsewhere many, so that some meet a quiet machine.
	 */
	for (int i = 0; i < (counted ? 100 : 40) && !(counted && i >= 5 && times >= 3); i++) {
		if (bpf_prog_test_run_opts(program_fd, &options) < 0)
			return -errno;
		if ((int)options.duration < least) {
			least = (int)options.duration;
			times = 0;
		}
		times += (int)options.duration == least;
	}
	return options.retval == XSLOT_NEXT || options.retval == XDP_PASS ? least : -EPROTO;
}

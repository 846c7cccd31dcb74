/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * acl against an oracle that knows nothing of tries and lists: random rules and random packets, many of which
 * lie, each read as reference.c does and decided by asking every rule in order. The plugin's own callbacks
 * fill the maps of its own BPF program, which is loaded as an XDP program. Each run is the same, but with
 * another XSLOT_TEST_SEED=N than 1.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <unistd.h>

#include "acl-host.h"
#include "acl-packets.h"
#include "acl.bpf.h"
#include "acl.h"
#include "check.h"
#include "kernel/instance/sums.h"
#include "reference.h"

#define SETS 150
#define PACKETS_A_SET 150
#define MAX_RULES 60
#define HITS_ROOM 6000 /* fewer than acl asks for, to see them all taken; more than it reads at once */

extern const struct xslot_plugin xslot_plugin;

/* A rule as the oracle sees it. */
struct plain_rule {
	bool deny, any, ipv6, any_protocol, has_ports;
	unsigned length;
	uint8_t address[16];
	uint8_t protocol;
	uint16_t low, high;
	unsigned line;
	uint64_t hits;
};

struct set {
	struct plain_rule rules[MAX_RULES];
	size_t n;
	unsigned not_ip, unknown, by_policy;
	char text[MAX_RULES * 120];
};

static struct bpf_object *objects[2]; /* by policy */
static unsigned kinds[REFERENCE_LATER + 1];
static struct bpf_object *object; /* that of the policy under test */

static bool prefix_holds(const struct plain_rule *rule, const uint8_t *address)
{
	for (unsigned bit = 0; bit < rule->length; bit++)
		if ((rule->address[bit / 8] ^ address[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

static bool rule_holds(const struct plain_rule *rule, const struct reference *packet)
{
	if (!rule->any && (rule->ipv6 != packet->ipv6 || !prefix_holds(rule, packet->source)))
		return false;
	if (rule->any_protocol)
		return true;
	if (!packet->has_protocol)
		return rule->deny;
	if (rule->protocol != packet->protocol)
		return false;
	if (!rule->has_ports || (rule->low == 0 && rule->high == 65535))
		return true;
	if (packet->kind == REFERENCE_LATER)
		return rule->deny;
	return packet->dport >= rule->low && packet->dport <= rule->high;
}

/* What the README says, and nothing else. Counts the hit. */
static unsigned expected(struct set *set, const struct reference *packet, unsigned policy)
{
	struct plain_rule *best = NULL;

	set->not_ip += packet->kind == REFERENCE_NOT_IP;
	set->unknown += packet->kind == REFERENCE_UNKNOWN;
	if (packet->kind == REFERENCE_NOT_IP)
		return XSLOT_NEXT;
	if (packet->kind == REFERENCE_UNKNOWN)
		return XDP_DROP;
	for (size_t i = 0; i < set->n; i++)
		if (rule_holds(&set->rules[i], packet) && (!best || set->rules[i].length > best->length))
			best = &set->rules[i];
	if (best)
		best->hits++;
	else
		set->by_policy++;
	return (best ? best->deny : policy == ACL_DENY) ? XDP_DROP : XSLOT_NEXT;
}

static bool same_rule(const struct plain_rule *a, const struct plain_rule *b)
{
	bool ports_a = a->has_ports && (a->low || a->high < 65535);
	bool ports_b = b->has_ports && (b->low || b->high < 65535);

	return a->deny == b->deny && a->any == b->any && a->ipv6 == b->ipv6 && a->length == b->length &&
	       !memcmp(a->address, b->address, 16) && a->any_protocol == b->any_protocol &&
	       (a->any_protocol || a->protocol == b->protocol) && ports_a == ports_b &&
	       (!ports_a || (a->low == b->low && a->high == b->high));
}

static bool takes_ports(uint8_t protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 132 || protocol == 33 || protocol == 136;
}

static void make_rule(struct plain_rule *rule)
{
	static const uint8_t lengths4[] = { 0, 8, 9, 15, 16, 17, 24, 25, 31, 32 };
	static const uint8_t lengths6[] = { 0, 16, 32, 33, 48, 64, 65, 66, 97, 127, 128 };
	uint16_t port;

	*rule = (struct plain_rule){ .deny = chance(2), .any = !chance(6), .ipv6 = chance(2) };
	if (rule->any) {
		rule->ipv6 = false;
	} else {
		rule->length =
			rule->ipv6 ? lengths6[chance(sizeof(lengths6))] : lengths4[chance(sizeof(lengths4))];
		chance_address(rule->ipv6, rule->address);
		for (unsigned bit = rule->length; bit < 128; bit++)
			rule->address[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	}
	rule->any_protocol = !chance(5);
	rule->protocol = rule->any_protocol ? 0 : chance_protocol();
	if (!rule->any_protocol && takes_ports(rule->protocol) && chance(3)) {
		rule->has_ports = true;
		rule->low = chance_port();
		rule->high = chance(2) ? rule->low : chance_port();
		if (rule->low > rule->high) {
			port = rule->low;
			rule->low = rule->high;
			rule->high = port;
		}
	}
}

/* The rule in one of the ways in which it may be written. */
static size_t write_rule(const struct plain_rule *rule, char *text, size_t size)
{
	static const char *const blanks[] = { " ", "  ", "\t", " \t " };
	const char *name = rule->protocol == 6	  ? "tcp"
			   : rule->protocol == 17 ? "udp"
			   : rule->protocol == 1  ? "icmp"
			   : rule->protocol == 58 ? "icmp6"
						  : NULL;
	const char *blank = blanks[chance(4)];
	size_t n = (size_t)snprintf(
		text, size, "%s%s%s", chance(4) ? "" : blank, rule->deny ? "deny" : "allow", blank);

	if (rule->any)
		n += (size_t)snprintf(text + n, size - n, "any");
	else if (rule->ipv6)
		for (unsigned i = 0; i < 16; i += 2)
			n += (size_t)snprintf(text + n, size - n, "%s%x", i ? ":" : "",
				rule->address[i] << 8 | rule->address[i + 1]);
	else
		n += (size_t)snprintf(text + n, size - n, "%u.%u.%u.%u", rule->address[0], rule->address[1],
			rule->address[2], rule->address[3]);
	if (!rule->any && (rule->length != (rule->ipv6 ? 128 : 32) || chance(2)))
		n += (size_t)snprintf(text + n, size - n, "/%u", rule->length);
	if (!rule->any_protocol && name && chance(3))
		n += (size_t)snprintf(text + n, size - n, "%s%s", blank, name);
	else if (!rule->any_protocol)
		n += (size_t)snprintf(text + n, size - n, "%s%u", blank, rule->protocol);
	if (rule->has_ports && rule->low == rule->high && chance(3))
		n += (size_t)snprintf(text + n, size - n, "%s%u", blank, rule->low);
	else if (rule->has_ports)
		n += (size_t)snprintf(text + n, size - n, "%s%u-%u", blank, rule->low, rule->high);
	n += (size_t)snprintf(text + n, size - n, "%s\n", chance(6) ? "" : " # allow any");
	return n;
}

static void make_set(struct set *set)
{
	size_t wanted = chance(MAX_RULES + 1), n = 0;
	unsigned line = 1;

	memset(set, 0, sizeof(*set));
	for (size_t i = 0; i < wanted; i++) {
		struct plain_rule *rule = &set->rules[set->n];
		bool known = false;

		make_rule(rule);
		for (size_t j = 0; j < set->n; j++)
			known = known || same_rule(&set->rules[j], rule);
		if (known)
			continue;
		if (!chance(10)) {
			n += (size_t)snprintf(
				set->text + n, sizeof(set->text) - n, "%s\n", chance(2) ? "" : "# deny any");
			line++;
		}
		n += write_rule(rule, set->text + n, sizeof(set->text) - n);
		rule->line = line++;
		set->n++;
	}
	if (n && chance(2))
		set->text[n - 1] = '\0'; /* a last line without its newline */
}

static int map_fd(struct acl_host *host, const char *name)
{
	return bpf_object__find_map_fd_by_name(object, name);
}

static void clear_map(const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(object, name);
	uint8_t key[32];

	while (!bpf_map_get_next_key(fd, NULL, key))
		assert_int_equal(bpf_map_delete_elem(fd, key), 0);
}

/* The program with that policy, as if no packet had ever met it. */
static void use_policy(unsigned policy)
{
	uint64_t *zeros = calloc((size_t)libbpf_num_possible_cpus(), sizeof(*zeros));

	assert_non_null(zeros);
	object = objects[policy];
	clear_map("prefixes4");
	clear_map("prefixes6");
	clear_map("hits");
	for (uint32_t i = 0; i < ACL_TOTALS; i++)
		assert_int_equal(
			bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "totals"), &i, zeros, 0),
			0);
	free(zeros);
}

static int run(const struct packet *packet)
{
	LIBBPF_OPTS(
		bpf_test_run_opts, options, .data_in = packet->bytes, .data_size_in = (uint32_t)packet->size);
	int fd = bpf_program__fd(bpf_object__find_program_by_name(object, "acl"));
	int r = bpf_prog_test_run_opts(fd, &options);

	return r ? r : (int)options.retval;
}

static void show(const struct set *set, const struct packet *packet, const char *why, int want, int got)
{
	print_error("rules:\n%s\npacket: %s\nunknown: %s\nbytes:", set->text, packet->text, why ? why : "no");
	for (size_t i = 0; i < packet->size; i++)
		print_error(" %02x", packet->bytes[i]);
	print_error("\nexpected %d, got %d\n", want, got);
}

/* Each rule's hits as the plugin's status shows them, which lists the top ten. */
static void check_status(const struct set *set, struct acl_host *host, unsigned policy)
{
	uint64_t decided = 0;
	char want[256];

	for (size_t i = 0; i < set->n; i++)
		decided += set->rules[i].hits;
	snprintf(want, sizeof(want),
		"rules: %zu\ndecided by rules: %llu\ndecided by policy: %u, %s\ndropped as unknown: %u\nnot "
		"IP: %u\n",
		set->n, (unsigned long long)decided, set->by_policy, policy == ACL_ALLOW ? "allow" : "deny",
		set->unknown, set->not_ip);
	assert_int_equal(xslot_plugin.status(&host->context), 0);
	assert_ptr_equal(strstr(host->status, want), host->status);
	for (size_t i = 0; i < set->n; i++) {
		size_t higher = 0;

		for (size_t j = 0; j < set->n; j++)
			higher += set->rules[j].hits >= set->rules[i].hits && j != i;
		snprintf(want, sizeof(want), ": %llu in line %u\n", (unsigned long long)set->rules[i].hits,
			set->rules[i].line);
		if (set->rules[i].hits && higher < 10)
			assert_non_null(strstr(host->status, want));
	}
}

static void check_set(unsigned policy)
{
	static struct set set;
	static struct packet packet;
	struct reference reference;
	struct acl_host host;
	unsigned want;
	int got;

	make_set(&set);
	use_policy(policy);
	acl_host_init(&host, set.text, strlen(set.text), policy);
	host.map_fd = map_fd;
	host.sum = sums_read;
	if (xslot_plugin.check(&host.context) || xslot_plugin.start(&host.context)) {
		print_error("rules:\n%s\nrefused: line %u: %s\n", set.text, host.errors[0].line,
			host.errors[0].text);
		assert_true(false);
	}
	for (unsigned i = 0; i < PACKETS_A_SET; i++) {
		packet_make(&packet);
		reference_read(packet.bytes, packet.size, &reference);
		kinds[reference.kind]++;
		want = expected(&set, &reference, policy);
		got = run(&packet);
		if (got != (int)want) {
			show(&set, &packet, reference.why, (int)want, got);
			assert_int_equal(got, want);
		}
	}
	check_status(&set, &host, policy);
	xslot_plugin.stop(&host.context);
}

static void test_oracle(void **arg)
{
	const char *given = getenv("XSLOT_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 1;

	print_message("XSLOT_TEST_SEED=%llu\n", (unsigned long long)seed);
	chance_seed(seed);
	for (unsigned i = 0; i < SETS; i++)
		check_set(i % 2);
	/* Enough of each to mean something. */
	for (unsigned i = 0; i <= REFERENCE_LATER; i++)
		assert_true(kinds[i] > SETS * PACKETS_A_SET / 50);
}

/* An IPv4 UDP packet from `source` to `port`. */
static void make_udp(struct packet *packet, uint32_t source, uint16_t port)
{
	static const uint8_t begin[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0,
		64, 17, 0, 0 };

	memset(packet, 0, sizeof(*packet));
	packet->bytes[39] = 8;
	memcpy(packet->bytes, begin, sizeof(begin));
	for (unsigned i = 0; i < 4; i++)
		packet->bytes[26 + i] = (uint8_t)(source >> (24 - 8 * i));
	packet->bytes[36] = (uint8_t)(port >> 8);
	packet->bytes[37] = (uint8_t)port;
	packet->size = 42;
}

/* One more instance on the same state maps, as after a reload. */
static void reload(struct acl_host *host, const char *text, bool first)
{
	if (!first)
		xslot_plugin.stop(&host->context);
	clear_map("prefixes4");
	clear_map("prefixes6");
	acl_host_init(host, text, strlen(text), ACL_DENY);
	host->map_fd = map_fd;
	host->sum = sums_read;
	assert_int_equal(xslot_plugin.check(&host->context), 0);
	assert_int_equal(xslot_plugin.start(&host->context), 0);
	if (!first)
		assert_int_equal(xslot_plugin.settle(&host->context, 0), 0);
}

static void send_udp(unsigned n, uint32_t source, uint16_t port, int want)
{
	static struct packet packet;

	make_udp(&packet, source, port);
	while (n--)
		assert_int_equal(run(&packet), want);
}

static void assert_status(struct acl_host *host, const char *line, bool there)
{
	host->status[0] = '\0';
	assert_int_equal(xslot_plugin.status(&host->context), 0);
	if (!strstr(host->status, line) != !there) {
		print_error("%s\nand \"%s\"\n", host->status, line);
		assert_true(false);
	}
}

/* A rule's hits stay with what it says, wherever it stands and however it is spelt; gone rules' go. */
static void test_hits(void **arg)
{
	struct acl_host host;

	use_policy(ACL_DENY);
	reload(&host, "allow any udp 1\ndeny 10.0.0.0/8 udp 2\nallow any udp 3\n", true);
	send_udp(3, 0x0b000001, 1, XSLOT_NEXT);
	send_udp(5, 0x0a000001, 2, XDP_DROP);
	send_udp(7, 0x0a000001, 3, XSLOT_NEXT);
	send_udp(1, 0x0b000001, 2, XDP_DROP);
	assert_status(&host, "allow any udp 1: 3 in line 1\n", true);
	assert_status(&host, "deny 10.0.0.0/8 udp 2: 5 in line 2\n", true);
	assert_status(&host, "allow any udp 3: 7 in line 3\n", true);
	assert_status(&host, "decided by rules: 15\n", true);
	reload(&host,
		"allow any tcp\nallow any 17 3-3\n\nallow 11.0.0.0/8 udp 1\n deny 10.0.0.0/8\t17 2 # moved",
		false);
	send_udp(1, 0x0a000001, 2, XDP_DROP);
	send_udp(2, 0x0b000001, 1, XSLOT_NEXT);
	assert_status(&host, "allow any udp 3: 7 in line 2\n", true);
	assert_status(&host, "deny 10.0.0.0/8 udp 2: 6 in line 5\n", true);
	assert_status(&host, "allow 11.0.0.0/8 udp 1: 2 in line 4\n", true);
	assert_status(&host, "decided by rules: 18\n", true); /* "allow any udp 1" had 3 */
	reload(&host, "allow any udp 1\ndeny 10.0.0.0/8 udp 2\n", false);
	send_udp(1, 0x0b000001, 1, XSLOT_NEXT);
	assert_status(&host, "allow any udp 1: 1 in line 1\n", true);
	assert_status(&host, "deny 10.0.0.0/8 udp 2: 6 in line 2\n", true);
	assert_status(&host, "allow any udp 3", false);
	assert_status(&host, "decided by rules: 19\n", true);
	reload(&host, "", false); /* no rule is left, and none of what they decided is lost */
	assert_status(&host, "decided by rules: 19\n", true);
	reload(&host, "allow any udp 1\n", false);
	send_udp(2, 0x0b000001, 1, XSLOT_NEXT);
	assert_status(&host, "allow any udp 1: 2 in line 1\n", true);
	assert_status(&host, "decided by rules: 21\n", true);
	xslot_plugin.stop(&host.context);
}

/* No room for one more counter: the rule decides all the same, and status says that it was not counted. */
static void test_full_table(void **arg)
{
	uint64_t *values = calloc((size_t)libbpf_num_possible_cpus(), sizeof(*values));
	struct acl_host host;
	int fd;

	use_policy(ACL_ALLOW);
	fd = bpf_object__find_map_fd_by_name(object, "hits");
	reload(&host, "deny any udp 1\n", true);
	assert_non_null(values);
	values[libbpf_num_possible_cpus() - 1] = 1;
	for (uint64_t key = 1; key <= HITS_ROOM; key++)
		assert_int_equal(bpf_map_update_elem(fd, &key, values, BPF_NOEXIST), 0);
	free(values);
	send_udp(3, 0x0a000001, 1, XDP_DROP);
	assert_status(&host, "hits without a counter: 3\n", true);
	assert_status(&host, "decided by rules: 6003\n", true);
	reload(&host, "deny any udp 1\n", false); /* the sum finds room by itself */
	assert_status(&host, "decided by rules: 6003\n", true);
	send_udp(2, 0x0a000001, 1, XDP_DROP);
	assert_status(&host, "deny any udp 1: 2 in line 1\n", true);
	assert_status(&host, "hits without a counter: 3\n", true);
	xslot_plugin.stop(&host.context);
}

/* The longest list there may be: all are asked, in order, and the policy after them. */
static void test_longest_list(void **arg)
{
	struct acl_host host;
	char text[8192];
	size_t n = 0;

	for (unsigned i = 0; i < 32; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "allow any udp %u\n", i);
	for (unsigned i = 32; i < ACL_MAX_EFFECTIVE; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "allow 10.0.0.0/8 udp %u\n", i);
	use_policy(ACL_DENY);
	reload(&host, text, true);
	for (unsigned i = 0; i < ACL_MAX_EFFECTIVE; i++)
		send_udp(1, 0x0a000001, (uint16_t)i, XSLOT_NEXT);
	send_udp(1, 0x0a000001, ACL_MAX_EFFECTIVE, XDP_DROP);
	send_udp(1, 0x0b000001, 31, XSLOT_NEXT);
	send_udp(1, 0x0b000001, 32, XDP_DROP);
	xslot_plugin.stop(&host.context);
}

/* 100,000 hosts, every second one allowed, all below one prefix that is denied. */
static void test_many(void **arg)
{
	const unsigned n_rules = 100000;
	size_t size = (n_rules + 1) * 32, n = 0;
	char *text = malloc(size);
	struct acl_host host;

	assert_non_null(text);
	n += (size_t)snprintf(text, size, "deny 10.0.0.0/8\n");
	for (unsigned i = 0; i < n_rules; i++)
		n += (size_t)snprintf(text + n, size - n, "%s 10.%u.%u.%u udp\n", i % 2 ? "allow" : "deny",
			i >> 16, i >> 8 & 255, i & 255);
	use_policy(ACL_ALLOW);
	reload(&host, text, true);
	for (unsigned i = 0; i < n_rules; i += 331)
		send_udp(1, 0x0a000000 + i, 7, i % 2 ? XSLOT_NEXT : XDP_DROP);
	send_udp(1, 0x0a000000 + n_rules, 7, XDP_DROP);
	send_udp(1, 0x0b000000, 7, XSLOT_NEXT);
	assert_status(&host, "rules: 100001\n", true);
	assert_status(&host, "decided by rules: 304\n", true);
	xslot_plugin.stop(&host.context);
	free(text);
}

/* What the host does with the parameter. */
static void set_policy(struct bpf_object *opened, uint32_t policy)
{
	struct btf *btf = bpf_object__btf(opened);
	const struct btf_type *section =
		btf__type_by_id(btf, (uint32_t)btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC));
	const struct btf_var_secinfo *variable = btf_var_secinfos(section);
	struct bpf_map *rodata = bpf_object__find_map_by_name(opened, ".rodata");
	size_t size;
	uint8_t *bytes = (uint8_t *)bpf_map__initial_value(rodata, &size);
	bool found = false;

	assert_non_null(bytes);
	for (unsigned i = 0; i < btf_vlen(section); i++, variable++) {
		if (strcmp(btf__name_by_offset(btf, btf__type_by_id(btf, variable->type)->name_off),
			    "policy"))
			continue;
		memcpy(bytes + variable->offset, &policy, sizeof(policy));
		found = true;
	}
	assert_true(found);
}

static int load(void **arg)
{
	for (unsigned policy = 0; policy < 2; policy++) {
		objects[policy] = bpf_object__open_mem(acl_bpf, sizeof(acl_bpf), NULL);
		assert_non_null(objects[policy]);
		set_policy(objects[policy], policy);
		bpf_map__set_max_entries(bpf_object__find_map_by_name(objects[policy], "hits"), HITS_ROOM);
		assert_int_equal(bpf_object__load(objects[policy]), 0);
	}
	return 0;
}

static int unload(void **arg)
{
	bpf_object__close(objects[0]);
	bpf_object__close(objects[1]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oracle),
		cmocka_unit_test(test_hits),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_longest_list),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("acl", tests, load, unload);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* xslot-test's packets from text. The bytes are those that scapy gives for the same headers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "tools/xslot-test/packet.h"

static const struct {
	const char *text, *hex;
} good[] = {
	{ "ip 192.0.2.1 > 198.51.100.2 / tcp 1234 > 80 syn ack seq 1 acked 7 / \"GET\"",
		"02000000000202000000000108004500002b0000000040068e96c0000201c633640204d20050000000010000"
		"00075012ffff23290000474554" },
	{ "ad 5 / vlan 6 prio 3 / ip 2001:db8::1 > 2001:db8::2 / udp 1 > 2 / \"hello\"",
		"02000000000202000000000188a800058100600686dd60000000000d114020010db800000000000000000000"
		"000120010db800000000000000000000000200010002000d608a68656c6c6f" },
	{ "ip 2001:db8::1 > 2001:db8::2 ttl 3 / icmp6 128 / \"x\"",
		"02000000000202000000000186dd6000000000093a0320010db800000000000000000000000120010db80000"
		"000000000000000000028000ac460000000078" },
	{ "ip 192.0.2.1 > 198.51.100.2 / ip 10.0.0.1 > 10.0.0.2 / udp 1 > 2",
		"0200000000020200000000010800450000300000000040048e93c0000201c63364024500001c000000004011"
		"66cf0a0000010a000002000100020008ebd8" },
	{ "ip 192.0.2.1 > 198.51.100.2 id 9 more / udp 1 > 2 / zeros 8",
		"0200000000020200000000010800450000240009200040116e89c0000201c633640200010002001000000000"
		"000000000000" },
	{ "ip 192.0.2.1 > 198.51.100.2 offset 24 proto 17 / zeros 8",
		"02000000000202000000000108004500001c0000000340118e97c0000201c63364020000000000000000" },
	{ "ip 192.0.2.1 > 198.51.100.2 tos 8 df options 4 / icmp 8 code 1",
		"0200000000020200000000010800460800200000400040014b9cc0000201c6336402010101010801f7fe0000"
		"0000" },
	{ "eth 02:00:00:00:00:07 > ff:ff:ff:ff:ff:ff / arp 192.0.2.1 > 192.0.2.2",
		"ffffffffffff02000000000708060001080006040001020000000001c0000201000000000000c0000202" },
	{ "ip 2001:db8::1 > 2001:db8::2 / frag offset 24 more id 5",
		"02000000000202000000000186dd6000000000082c4020010db800000000000000000000000120010db80000"
		"000000000000000000023b00001900000005" },
	{ "ip 192.0.2.1 > 192.0.2.2 / pad 60 / cut 20", "0200000000020200000000010800450000140000" },
	{ "hex 0102 ff / \"a\\x00\\n\\\"/\"", "0102ff61000a222f" },
	{ "eth type 0x86dd", "02000000000202000000000186dd" },
};

static void test_packets(void **state)
{
	static struct packet packet;
	struct xslot_diag diag = {};
	char hex[2 * 256 + 1];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (packet_parse(good[i].text, &packet, &diag) < 0)
			fail_msg("%s: %s", good[i].text, diag.message);
		assert_in_range(packet.size, 1, 256);
		for (size_t j = 0; j < packet.size; j++)
			sprintf(hex + 2 * j, "%02x", packet.bytes[j]);
		if (strcmp(hex, good[i].hex) != 0)
			fail_msg("%s:\n%s, should be\n%s", good[i].text, hex, good[i].hex);
	}
}

static void test_what_makes_no_sense(void **state)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
		{ "", "nothing between" },
		{ "ip 192.0.2.1 > 192.0.2.2 / / udp 1 > 2", "nothing between" },
		{ "sctpp 1 > 2", "there is no header \"sctpp\"; the headers are: eth vlan" },
		{ "udp 1 > 2", "belongs after IP" },
		{ "ip 192.0.2.1", "ip needs SOURCE > DESTINATION" },
		{ "ip 192.0.2.1 > 192.0.2.300", "\"192.0.2.300\" is not an IPv4 address" },
		{ "ip 2001:db8::1 > 2001:db8::2 df", "are for IPv4" },
		{ "ip 192.0.2.1 > 192.0.2.2 ttl 256", "ttl is \"256\", not a number up to 255" },
		{ "ip 192.0.2.1 > 192.0.2.2 ttl", "ttl is missing" },
		{ "ip 192.0.2.1 > 192.0.2.2 hops 3", "\"hops\" is unknown here" },
		{ "ip 192.0.2.1 > 192.0.2.2 / tcp 1", "tcp needs PORT > PORT" },
		{ "vlan 4096", "not a number up to 4095" },
		{ "eth 02:00:00:00:00 > 02:00:00:00:00:01", "not a MAC address" },
		{ "vlan 1 / eth", "eth can only come first" },
		{ "hex 012", "pairs of hex digits" },
		{ "zeros 16380", "more than 16384 bytes" },
		{ "\"a", "a text ends with" },
		{ "\"\\q\"", "is followed by none of" },
		{ "vlan 1/vlan 2/vlan 3/vlan 4/vlan 5/vlan 6/vlan 7/vlan 8/vlan 9/vlan 10/vlan 11/vlan "
		  "12/vlan 13/"
		  "vlan 14/vlan 15",
			"more than 15 headers" },
	};
	static struct packet packet;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct xslot_diag diag = {};

		assert_int_equal(packet_parse(bad[i].text, &packet, &diag), -EINVAL);
		if (!strstr(diag.message, bad[i].words))
			fail_msg("\"%s\" does not say \"%s\"", diag.message, bad[i].words);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_what_makes_no_sense),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}

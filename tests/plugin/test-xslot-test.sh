#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# test-xslot-test.sh XSLOT-TEST PLUGINS METADATA WRECK: what xslot-test does with good and bad files, by its output and exit
# code. METADATA: metadata.bpf.c, built; WRECK: the plugin that crashes where it is told to.
set -u
tool=$1 plugins=$2 metadata=$3 wreck=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
number=0

# check NAME CODE COMMAND…: the exit code is CODE, and stdout is what this function reads; "*" at a line's end: whatever.
check() {
	local name=$1 code=$2 got
	shift 2
	"$@" >out 2>err
	got=$?
	cat >expected
	number=$((number + 1))
	if [ $got = "$code" ] && matches <out; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		{ echo "exit code $got, not $code"; diff expected out; cat err; } | sed 's/^/# /'
	fi
}

matches() {
	local line wanted
	while read -r wanted <&3; do
		read -r line || return 1
		# shellcheck disable=SC2053
		[[ $line == $wanted ]] || return 1
	done 3<expected
	! read -r line
}

run() { "$tool" --plugin-path "$plugins" "$@" | sed '/^# metadata before/d'; return "${PIPESTATUS[0]}"; }
# Without the lines that each run begins with.
results() { run "$@" | sed 1,2d; return "${PIPESTATUS[0]}"; }
says() { run "$@" 2>&1 >/dev/null; }

echo 1..29
cat >good.test <<'END'
test nothing is lost
plugin count
packet arp 192.0.2.1 > 192.0.2.2
	next
status
	arp: * packets, 42 bytes
END
check "what is as expected is ok" 0 run good.test <<'END'
1..1
# plugins run as XDP programs, one slot after the other: no dispatcher, no interface
ok 1 - nothing is lost
END

sed 's/next/drop/; /arp:/d' good.test >wrong.test
check "what differs is shown, expected and found" 1 results wrong.test <<'END'
not ok 1 - nothing is lost
# wrong.test:3: packet arp 192.0.2.1 > 192.0.2.2
#   - drop
#   + next
# wrong.test:5: status
#   + arp: 1 packets, 42 bytes
END
printf '\n# a comment\n\ntest another\nplugin count\npacket arp 192.0.2.1 > 192.0.2.2\n\tnext\n' >>wrong.test
check "--update accepts it" 0 results --update wrong.test <<'END'
ok 1 - nothing is lost (updated)
ok 2 - another
END
check "… and keeps all the rest" 0 cat wrong.test <<'END'
test nothing is lost
plugin count
packet arp 192.0.2.1 > 192.0.2.2
next
status
arp: 1 packets, 42 bytes

# a comment

test another
plugin count
packet arp 192.0.2.1 > 192.0.2.2
next
END
check "an expectation that stands keeps its words" 0 run --print good.test <good.test <<'END'
test nothing is lost
plugin count
packet arp 192.0.2.1 > 192.0.2.2
next
status
arp: [*] packets, 42 bytes
END

cat >chain.ini <<'END'
[chain edge]
interfaces = eth0
final = drop
[slot edge.5]
plugin = count
[slot edge.7]
plugin = ratelimit
unit = bytes
rate = 1
burst = 128
END
cat >chain.test <<'END'
test a chain decides slot by slot
chain chain.ini edge
packets 3 ip 192.0.2.1 > 192.0.2.2 / pad 64
	2 drop, the chain's final, 1 drop by 7
status 5
	protocol-253: 3 packets, 192 bytes
map totals 7
	0: {passed 2, dropped 1, untracked 0}
END
check "a whole chain, with its final" 0 results chain.test <<'END'
ok 1 - a chain decides slot by slot
END

# Three frames: two of ARP, one cut-off IPv4.
{
	printf '\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0'
	for type in '\x08\x06' '\x08\x06' '\x08\0'; do
		printf '\0\0\0\0\0\0\0\0\x0f\0\0\0\x0f\0\0\0\x02\0\0\0\0\x02\x02\0\0\0\0\x01'"$type"'E'
	done
} >three.pcap
printf 'test frames of a capture\nplugin count\npcap three.pcap\n\t1 to 3: next\nstatus\n\tarp: 2 packets, 30 bytes\n\tother: 1 packets, 15 bytes\n' >pcap.test
check "packets from a pcap file" 0 results pcap.test <<'END'
ok 1 - frames of a capture
END

slot() { printf 'plugin object\n\tobject = %s\n\tprogram = %s\n\tproceed_on = pass\n' "$metadata" "$1"; }
packet='packet ip 192.0.2.1 > 198.51.100.1 / udp 1 > 2'
{
	printf 'test metadata goes from slot to slot\n'
	slot say
	printf '%s\n\tnext\n\tmetadata: 2a 00 00 00\n' "$packet"
	slot say && slot hear
	printf '%s\n\tdrop by 20\n\tmetadata: 2a 00 00 00\n' "$packet"
	slot hear
	printf '%s\n\tnext\n' "$packet"
} >metadata.test
if "$tool" --plugin-path "$plugins" good.test | grep -q '^# metadata before'; then
	number=$((number + 1))
	echo "ok $number - metadata # SKIP needs Linux 5.14"
else
	check "metadata goes from slot to slot, and is shown" 0 results metadata.test <<'END'
ok 1 - metadata goes from slot to slot
END
fi

jumbo='packet ip 192.0.2.1 > 192.0.2.2 / udp 1 > 2 / zeros 8972'
printf '[chain edge]\ninterfaces = eth0\nfrags = %s\n[slot edge.5]\nplugin = count\n' yes >jumbo.ini
printf 'test several buffers\nchain jumbo.ini edge\n%s\n\tpass, *\nstatus\n\tudp: 1 packets, 9014 bytes\n' "$jumbo" >jumbo.test
if printf 'test x\nplugin count\n%s\n' "$jumbo" | says --print - | grep -q 'frags = yes'; then
	check "a packet in several buffers goes through a chain that takes it" 0 results jumbo.test <<'END'
ok 1 - several buffers
END
	sed -i 's/yes/no/' jumbo.ini
	check "… and is refused by one that does not" 1 results jumbo.test <<'END'
not ok 1 - several buffers
# jumbo.test:3: a packet of 9014 bytes is in several buffers, * bytes in the first: only a chain with "frags = yes" takes such a packet
END
else
	for name in "a packet in several buffers" "… refused"; do
		number=$((number + 1))
		echo "ok $number - $name # SKIP needs Linux 5.18"
	done
fi

printf 'test refused\nplugin count\n\tlimit = 1\npacket arp 192.0.2.1 > 192.0.2.2\n\tnext\n' >refused.test
check "a refusal that nobody expects fails the test" 1 results refused.test <<'END'
not ok 1 - refused
# refused.test:4: the configuration above is refused: plugin count has no parameter limit; it takes none
END
printf 'test accepted\nplugin count\nrefused\n\tplugin count *\n' >accepted.test
check "… and so does one that does not come" 1 results accepted.test <<'END'
not ok 1 - accepted
# accepted.test:3: refused
#   - plugin count [*]
#   + no, it was accepted
END
printf 'test bad packet\nplugin count\npacket ip 192.0.2.1 > 2001:db8::1\n' >packet.test
check "a packet that makes no sense fails the test" 1 results packet.test <<'END'
not ok 1 - bad packet
# packet.test:3: ip: "2001:db8::1" is not an IPv4 address
END
printf 'tests x\n' >syntax.test
check "a file that is not well-formed: 78" 78 says syntax.test <<'END'
xslot-test: syntax.test:1: "tests" is not a command; the commands are: test, file, build, plugin, chain, packet, packets, pcap, map, status, call, log, refused
END
check "usage: 2" 2 says --frobnicate <<'END'
xslot-test: --frobnicate is not an option, or takes no value; `xslot-test --help` lists them
END
check "--bench gives a time for each packet" 0 run --bench good.test <<'END'
# good.test:3: count [0-9]*, [0-9]* ns in all
END
check "without permission: 77, and the reason" 77 setpriv --bounding-set -all "$tool" --plugin-path "$plugins" good.test <<'END'
1..0 # SKIP this process lacks *
END
printf 'test changed\nplugin shorter\npacket vlan 7 / ip 192.0.2.1 > 192.0.2.2\n' >shorter.test
check "a plugin that is not there fails the test, and is named" 1 results shorter.test <<'END'
not ok 1 - changed
# shorter.test:3: the configuration above is refused: there is no plugin shorter: no file shorter.so in *
END

# A program that reads beyond the packet, and what the verifier says of it.
cat >beyond.bpf.c <<'END'
#include <linux/bpf.h>
__attribute__((section("xdp"), used)) int beyond(struct xdp_md *ctx)
{
	return *(volatile char *)(long)ctx->data_end;
}
char LICENSE[] __attribute__((section("license"))) = "GPL";
END
clang -g -O2 -target bpf -idirafter "/usr/include/$(uname -m)-linux-gnu" -c beyond.bpf.c -o beyond.bpf.o
printf 'test it is refused\nplugin object\n\tobject = %s\nrefused\n\t*\n' "$work/beyond.bpf.o" >beyond.test
words() { says "$@" | grep -c "verifier's log:\|^processed .* insns"; }
check "-v shows the verifier's log" 0 words -v beyond.test <<'END'
2
END
check "… and nobody else does" 1 words beyond.test <<'END'
0
END

# Two builds of one plugin, whose state is laid out differently: the second one migrates it.
cat >builds.test <<'END'
test an upgrade, and back
build ${BUILDS}/ledger-v1.so
plugin ledger
packets 3 arp 192.0.2.1 > 192.0.2.2
	3 next
build ${BUILDS}/ledger-v2.so
plugin ledger
packets 2 arp 192.0.2.1 > 192.0.2.2
	2 next
status
	packets: 5
	chain: test, mode 0, frags 0: test
	late: 0
map accounts
	*bytes*
build ${BUILDS}/ledger-v1.so
plugin ledger
packet arp 192.0.2.1 > 192.0.2.2
	next
status
	packets: 6
	chain: test, mode 0, frags 0: test
	late: 0
test another plugin's file
build ${BUILDS}/stamp-v1.so
plugin ledger
refused
	.builds/ledger.so holds the plugin "stamp": its file must be called stamp.so
END
check "two builds of a plugin" 0 results -D "BUILDS=${wreck%/*}" builds.test <<'END'
ok 1 - an upgrade, and back
ok 2 - another plugin's file
END
printf 'test nobody takes it\nbuild %s\n' "$wreck" >unused.test
check "a build without a plugin" 1 results unused.test <<'END'
not ok 1 - nobody takes it
# unused.test:2: a build needs a plugin line below it, with the plugin's name
END
printf 'test none\nbuild none.so\nplugin ledger\npacket arp 192.0.2.1 > 192.0.2.2\n' >none.test
check "a build that is not there" 1 results none.test <<'END'
not ok 1 - none
# none.test:2: cannot find the build none.so: No such file or directory
END

# Who crashed, behind what was found out before. A sanitizer's exit status is another than that of the signal.
mkdir broken && cp "$wreck" broken/wreck.so && chmod 644 broken/wreck.so
crash() { # CALLBACK HOW [COMMAND]
	printf 'test before\nplugin wreck\npacket arp 192.0.2.1 > 192.0.2.2\n\tnext\ntest it crashes\nplugin wreck\n\tcrash = %s\n\thow = %s\npacket arp 192.0.2.1 > 192.0.2.2\n\tnext\n%s' "$1" "$2" "${3-}" >crash.test
	"$tool" --plugin-path broken crash.test | sed '/^# metadata before/d' | sed 1,2d
	[ "${PIPESTATUS[0]}" != 0 ]
}
crashed() { # CALLBACK HOW WORDS [COMMAND]
	check "a plugin's $1 that crashes ($2) is named" 0 crash "$1" "$2" "${4-}" <<END
ok 1 - before
${5-}Bail out! test.10: plugin wreck: its $1 $3
END
}
crashed check crash 'crashed (SIGABRT)'
crashed start exit 'ended the process: it called exit()'
crashed live crash 'crashed (SIGABRT)'
crashed check _exit 'ended the process: it called _exit()'
crashed status crash 'crashed (SIGABRT)' 'status
	ticks: 0
'
crashed stop crash 'crashed (SIGABRT)' '' 'ok 2 - it crashes
'

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# test-debuggers.sh XSLOT-TEST PLUGINS TEST-MODULE: gdb stops in a plugin's function and names it; in xslot-test, which maps the
# plugin's file, and in a program that maps a private copy, as xslotd does.
set -u
tool=$1 plugins=$2 copies=$3
if ! command -v gdb >/dev/null; then
	echo "1..0 # SKIP NOT TESTED: no gdb here; tools/packages lists it"
	exit
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 # which cannot be under a debugger
number=0

# names NAME FUNCTION PLACE COMMAND…: gdb stops COMMAND at PLACE, and the innermost frame is FUNCTION there.
names() {
	local name=$1 function=$2 place=$3
	shift 3
	number=$((number + 1))
	if timeout -s KILL 60 gdb -q -nx -batch -ex 'set breakpoint pending on' -ex "break $place:$function" -ex run -ex bt -ex delete -ex continue \
		--args "$@" >out 2>&1 </dev/null && grep -Eq "^#0 +(0x[0-9a-f]+ in )?$function \(.*$place:[0-9]+" out; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' out
	fi
}

echo 1..2
cat >count.test <<'END'
test count
plugin count
packet arp 192.0.2.1 > 192.0.2.2
	next
status
	arp: 1 packets, 42 bytes
END
names "a plugin's file" status count.c "$tool" --plugin-path "$plugins" count.test
names "a private copy" number sample.c "$copies"

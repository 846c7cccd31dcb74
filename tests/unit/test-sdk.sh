#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# test-sdk.sh SOURCE BUILD XSLOTCTL: install xslot, build the example of xslot-plugin(7) as the page says, and have it described.
set -eu
source=$1 build=$2 xslotctl=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 1..6

# The page's first examples: the C file, the BPF file, a new plugin, the commands by hand.
awk -v work="$work" '
	/^\.Bd -literal/ { n++; inside = 1; next }
	/^\.Ed/ { inside = 0 }
	inside && n <= 4 { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print >(work "/example" n) }
' "$source/core/include/xslot-plugin.7"
cd "$work"
mv example1 sample.c
mv example2 sample.bpf.c

DESTDIR="$work/root" meson install -C "$build" --no-rebuild --quiet
pc=$(find "$work/root" -name xslot-plugin.pc)
prefix=$work/root$(sed -n 's/^prefix=//p' "$pc")
mkdir bin
cat >bin/pkg-config <<END
#!/bin/sh
PKG_CONFIG_PATH=${pc%/*} exec $(command -v pkg-config) --define-variable=prefix=$prefix "\$@"
END
chmod +x bin/pkg-config

if PATH="$work/bin:$PATH:/usr/sbin" sh -eu example4 >log 2>&1; then
	echo "ok 1 - the example builds"
else
	sed 's/^/# /' log
	echo "not ok 1 - the example builds"
fi
if "$xslotctl" plugin info "$work/sample.so" >log 2>&1 && grep -q 'uint 1 to 65536' log; then
	echo "ok 2 - the host understands it"
else
	sed 's/^/# /' log
	echo "not ok 2 - the host understands it"
fi
if "$prefix/bin/xslotctl" plugin info "$work/sample.so" >log 2>&1 && grep -q 'uint 1 to 65536' log; then
	echo "ok 3 - so does the installed xslotctl"
else
	sed 's/^/# /' log
	echo "not ok 3 - so does the installed xslotctl"
fi
ok="ok 5 - each installed header is C++20 without a warning"
for header in "$prefix"/include/xslot/*.h; do
	case $header in *.bpf.h) continue ;; esac
	echo "#include <xslot/${header##*/}>" | g++ -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I"$prefix/include" -x c++ - >log 2>&1 ||
		{ sed 's/^/# /' log; ok="not $ok"; }
done
cp "$prefix/bin/xslotctl" bin
if ! bin/xslotctl plugin info "$work/sample.so" >log 2>&1 && grep -q 'cannot run .*xslotctl-local, .*install them together' log; then
	echo "ok 4 - a copy of it alone says what is missing"
else
	sed 's/^/# /' log
	echo "not ok 4 - a copy of it alone says what is missing"
fi
echo "$ok"
private="$(grep -rlE 'struct xslot_(state|generation|counters)|XSLOT_(STATE_LAYOUT|DISPATCHER_VERSION)' "$prefix/include" || true)"
if [ -z "$private" ]; then
	echo "ok 6 - what only dispatcher and host share is not installed"
else
	echo "# $private"
	echo "not ok 6 - what only dispatcher and host share is not installed"
fi

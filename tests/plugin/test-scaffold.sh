#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# test-scaffold.sh BUILD: install xslot, and with nothing else, in a bare folder, make new plugins, build, test and install them.
set -eu
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
echo 1..21

DESTDIR="$work/root" meson install -C "$build" --no-rebuild --quiet
pc=$(find "$work/root" -name xslot-plugin.pc)
prefix=$work/root$(sed -n 's/^prefix=//p' "$pc")
# What would be there without DESTDIR: the programs, and pkg-config's idea of where things are.
cat >"$prefix/bin/pkg-config" <<END
#!/bin/sh
PKG_CONFIG_PATH=${pc%/*} exec $(command -v pkg-config) --define-variable=prefix=$prefix "\$@"
END
chmod +x "$prefix/bin/pkg-config"
export PATH="$prefix/bin:$PATH" PKG_CONFIG="$prefix/bin/pkg-config" LD_LIBRARY_PATH="${pc%/pkgconfig/*}"
number=0

# check NAME COMMAND…
check() {
	name=$1
	shift
	number=$((number + 1))
	if ("$@") >"$work/log" 2>&1 </dev/null; then
		echo "ok $number - $name"
	else
		sed 's/^/# /' "$work/log"
		echo "not ok $number - $name"
	fi
}

strict='-O2 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers'

with_meson() {
	xslotctl plugin new one && cd one && meson setup build --prefix="$prefix" --fatal-meson-warnings -Dwerror=true &&
		ninja -C build && meson test -C build --print-errorlogs
}

with_make() {
	xslotctl plugin new two nested --make && cd nested && make CFLAGS="$strict" &&
		make test
}

cd "$work"
mkdir bare
cd bare
check "a new plugin builds with meson and passes its test" with_meson
check "… with make too" with_make
check "nothing in them is ours: no name, no licence" sh -c \
	'! grep -ri scaffold --exclude-dir=build one nested && ! grep -r SPDX --exclude-dir=build --exclude='*.bpf.h' one nested'
check "they install where xslotd looks" sh -c \
	"DESTDIR=$work/root2 meson install -C one/build && make -C nested install DESTDIR=$work/root2 &&
	 [ \$(find $work/root2 -path '*/xslot/plugins/*.so' | wc -l) = 2 ]"
check "the host knows them" sh -c \
	"xslotctl plugin info ./nested/two.so | grep 'uint 0 to 65535' && xslotctl plugin info ./one/build/one.so"
check "nobody's file is written over" sh -c \
	'echo mine >nested/two.c && ! xslotctl plugin new two nested && [ "$(cat nested/two.c)" = mine ]'
for_bpf() {
	xslotctl plugin new bpf --make && make -C bpf CFLAGS="$strict"
}

check "a plugin may be called as a header of the kernel's is" for_bpf
template_with_meson() {
	xslotctl plugin new --template="$1" "new_$1" && cd "new_$1" && ! [ -e Makefile ] &&
		meson setup build --prefix="$prefix" --fatal-meson-warnings -Dwerror=true && ninja -C build &&
		meson test -C build --print-errorlogs
}

template_with_make() {
	xslotctl plugin new --make "--template=$1" "make_$1" && cd "make_$1" && ! [ -e meson.build ] &&
		make CFLAGS="$strict" CXXFLAGS="$strict" && make test
}

for template in minimal state tables cxx; do
	check "template $template builds with meson and passes its test" template_with_meson $template
	check "… with make too" template_with_make $template
done
check "counter is the usual one" sh -c \
	'xslotctl plugin new --template=counter one again && diff -r -x build one again'
completes() {
	bash -c '. "$0"; compopt() { :; }; COMP_WORDS=(xslotctl plugin new --template = "$1"); COMP_CWORD=5; _xslotctl; echo "${COMPREPLY[*]}"' \
		"$prefix/share/bash-completion/completions/xslotctl" "$1"
}

check "the shell completes them" sh -c "[ '$(completes "")' = 'minimal counter state tables cxx' ] && [ '$(completes ta)' = tables ]"
check "a template that does not exist is refused, with those that do" sh -c \
	'xslotctl plugin new --template=c++ x 2>&1 | grep "the templates are minimal, counter, state, tables and cxx" && ! [ -e x ]'
with_vmlinux() {
	xslotctl plugin new kernel --make && cd kernel &&
		PATH="$PATH:/usr/sbin" bpftool btf dump file /sys/kernel/btf/vmlinux format c >vmlinux.h &&
		sed -i '1i #include "vmlinux.h"\n' kernel.bpf.c && make && make test
}

check "a plugin may use a vmlinux.h, and passes its test" with_vmlinux
check "names that would not compile are refused" sh -c \
	'for name in license xdp asm printf memcpy while; do xslotctl plugin new $name; [ $? = 2 ] && ! [ -e $name ] || exit 1; done'
check "the page that plugin info names is installed" sh -c \
	"page=\$(xslotctl plugin info --plugin-path '$(dirname "$(find "$work/root" -name acl.so)")' acl | grep -o '/[^ ]*README.md') && test -s '$work/root'\$page"

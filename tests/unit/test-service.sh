#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# test-service.sh UNIT DROP-IN: the systemd unit as it is built. systemd-analyze reads it where there is one; what becomes of
# it under systemd is tests/service's.
set -u
unit=$1 drop_in=$2
echo 1..5

has() { # KEY VALUE-PATTERN: exactly one such line
	[ "$(grep -cE "^$1=$2$" "$unit")" = 1 ] || { echo "# no, or more than one, $1=$2"; return 1; }
}
report() {
	[ "$2" = 0 ] && echo "ok $1 - $3" || echo "not ok $1 - $3"
}

has Type notify && has WatchdogSec '[0-9]+s' && has Restart on-failure && has RestartPreventExitStatus 78 &&
	has RuntimeDirectory xslot && has StateDirectory xslot && has StateDirectoryMode 0700 &&
	has ExecReload '/.*/xslotctl reload' && has LimitNOFILE 524288
report 1 $? "what the host relies on"

# A check that fails must not keep the host from what runs.
has ExecStart '/.*/xslotd \$XSLOTD_OPTIONS -c /.*' && has ExecStartPre '-/.*/xslotd \$XSLOTD_OPTIONS -c /.* --check'
report 2 $? "the check holds no start up"

has CapabilityBoundingSet 'CAP_BPF CAP_NET_ADMIN CAP_PERFMON' && has NoNewPrivileges yes && has SupplementaryGroups xslot &&
	has Environment XSLOTD_OPTIONS=
report 3 $? "three capabilities, and the group's membership in place of a fourth"

# Of its options each has to be one that the host knows, and given in the bounding set, too.
unit=$drop_in
has Environment XSLOTD_OPTIONS=--keep-capabilities=sys_admin,sys_ptrace &&
	has CapabilityBoundingSet 'CAP_SYS_ADMIN CAP_SYS_PTRACE'
report 4 $? "the drop-in asks for what it allows"
unit=$1

if ! command -v systemd-analyze >/dev/null; then
	echo "ok 5 - systemd reads it # SKIP systemd-analyze is not installed"
	exit
fi
directory=$(mktemp -d)
trap 'rm -r "$directory"' EXIT
# It wants programs that are there.
sed -E 's#^(Exec[A-Za-z]+=-?)/[^ ]*#\1/bin/true#' "$unit" >"$directory/xslotd.service"
mkdir "$directory/xslotd.service.d"
cp "$drop_in" "$directory/xslotd.service.d/"
said=$(systemd-analyze verify --man=no "$directory/xslotd.service" 2>&1 | grep -F xslotd.service)
[ -z "$said" ] || echo "# $said"
[ -z "$said" ]
report 5 $? "systemd reads it"

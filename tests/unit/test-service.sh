#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# test-service.sh UNIT: the systemd unit as it is built. systemd-analyze reads it where there is one.
set -u
unit=$1
echo 1..3

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
has ExecStart '/.*/xslotd -c /.*' && has ExecStartPre '-/.*/xslotd -c /.* --check'
report 2 $? "the check holds no start up"

if ! command -v systemd-analyze >/dev/null; then
	echo "ok 3 - systemd reads it # SKIP systemd-analyze is not installed"
	exit
fi
directory=$(mktemp -d)
trap 'rm -r "$directory"' EXIT
# It wants programs that are there.
sed -E 's#^(Exec[A-Za-z]+=-?)/[^ ]*#\1/bin/true#' "$unit" >"$directory/xslotd.service"
said=$(systemd-analyze verify --man=no "$directory/xslotd.service" 2>&1 | grep -F xslotd.service)
[ -z "$said" ] || echo "# $said"
[ -z "$said" ]
report 3 $? "systemd reads it"

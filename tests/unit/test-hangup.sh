#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# test-hangup.sh XSLOTD HANGUP.SO: a SIGHUP that comes before the host can hear it does not kill it.
set -u
xslotd=$1 preload=$2
echo 1..2

early() { # COMMAND...: with that signal, also under nohup; a sanitizer wants to be the first that is loaded
	env --default-signal=HUP LD_PRELOAD="$preload" ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 "$@" 2>&1
}

early /bin/true
[ $? = 129 ] && echo "ok 1 - it kills another program" || echo "not ok 1 - it kills another program"

said=$(early "$xslotd" --version)
if [ $? = 0 ] && [[ $said == xslotd\ * ]]; then
	echo "ok 2 - the host lives"
else
	echo "not ok 2 - the host lives"
	echo "# $said"
fi

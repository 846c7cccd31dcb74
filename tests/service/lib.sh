# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# lib.sh: what a scene has: `ok` and its words, one link with a peer to ping, the host as a service.
# shellcheck shell=bash
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root
ini=/etc/xslot/xslot.ini

# ok NAME COMMAND...: one test; what the command says is shown when it fails, and the end of the host's journal.
ok() {
	local name=$1 said count
	shift
	count=$(($(cat $kept/count 2>/dev/null || echo 0) + 1))
	echo $count >$kept/count
	if said=$("$@" 2>&1); then
		echo "ok $count - ${scene%.*}: $name"
		return
	fi
	echo "${scene%.*}: $name" >>$kept/failed
	{
		echo "not ok $count - ${scene%.*}: $name"
		echo "$*"
		echo "$said"
		journalctl --no-pager --quiet -o cat -n 25 -u xslotd
	} | sed '2,$s/^/# /'
}

play() {
	scene=$1
	# shellcheck disable=SC1090
	(. "./$scene") </dev/null || ok "runs to its end" false
}

kernel_is_quiet() {
	scene=kernel
	ok "no warning in its log ($boot boot)" not grep -E 'WARNING:|BUG: |kernel BUG at|Oops|refcount' <(dmesg | grep -vE 'BUG: (soft|workqueue) lockup')
}

not() { ! "$@"; }
prints() { # PATTERN COMMAND...: the command's output, whatever its status, has a line like this
	local pattern=$1 output
	shift
	output=$("$@" 2>&1)
	grep -qE -- "$pattern" <<<"$output" || { echo "$output"; return 1; }
}
exits() { # STATUS COMMAND...
	local wanted=$1 status=0
	shift
	"$@" || status=$?
	[ $status = "$wanted" ] || { echo "exit status $status, not $wanted"; return 1; }
}
soon() { # COMMAND...: within half a minute
	local i
	for i in $(seq 150); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.2
	done
	"$@"
}

of() { systemctl show -P "$1" xslotd; } # PROPERTY
is() { # PROPERTY VALUE
	[ "$(of "$1")" = "$2" ] || { echo "$1 is $(of "$1")"; return 1; }
}
pid() { of MainPID; }
is_another_process() { # PID: the host is up, and not that one
	local said # asked for at once: it may end between two questions
	said=$(systemctl show -p ActiveState -p SubState -p MainPID xslotd)
	[[ $said == *ActiveState=active* && $said == *SubState=running* && ! $said =~ MainPID=(0|$1)($'\n'|$) ]] || { echo "$said"; return 1; }
}
logged() { journalctl --no-pager --quiet -o cat -u xslotd | grep -qE -- "$1"; } # PATTERN

# veth0 here, with the address that the peer in the namespace `outside` pings.
make_link() {
	ip link show veth0 >/dev/null 2>&1 && return
	ip netns add outside
	ip link add veth0 type veth peer name veth1 netns outside
	ip address add 192.0.2.1/24 dev veth0
	ip -n outside address add 192.0.2.2/24 dev veth1
	ip link set veth0 up
	ip -n outside link set lo up
	ip -n outside link set veth1 up
}
reaches() { ip netns exec outside ping -qnc 2 -i 0.1 -W 2 192.0.2.1; }
xdp_id() { ip link show veth0 | grep -oE 'prog/xdp id [0-9]+' | grep -oE '[0-9]+'; }
runs_program() { # ID
	[ "$(xdp_id)" = "$1" ] || { echo "veth0 runs program $(xdp_id), not $1"; return 1; }
}
sees_packets() { # the chain counts what the peer sends
	local before after
	before=$(seen)
	reaches
	after=$(seen)
	[ "$after" -gt "$before" ] || { echo "$before packets before, $after after"; return 1; }
}
seen() { xslotctl --json status | tr -d ' \n' | grep -oE '"packets":[0-9]+' | head -1 | grep -oE '[0-9]+'; }

# write_ini [LINE...]: the configuration: one chain on veth0 with a slot that counts, and more lines.
write_ini() {
	mkdir -p "${ini%/*}"
	{
		printf '%s\n' '[chain edge]' 'interfaces = veth0' 'mode = native' '[slot edge.10]' 'plugin = count'
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$ini"
}

# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # DEMO, WORK and NOTE are those of tools/demo.sh and tests/vm/steps.sh
# Traffic between the tenants of the demo (tools/demo.sh), with several checks at a time, drop counters and captures.

UDP_PORTS="5201 5202 5203 5204"
TCP_PORTS="5211 5212 5213 5214"
CHECKS=() PIDS=() SERVERS=() CAPTURES=()

ip_in() {
	ip -n "$DEMO-$1" "${@:2}"
}

# exec_in HOST COMMAND...: as demo_exec, but the command replaces the process, so that its PID can be killed
exec_in() {
	exec nsenter --net="/run/netns/$DEMO-$1" "${@:2}"
}

# tenant FAMILY NUMBER
tenant() {
	[ "$1" = 4 ] && echo "10.9.0.$2" || echo "fd09::$2"
}

# start NAME COMMAND...: starts a check in the background
start() {
	local name=$1
	shift
	CHECKS+=("$name")
	"$@" >"$WORK/check-${#CHECKS[@]}" 2>&1 &
	PIDS+=($!)
}

# finish NAME: waits for the checks and succeeds if all passed. Shows the names and output of failed ones.
finish() {
	local i failed='' count=0
	for i in "${!CHECKS[@]}"; do
		wait "${PIDS[i]}" && continue
		failed+="${failed:+, }${CHECKS[i]}"
		count=$((count + 1))
		echo "--- ${CHECKS[i]}"
		tail -n 12 "$WORK/check-$((i + 1))"
	done
	[ "$count" != "${#CHECKS[@]}" ] || failed="every $1"
	CHECKS=() PIDS=()
	NOTE+=${failed:+${NOTE:+; }$failed}
	[ -z "$failed" ]
}

# check_ping FROM TO FAMILY SIZE OPTION...
check_ping() {
	local out
	out=$(demo_exec "c$1" ping -q -c 4 -i 0.1 -W 2 -s "$4" "${@:5}" "$(tenant "$3" "$2")")
	echo "$out"
	[[ $out == *" 0% packet loss"* ]]
}

# check_iperf PORT FAMILY KEY...: c1 is the client
check_iperf() {
	demo_exec c1 timeout -k 1 15 iperf3 -c "$(tenant "$2" 2)" -p "$1" --connect-timeout 5000 "${@:3}"
}

# check_udp PORT FAMILY KEY...: succeeds if all datagrams arrive, at a rate for slow machines
check_udp() {
	local out
	out=$(check_iperf "$@" -u -b 2M -n 60K -l 1200)
	echo "$out"
	grep -Eq ' 0/[1-9][0-9]* \(0%\) +receiver' <<<"$out"
}

# check_transfers NAME PORTS COMMAND...: runs COMMAND in both families and directions at once
check_transfers() {
	local name=$1 ports family
	read -ra ports <<<"$2"
	shift 2
	for family in 4 6; do
		start "$name$family c1-c2" "$1" "${ports[0]}" "$family" "${@:2}"
		start "$name$family c2-c1" "$1" "${ports[1]}" "$family" "${@:2}" -R
		ports=("${ports[@]:2}")
	done
	finish "$name"
}

servers_up() {
	local port
	for port in $UDP_PORTS $TCP_PORTS; do
		exec_in c2 taskset -c 0 iperf3 -s -p "$port" >/dev/null 2>&1 &
		SERVERS+=($!)
	done
}

servers_down() {
	kill "${SERVERS[@]}"
	wait "${SERVERS[@]}"
	SERVERS=()
}

# Restarts the servers: one that still waits for the rest of a transfer refuses the next.
servers_again() {
	servers_down
	servers_up
	sleep 1
}

# drops HOST: a line for each reason, NAME PACKETS
drops() {
	demo_xovl "$1" stats drop | awk '$2 ~ /^[0-9]+$/ { print $1, $2 }'
}

# check_drops HOST BEFORE
check_drops() {
	local dropped
	dropped=$(awk 'NR == FNR { before[$1] = $2; next } $2 > before[$1] { printf " %s %d", $1, $2 - before[$1] }' \
		<(echo "$2") <(drops "$1"))
	NOTE+=${dropped:+${NOTE:+; }dropped:$dropped}
	[ -z "$dropped" ]
}

# capture_start in|out HOST...: captures the packets that uplink0 of each host receives or sends
capture_start() {
	local host
	rm -f "$WORK"/*.pcap "$WORK"/*.tcpdump
	for host in "${@:2}"; do
		exec_in "$host" tcpdump -Z root -ni uplink0 -Q "$1" -s 128 -w "$WORK/$host.pcap" 2>"$WORK/$host.tcpdump" &
		CAPTURES+=($!)
	done
	for _ in $(seq 50); do
		[ "$(cat "$WORK"/*.tcpdump | grep -c listening)" != $(($# - 1)) ] || return 0
		sleep 0.1
	done
	cat "$WORK"/*.tcpdump
	return 1
}

capture_stop() {
	sleep 0.2
	kill "${CAPTURES[@]}"
	wait "${CAPTURES[@]}"
	CAPTURES=()
}

# Succeeds if tcpdump lost no packet
capture_is_whole() {
	cat "$WORK"/*.tcpdump
	! grep -q '^[1-9].* packets dropped by kernel' "$WORK"/*.tcpdump
}

# captured FILTER: the number of captured packets
captured() {
	local file count=0
	for file in "$WORK"/*.pcap; do
		count=$((count + $(tcpdump -nr "$file" --count "$1" 2>/dev/null | cut -d' ' -f1)))
	done
	echo "$count"
}

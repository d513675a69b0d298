# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2154 # ROOT is set in lib.sh
#
# The demo: two hosts joined by an IP network, with one tenant each. Each is a network namespace xovl-demo-NAME.
#
#   c1                 h1                       h2                 c2
#   eth0 ──────── tenant0  uplink0 ──────── uplink0  tenant0 ──────── eth0
#   10.9.0.1/24            192.0.2.1/24  192.0.2.2/24            10.9.0.2/24
#
# The tenants share network "blue" with VNI or GRE key 100. The MTU of the underlay is 1500, so the tenants use 1450.

DEMO=xovl-demo
XOVL=$ROOT/build/xovl

# demo_exec NAME COMMAND...: run a command in a network namespace. ip netns exec would also change the mounts and hide the pins.
demo_exec() {
	local where=$1
	shift
	nsenter --net="/run/netns/$DEMO-$where" "$@"
}

demo_xovl() {
	local where=$1
	shift
	"$XOVL" -n "$DEMO-$where" "$@"
}

demo_is_up() {
	ip netns list | grep -q "^$DEMO-"
}

# demo_join A DEV-A B DEV-B: make a veth pair between two namespaces
demo_join() {
	ip -n "$DEMO-$1" link add "$2" type veth peer name "$4" netns "$DEMO-$3"
	ip -n "$DEMO-$1" link set "$2" up
	ip -n "$DEMO-$3" link set "$4" up
}

demo_up() {
	local i
	for i in c1 c2 h1 h2; do
		ip netns add "$DEMO-$i"
		ip -n "$DEMO-$i" link set lo up
	done
	demo_join h1 uplink0 h2 uplink0
	for i in 1 2; do
		demo_join "h$i" tenant0 "c$i" eth0
		ip -n "$DEMO-h$i" address add "192.0.2.$i/24" dev uplink0
		ip -n "$DEMO-c$i" address add "10.9.0.$i/24" dev eth0
		ip -n "$DEMO-c$i" link set eth0 mtu 1450
		# XDP_REDIRECT into a veth needs NAPI at its other end.
		# XDP also needs complete checksums, see demo_checksum_offload.
		demo_exec "c$i" ethtool -K eth0 gro on
	done
}

demo_checksum_offload() {
	local i
	for i in c1 c2; do
		quietly demo_exec "$i" ethtool -K eth0 tx "$1"
	done
}

# demo_file HOST-NUMBER MODE [ENCAP]: print the configuration of one host
demo_file() {
	cat <<-FILE
		vtep: {local: [192.0.2.$1]}
		uplinks:
		  - {dev: uplink0, mode: $2}
		networks:
		  - name: blue
		    encap: ${3:-vxlan}
		    vni: 100
		    ports:
		      - {dev: tenant0, mode: $2}
		    flood: [192.0.2.$((3 - $1))]
	FILE
}

# demo_apply FOLDER MODE [ENCAP]: write the configurations to FOLDER and apply them on both hosts
demo_apply() {
	local i
	for i in 1 2; do
		demo_file "$i" "${@:2}" >"$1/h$i.yaml"
		demo_xovl "h$i" apply "$1/h$i.yaml" || return 1
	done
}

# demo_in_mode MODE [HOST...]: true if all uplinks and ports run in this mode; otherwise prints what `show` says
demo_in_mode() {
	local mode=$1 host object shown
	shift
	[ $# != 0 ] || set -- h1 h2
	for host in "$@"; do
		for object in uplink port; do
			shown=$(demo_xovl "$host" -j "$object" show) || return 1
			[[ ${shown// /} == *"\"mode\":\"$mode\""* ]] || { echo "$host: $object show: $shown"; return 1; }
		done
	done
}

# Deleting a namespace deletes its interfaces but not its pins, so "xovl down" runs first.
demo_down() {
	local i
	for i in h1 h2; do
		[ ! -e "/run/netns/$DEMO-$i" ] || demo_xovl "$i" down
	done
	for i in c1 c2 h1 h2; do
		[ ! -e "/run/netns/$DEMO-$i" ] || ip netns del "$DEMO-$i"
	done
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The part of the underlay's MTU that encapsulation takes, and what is left for tenants.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace xovl {

/// Returns the kind of outer headers that net sends towards a peer. family: AF_INET or AF_INET6 of the underlay.
/// port_options: octets of the port's own GENEVE options. The kind is untagged, because a VLAN tag of the underlay does
/// not count in the IP MTU.
xovl_outer_kind outer_kind(const NetworkConfig &net, xovl_encap encap, int family, size_t port_options = 0);

/// Returns the octets of GENEVE options of the port that has most of its own.
size_t port_options_max(const NetworkConfig &net);

/// Returns the kind with the longest outer headers, over all peers and ports. Without peers it is the network's own
/// encapsulation, in the family of its local address (by default the first vtep). peers: all peers on the flood list
/// and of FDB entries.
xovl_outer_kind largest_kind(const NetworkConfig &net, const std::vector<VtepConfig> &vteps,
			     const std::set<Address> &peers);

/// Returns the length of the outer headers and their parts, outermost first: "50: IPv4 20, UDP 8, VXLAN 8, Ethernet
/// 14".
std::string overhead_text(const xovl_outer_kind &kind);

/// An interface that faces the underlay.
struct Underlay {
	std::string dev;
	uint32_t mtu = 0; ///< octets
};

struct NetworkMtu {
	uint32_t mtu = 0; ///< largest inner IP packet, octets; 0: unknown, or no room for any
	std::string from; ///< how mtu is computed; empty: unknown
};

/// Returns the smaller of the MTU that is set (0: none) and the MTU of the underlay (nullopt: unknown) less the outer
/// headers. NetworkMtu::from is "set", "1500 (eth0) - 50: IPv4 20, …" or "1500 (eth0) - 50: IPv4 20, … (set 9000)".
NetworkMtu mtu_in_force(uint16_t set, const std::optional<Underlay> &underlay, const xovl_outer_kind &kind);

} // namespace xovl

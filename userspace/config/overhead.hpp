// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What encapsulation takes of the underlay's MTU, and what is left.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace xovl {

/// What a packet of net towards a peer has in front of the tenant's frame. family: AF_INET, AF_INET6, of the underlay. port_options:
/// octets of the GENEVE options of a port. It is untagged: the underlay's tag is no part of an IP MTU.
xovl_outer_kind outer_kind(const NetworkConfig &net, xovl_encap encap, int family, size_t port_options = 0);

/// Octets of the GENEVE options of the port that has most of its own.
size_t port_options_max(const NetworkConfig &net);

/// The kind with the longest headers, towards any of peers and from any port; without peers as the network says and of the family of
/// its local address, which is the first vtep by default. peers: all that net can send to, by flood list and FDB entries.
xovl_outer_kind largest_kind(const NetworkConfig &net, const std::vector<VtepConfig> &vteps,
			     const std::set<Address> &peers);

/// What the headers take of an IP MTU and of what it is made, from the outermost: "50: IPv4 20, UDP 8, VXLAN 8, Ethernet 14".
std::string overhead_text(const xovl_outer_kind &kind);

/// An interface that faces the underlay.
struct Underlay {
	std::string dev;
	uint32_t mtu = 0; ///< octets
};

struct NetworkMtu {
	uint32_t mtu = 0; ///< octets of the largest inner IP packet; 0: unknown, or there is no room for any
	std::string from; ///< how it comes about; empty: unknown
};

/// The smaller of what is set for a network (0: nothing) and what the underlay (nullopt: none) carries less the headers. from:
/// "set", "1500 (eth0) - 50: IPv4 20, …" or "1500 (eth0) - 50: IPv4 20, … (set 9000)".
NetworkMtu mtu_in_force(uint16_t set, const std::optional<Underlay> &underlay, const xovl_outer_kind &kind);

} // namespace xovl

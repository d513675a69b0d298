// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What encapsulation takes of the underlay's MTU.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config.hpp"

namespace xovl {

struct OverheadPart {
	const char *name;
	uint32_t octets;

	bool operator==(const OverheadPart &) const = default;
};

/// The headers between the outer and the inner IP packet, both without VLAN tags (the underlay's is not part of an IP MTU), from the
/// outermost. family: AF_INET, AF_INET6, of the underlay. port_options: octets of the GENEVE options of a port.
std::vector<OverheadPart> overhead_parts(const NetworkConfig &net, xovl_encap encap, int family,
					 size_t port_options = 0);

/// The largest overhead towards any peer on the flood list and from any port; where there is no such peer, as the network says and
/// of the family of its local address, which is the first vtep by default.
std::vector<OverheadPart> largest_overhead(const NetworkConfig &net, const std::vector<VtepConfig> &vteps);

uint32_t octets_of(const std::vector<OverheadPart> &parts);

/// "50: IPv4 20, UDP 8, VXLAN 8, Ethernet 14"
std::string str(const std::vector<OverheadPart> &parts);

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Tunnel packets described by addresses, protocol and port, as firewall rules and IPsec policies select packets.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "config/types.hpp"

namespace xovl {

struct TunnelFlow {
	Address local;
	std::optional<Address> remote; ///< nullopt: any sender (received packets only)
	uint8_t protocol = 0;          ///< IPPROTO_UDP or IPPROTO_GRE
	uint16_t dstport = 0;          ///< host byte order; 0: not UDP
	bool encrypted = false;        ///< the peer has require encrypted
	/// Direct for GRE. Without remote: the most direct of the networks that receive here.
	xovl_via via = XOVL_VIA_AUTO;

	auto operator<=>(const TunnelFlow &) const = default;

	/// Returns "UDP port 4789" or "GRE".
	std::string service_text() const;
	/// Returns "192.0.2.1 > 192.0.2.2 UDP port 4789".
	std::string str() const;
};

using TunnelFlows = std::set<TunnelFlow>;

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Tunnel packets as other parts of the host tell packets apart: by addresses, protocol and port.
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
	std::optional<Address> remote; ///< nullopt: where packets of anybody arrive
	uint8_t protocol = 0;          ///< IPPROTO_UDP or IPPROTO_GRE
	uint16_t dstport = 0;          ///< host byte order; 0: no UDP
	bool encrypted = false;        ///< its peer requires that
	xovl_via via = XOVL_VIA_AUTO;  ///< of GRE direct; without remote: the most direct one of its networks

	auto operator<=>(const TunnelFlow &) const = default;

	/// "UDP port 4789" or "GRE"
	std::string service_text() const;
	/// "192.0.2.1 > 192.0.2.2 UDP port 4789"
	std::string str() const;
};

using TunnelFlows = std::set<TunnelFlow>;

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// IPsec policies (XFRM) that tunnel packets would meet, if they went through the kernel's stack.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/tunnel_flow.hpp"

namespace xovl {

/// A policy of the kernel's database, direction in or out.
struct XfrmPolicy {
	/// Which packets it is for; all zero: all.
	struct Selector {
		uint16_t family = 0; ///< AF_UNSPEC: both
		Address src, dst;
		uint8_t src_bits = 0, dst_bits = 0;
		uint8_t protocol = 0;          ///< 0: any
		uint16_t sport = 0, dport = 0; ///< host byte order
		uint16_t sport_mask = 0, dport_mask = 0;
	};

	Selector selector;
	bool out = false;
	uint32_t priority = 0; ///< the least comes first
	bool block = false;    ///< else packets are transformed, or let through where there is nothing to transform
	bool transforms = false;
	bool seals = false;  ///< it lets pass nothing but what came, or leaves, by ESP
	bool narrow = false; ///< for an interface, or for some marks, only

	/// "out, block, 192.0.2.1/32 > 192.0.2.2/32 UDP dport 4789"
	std::string str() const;
};

struct XfrmPolicies {
	std::vector<XfrmPolicy> policies;         ///< in the order in which the kernel looks at them
	bool block_in = false, block_out = false; ///< what is done with packets that no policy is for
	/// All of a direction, as the datapath counts them (xovl_host); read before the policies were.
	uint32_t count_in = 0, count_out = 0;
};

/// Those of the current network namespace; none where the kernel has no XFRM. Error(System).
XfrmPolicies read_xfrm_policies();

/// What blocks or transforms the packets of a flow; empty: nothing. Of a flow without remote: a policy that names its port.
std::string xfrm_obstacle(const XfrmPolicies &policies, const TunnelFlow &flow, xovl_direction direction);
/// Whether the kernel takes packets of a flow only out of ESP, or none.
bool xfrm_seals(const XfrmPolicies &policies, const TunnelFlow &flow);
/// What blocks or transforms them in one of the two directions.
std::string xfrm_obstacle(const XfrmPolicies &policies, const TunnelFlow &flow);

} // namespace xovl

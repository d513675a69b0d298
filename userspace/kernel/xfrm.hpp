// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// IPsec policies (XFRM) that would apply to tunnel packets if they went through the kernel's stack.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/tunnel_flow.hpp"

namespace xovl {

/// A policy of the kernel's policy database (SPD), direction in or out.
struct XfrmPolicy {
	/// The packets that a policy matches. All zero matches every packet.
	struct Selector {
		uint16_t family = 0; ///< AF_UNSPEC: both families
		Address src, dst;
		uint8_t src_bits = 0, dst_bits = 0;
		uint8_t protocol = 0;          ///< 0: any
		uint16_t sport = 0, dport = 0; ///< host byte order
		uint16_t sport_mask = 0, dport_mask = 0;
	};

	Selector selector;
	bool out = false;
	uint32_t priority = 0;   ///< the smallest number comes first
	bool block = false;      ///< false: matching packets are transformed; without a transform they pass
	bool transforms = false; ///< has a template (an IPsec transform)
	bool seals = false;      ///< lets packets pass only encrypted by ESP, or not at all
	bool narrow = false;     ///< applies only to one interface or to some marks

	/// Returns the text for messages: "out, block, 192.0.2.1/32 > 192.0.2.2/32 UDP dport 4789".
	std::string str() const;
};

struct XfrmPolicies {
	std::vector<XfrmPolicy> policies;         ///< in the kernel's order of evaluation
	bool block_in = false, block_out = false; ///< default action for packets that no policy matches
	/// Number of policies in each direction, as the datapath counts them (xovl_host). Read before the policies.
	uint32_t count_in = 0, count_out = 0;
};

/// Returns the policies of the current network namespace; none if the kernel has no XFRM. Throws Error(System) if
/// netlink fails.
XfrmPolicies read_xfrm_policies();

/// Returns the policy that blocks or transforms the packets of a flow; empty if there is none. For a flow without
/// remote, only policies that name its protocol and port count.
std::string xfrm_obstacle(const XfrmPolicies &policies, const TunnelFlow &flow, xovl_direction direction);
/// True if the kernel accepts packets of the flow only from ESP, or not at all.
bool xfrm_seals(const XfrmPolicies &policies, const TunnelFlow &flow);
/// Returns the policy that blocks or transforms the packets in either direction.
std::string xfrm_obstacle(const XfrmPolicies &policies, const TunnelFlow &flow);

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tunnel_flows.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

namespace xovl {

std::string TunnelFlow::service_text() const
{
	return dstport ? fmt::format("UDP port {}", dstport) : "GRE";
}

std::string TunnelFlow::str() const
{
	return fmt::format("{} > {} {}", local.str(), remote ? remote->str() : "any", service_text());
}

TunnelFlow flow_of(const xovl_peer &peer)
{
	return {.local = Address(peer.local),
		.remote = Address(peer.remote),
		.protocol = static_cast<uint8_t>(peer.dstport ? IPPROTO_UDP : IPPROTO_GRE),
		.dstport = ntohs(peer.dstport)};
}

TunnelFlows tunnel_flows(const Tables &tables)
{
	TunnelFlows flows;
	for (const auto &[key, endpoint] : tables.endpoints)
		flows.insert({.local = Address(key.local),
			      .remote = std::nullopt,
			      .protocol = static_cast<uint8_t>(key.service >> 16),
			      .dstport = ntohs(static_cast<uint16_t>(key.service))});
	for (const xovl_peer &peer : tables.peers)
		if (peer.family)
			flows.insert(flow_of(peer));
	return flows;
}

} // namespace xovl

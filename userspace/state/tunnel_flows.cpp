// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state/tunnel_flows.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <map>

namespace xovl {

namespace {

xovl_via via_of(const xovl_network &net)
{
	if (net.flags & XOVL_NET_VIA_DIRECT)
		return XOVL_VIA_DIRECT;
	return net.flags & XOVL_NET_VIA_KERNEL ? XOVL_VIA_KERNEL : XOVL_VIA_AUTO;
}

/// Returns the most direct `via` of the networks at each UDP endpoint, by address and service.
std::map<std::pair<Address, uint32_t>, xovl_via> endpoint_vias(const Tables &tables)
{
	const auto rank = [](xovl_via via) { return via == XOVL_VIA_DIRECT ? 0 : via == XOVL_VIA_AUTO ? 1 : 2; };
	std::map<std::pair<Address, uint32_t>, xovl_via> vias;
	for (const auto &[key, tunnel] : tables.tunnels) {
		if (key.service >> 16 != IPPROTO_UDP || tunnel.net >= tables.networks.size())
			continue;
		const xovl_via via = via_of(tables.networks[tunnel.net]);
		auto [known, is_new] = vias.emplace(std::pair(Address(key.local), key.service), via);
		if (!is_new && rank(via) < rank(known->second))
			known->second = via;
	}
	return vias;
}

} // namespace

TunnelFlow flow_of(const xovl_peer &peer)
{
	return {.local = Address(peer.local),
		.remote = Address(peer.remote),
		.protocol = static_cast<uint8_t>(peer.dstport ? IPPROTO_UDP : IPPROTO_GRE),
		.dstport = ntohs(peer.dstport),
		.encrypted = (peer.flags & XOVL_PEER_ENCRYPTED) != 0,
		.via = peer.dstport ? static_cast<xovl_via>(peer.via) : XOVL_VIA_DIRECT};
}

TunnelFlows tunnel_flows(const Tables &tables)
{
	TunnelFlows flows;
	const auto vias = endpoint_vias(tables);
	for (const auto &[key, endpoint] : tables.endpoints)
		flows.insert({.local = Address(key.local),
			      .remote = std::nullopt,
			      .protocol = static_cast<uint8_t>(key.service >> 16),
			      .dstport = ntohs(static_cast<uint16_t>(key.service)),
			      .via = vias.contains({Address(key.local), key.service})
					     ? vias.at({Address(key.local), key.service})
					     : XOVL_VIA_DIRECT});
	for (const xovl_peer &peer : tables.peers)
		if (peer.family)
			flows.insert(flow_of(peer));
	return flows;
}

} // namespace xovl

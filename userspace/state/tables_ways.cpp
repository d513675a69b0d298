// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The ways into a network from the underlay: tunnels and endpoints, by which packets are recognised.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <utility>

#include "config/overhead.hpp"
#include "state/tables_impl.hpp"

namespace xovl {

namespace {

/// How packets of a kind are keyed: service and identifier of the tunnel, service of the endpoint.
struct OnWire {
	uint32_t service;
	uint32_t id; ///< network byte order
	uint32_t endpoint_service;
};

OnWire on_wire(const TunnelKind &kind, std::optional<uint32_t> id)
{
	const uint32_t udp = xovl_service(IPPROTO_UDP, kind.dstport);
	const uint32_t gre = xovl_service(IPPROTO_GRE, 0);
	switch (kind.encap) {
	case XOVL_ENCAP_GRE:
		if (!id)
			return {xovl_service(IPPROTO_GRE, XOVL_GRE_NO_KEY), 0, gre};
		return {xovl_service(IPPROTO_GRE, XOVL_GRE_KEY), htonl(*id), gre};
	case XOVL_ENCAP_NVGRE:
		return {xovl_service(IPPROTO_GRE, XOVL_GRE_VSID), htonl(id.value_or(0) << 8), gre};
	default:
		return {udp, htonl(id.value_or(0) << 8), udp};
	}
}

/// Returns the endpoint for packets of one network and kind.
xovl_endpoint make_endpoint(const NetworkConfig &net, const VtepConfig &vtep, const TunnelKind &kind,
			    size_t port_options)
{
	const xovl_outer_kind headers = outer_kind(net, kind.encap, vtep.local.family(), port_options);
	xovl_endpoint endpoint{};
	endpoint.foreign_pass = vtep.foreign == XOVL_FOREIGN_PASS;
	endpoint.encap = has_udp(kind.encap) ? kind.encap : XOVL_ENCAP_GRE;
	if (vtep.pmtu_trust)
		endpoint.pmtu_floor = vtep.pmtu_floor + xovl_outer_len(&headers);
	return endpoint;
}

} // namespace

xovl_endpoint either(const xovl_endpoint &a, const xovl_endpoint &b)
{
	if (a.encap == XOVL_ENCAP_NONE)
		return b;
	xovl_endpoint both = b;
	both.device = std::max(a.device, b.device);
	both.pmtu_floor = std::max(a.pmtu_floor, b.pmtu_floor);
	return both;
}

TunnelKind::TunnelKind(xovl_encap of, uint16_t port) : encap(of), dstport(has_udp(of) ? htons(port) : 0)
{
}

void add_ways_in(Tables &tables, const NetworkConfig &net, uint32_t net_index, const std::vector<VtepConfig> &vteps,
		 const TunnelKind &kind, size_t port_options)
{
	const OnWire packet = on_wire(kind, net.vni);
	for (const auto &vtep : vteps) {
		if (net.local && *net.local != vtep.local)
			continue;
		const xovl_addr local = vtep.local.raw();
		tables.tunnels[{.local = local, .service = packet.service, .id = packet.id}] = {
			.net = static_cast<uint16_t>(net_index),
			.encap = static_cast<uint16_t>(kind.encap),
			.vtep_check = {}};
		xovl_endpoint &endpoint =
			tables.endpoints[{.local = local, .service = packet.endpoint_service, .pad = 0}];
		endpoint = either(endpoint, make_endpoint(net, vtep, kind, port_options));
	}
	if (kind.encap == XOVL_ENCAP_GENEVE)
		tables.geneve_ports.add(kind.dstport);
}

bool has_ways_in(const Tables &tables, uint32_t net_index, const Config &config, const PeerConfig &peer)
{
	Tables needed;
	add_ways_in(needed, config.networks[0], net_index, config.vteps, {peer.encap, peer.dstport}, 0);
	return std::ranges::all_of(needed.tunnels, [&](const auto &tunnel) {
		auto present = tables.tunnels.find(tunnel.first);
		return present != tables.tunnels.end() && same_octets(present->second, tunnel.second);
	});
}

} // namespace xovl

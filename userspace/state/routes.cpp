// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state/routes.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "kernel/forwarding.hpp"
#include "kernel/route.hpp"

namespace xovl {

namespace {

/// Returns the interfaces that routes to peers can lead to, in the order of the uplinks; each VLAN interface before its
/// uplink.
std::vector<uint32_t> underlay_interfaces(const Tables &tables)
{
	std::vector<std::pair<uint32_t, uint32_t>> uplinks; // order in the configuration, ifindex
	for (const auto &[ifindex, device] : tables.devices)
		if (device.role == XOVL_ROLE_UPLINK)
			uplinks.emplace_back(device.order, ifindex);
	std::ranges::sort(uplinks);
	std::vector<uint32_t> interfaces;
	for (const auto &uplink : uplinks) {
		for (const auto &[ifindex, device] : tables.devices)
			if (device.role == XOVL_ROLE_VLAN && device.lower_ifindex == uplink.second)
				interfaces.push_back(ifindex);
		interfaces.push_back(uplink.second);
	}
	return interfaces;
}

/// Fills in the way to a peer, choosing one of the interfaces.
void note_route(const std::vector<uint32_t> &interfaces, xovl_peer &peer)
{
	peer.multi_uplink = interfaces.size() > 1;
	peer.route_ifindex = interfaces.empty() ? 0 : interfaces.front();
	peer.gateway = peer.remote;
	if (!peer.multi_uplink)
		return;
	const Route route = ask_route(Address(peer.remote), Address(peer.local));
	if (std::ranges::find(interfaces, route.ifindex) == interfaces.end())
		return;
	peer.route_ifindex = route.ifindex;
	if (route.gateway.words[0] | route.gateway.words[1])
		peer.gateway = route.gateway;
}

} // namespace

void note_route(const Tables &tables, xovl_peer &peer)
{
	note_route(underlay_interfaces(tables), peer);
}

void note_routes(Tables &tables)
{
	const std::vector<uint32_t> interfaces = underlay_interfaces(tables);
	const bool forwards[] = {lo_forwarding(false), lo_forwarding(true)};
	for (xovl_peer &peer : tables.peers) {
		const bool followed = forwards[peer.family == AF_INET6];
		const bool known = std::ranges::find(interfaces, peer.route_ifindex) != interfaces.end();
		if (peer.family && !(known && followed && peer.multi_uplink == (interfaces.size() > 1)))
			note_route(interfaces, peer);
	}
}

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Adds one member to a network without reading the other members.
#include <netinet/in.h>

#include <algorithm>

#include "state/by_kernel.hpp"
#include "state/routes.hpp"
#include "state/tables_impl.hpp"
#include "state/tunnel_devices.hpp"

namespace xovl {

namespace {

/// Returns the slot of a peer, or the first free slot if it has none. Throws Error(Request) if there are too many
/// peers.
uint32_t peer_slot(const Tables &tables, const xovl_peer &peer)
{
	auto is_used = [](const xovl_peer &other) { return other.family != 0; };
	auto is_same = [&](const xovl_peer &other) { return is_used(other) && identity(other) == identity(peer); };
	auto found = std::ranges::find_if(tables.peers, is_same);
	if (found == tables.peers.end()) {
		check_count(std::ranges::count_if(tables.peers, is_used) + 1, tables.limits.peers, kPeersText);
		found = std::ranges::find_if_not(tables.peers, is_used);
	}
	return found - tables.peers.begin();
}

/// Returns the elements of more that are not in present.
template <typename Key, typename Value>
Image<Key, Value> missing(const Image<Key, Value> &present, const Image<Key, Value> &more)
{
	Image<Key, Value> added;
	for (const auto &[key, value] : more)
		if (present.find(key) == present.end())
			added[key] = value;
	return added;
}

/// Returns the endpoints of more, combined with present, that would change.
Image<xovl_endpoint_key, xovl_endpoint> widened(const Image<xovl_endpoint_key, xovl_endpoint> &present,
						const Image<xovl_endpoint_key, xovl_endpoint> &more)
{
	Image<xovl_endpoint_key, xovl_endpoint> changed;
	for (const auto &[key, value] : more) {
		auto known = present.find(key);
		const xovl_endpoint old = known == present.end() ? xovl_endpoint{} : known->second;
		if (const xovl_endpoint wide = either(old, value); !same_octets(wide, old))
			changed[key] = wide;
	}
	return changed;
}

/// Fills in the fields of the peer that depend on the host.
xovl_peer new_peer(const Tables &tables, const XfrmPolicies &policies, xovl_peer peer)
{
	note_route(tables, peer);
	note_kernel_way(tables, policies, peer);
	peer.device = tunnel_device_to(tables, peer);
	return peer;
}

template <typename Key, typename Value>
void add_all(const Map<Key, Value> &map, Image<Key, Value> &present, const Image<Key, Value> &added)
{
	for (const auto &[key, value] : added) {
		map.set(key, value);
		present[key] = value;
	}
}

} // namespace

Tables joining_tables(const Tables &tables, const XfrmPolicies &policies, uint32_t net_index, const PeerConfig &peer)
{
	const Config config = to_config(tables, net_index);
	Tables joining;
	joining.vteps = tables.vteps;
	joining.devices = tables.devices;
	joining.peers = {new_peer(tables, policies, make_peer(config.networks[0], config.vteps, peer))};
	add_ways_in(joining, config.networks[0], net_index, config.vteps, {peer.encap, peer.dstport}, 0);
	return joining;
}

void join_network(const Maps &maps, Tables &tables, const XfrmPolicies &policies, uint32_t net_index,
		  const PeerConfig &wanted)
{
	const Config config = to_config(tables, net_index);
	xovl_peer peer = make_peer(config.networks[0], config.vteps, wanted);
	const uint32_t slot = peer_slot(tables, peer);
	Tables ways;
	ways.geneve_ports = tables.geneve_ports;
	add_ways_in(ways, network_config(tables, net_index), net_index, config.vteps, {wanted.encap, wanted.dstport},
		    tables.networks[net_index].port_options);
	for (auto &[key, endpoint] : ways.endpoints)
		endpoint.device = tunnel_device_for(tables, key.service, Address(key.local));
	ways.endpoints = widened(tables.endpoints, ways.endpoints);
	ways.tunnels = missing(tables.tunnels, ways.tunnels);
	check_count(tables.members.size() + 1, tables.limits.members, kMembersText);
	check_count(tables.tunnels.size() + ways.tunnels.size(), tunnels_max(tables.networks.size()), kTunnelsText);
	if (!tables.peers[slot].family) {
		peer = new_peer(tables, policies, peer);
		peer.serial = tables.settings.next_peer_serial++;
		maps.settings.set(0, tables.settings); // written before the number is used
		maps.peer_stats.clear_per_cpu(slot);
		forget_drops(maps,
			     [&](const xovl_drop_key &key) { return key.place == xovl_place(XOVL_PLACE_PEER, slot); });
		maps.peers.set(slot, peer);
		tables.peers[slot] = peer;
	}
	const xovl_member_key key{.remote = peer.remote, .net = net_index, .pad = 0};
	const xovl_member member{.peer = slot, .fdb_refs = 1, .flood = 0, .order = 0};
	maps.members.set(key, member);
	tables.members[key] = member;
	if (!same_octets(tables.geneve_ports, ways.geneve_ports))
		maps.geneve_ports.set(0, ways.geneve_ports);
	tables.geneve_ports = ways.geneve_ports;
	add_all(maps.endpoints, tables.endpoints, ways.endpoints);
	add_all(maps.tunnels, tables.tunnels, ways.tunnels);
}

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Carrying a difference into the maps.
#include "tables.hpp"

namespace xovl {

namespace {

template <typename Key, typename Value>
void write_missing(const Map<Key, Value> &map, const Image<Key, Value> &current, const Image<Key, Value> &desired)
{
	for (const auto &[key, value] : desired) {
		auto old = current.find(key);
		if (old == current.end() || !same_octets(old->second, value))
			map.set(key, value);
	}
}

template <typename Key, typename Value>
void delete_surplus(const Map<Key, Value> &map, const Image<Key, Value> &current, const Image<Key, Value> &desired)
{
	for (const auto &[key, value] : current)
		if (!desired.contains(key))
			map.del(key);
}

/// Elements in use in desired that differ; fresh(index) is called first for one that means something else than before.
template <typename Value, typename InUse, typename Same, typename Fresh>
void write_used(const Map<uint32_t, Value> &map, const std::vector<Value> &current, const std::vector<Value> &desired,
		InUse in_use, Same means_same, Fresh fresh)
{
	for (uint32_t i = 0; i < desired.size(); i++) {
		if (!in_use(desired[i]) || same_octets(current[i], desired[i]))
			continue;
		if (!in_use(current[i]) || !means_same(current[i], desired[i]))
			fresh(i);
		map.set(i, desired[i]);
	}
}

template <typename Value, typename InUse>
void clear_unused(const Map<uint32_t, Value> &map, const std::vector<Value> &current, const std::vector<Value> &desired,
		  InUse in_use)
{
	for (uint32_t i = 0; i < desired.size(); i++)
		if (in_use(current[i]) && !in_use(desired[i]))
			map.set(i, Value{});
}

bool network_used(const xovl_network &net)
{
	return net.flags != 0;
}

bool port_used(const xovl_port &port)
{
	return port.flags != 0;
}

bool peer_used(const xovl_peer &peer)
{
	return peer.family != 0;
}

bool same_network(const xovl_network &a, const xovl_network &b)
{
	return std::string(a.name) == b.name;
}

/// Until its new flood list is there, a network keeps its old one; a new network has none.
xovl_flood_head interim_flood(const Tables &current, const Tables &desired, uint32_t index)
{
	if (same_network(current.networks[index], desired.networks[index]))
		return current.networks[index].flood;
	return {};
}

void write_arrays(const Maps &maps, const Tables &current, const Tables &desired)
{
	write_used(
		maps.peers, current.peers, desired.peers, peer_used,
		[](const xovl_peer &a, const xovl_peer &b) { return a.generation == b.generation; },
		[&](uint32_t i) { maps.peer_stats.clear_per_cpu(i); });
	std::vector<xovl_network> networks = desired.networks;
	for (uint32_t i = 0; i < networks.size(); i++)
		networks[i].flood = interim_flood(current, desired, i);
	write_used(maps.networks, current.networks, networks, network_used, same_network,
		   [&](uint32_t i) { maps.net_stats.clear_per_cpu(i); });
	write_used(
		maps.port_table, current.port_table, desired.port_table, port_used,
		[](const xovl_port &a, const xovl_port &b) { return a.ifindex == b.ifindex && a.vid == b.vid; },
		[&](uint32_t i) { maps.port_stats.clear_per_cpu(i); });
}

void write_floods(const Maps &maps, const Tables &current, const Tables &desired)
{
	write_missing(maps.floods, current.floods, desired.floods);
	for (uint32_t i = 0; i < desired.networks.size(); i++)
		if (network_used(desired.networks[i]) && !same_octets(interim_flood(current, desired, i), desired.networks[i].flood))
			maps.networks.set(i, desired.networks[i]);
	delete_surplus(maps.floods, current.floods, desired.floods);
}

} // namespace

void write_tables(const Maps &maps, const Tables &current, const Tables &desired, const std::function<void()> &update_fdb)
{
	// numbers are used up before they are used, so that a killed writer never hands one out twice
	if (!same_octets(current.settings, desired.settings))
		maps.settings.set(0, desired.settings);

	// what goes: first the ways in
	delete_surplus(maps.ports, current.ports, desired.ports);
	delete_surplus(maps.tunnels, current.tunnels, desired.tunnels);
	delete_surplus(maps.endpoints, current.endpoints, desired.endpoints);
	delete_surplus(maps.vteps, current.vteps, desired.vteps);

	write_missing(maps.devices, current.devices, desired.devices);
	write_arrays(maps, current, desired);
	write_missing(maps.members, current.members, desired.members);
	update_fdb();
	write_floods(maps, current, desired);

	// what comes: last the ways in
	write_missing(maps.vteps, current.vteps, desired.vteps);
	write_missing(maps.endpoints, current.endpoints, desired.endpoints);
	write_missing(maps.tunnels, current.tunnels, desired.tunnels);
	write_missing(maps.ports, current.ports, desired.ports);

	delete_surplus(maps.members, current.members, desired.members);
	clear_unused(maps.port_table, current.port_table, desired.port_table, port_used);
	clear_unused(maps.peers, current.peers, desired.peers, peer_used);
	clear_unused(maps.networks, current.networks, desired.networks, network_used);
	delete_surplus(maps.devices, current.devices, desired.devices);
}

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reads the tables, and the configuration that they were made from.
#include "state/tables_impl.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace xovl {

namespace {

/// Sorts (order, item) pairs and returns the items.
template <typename Item> std::vector<Item> in_order(std::vector<std::pair<uint32_t, Item>> pairs)
{
	std::ranges::stable_sort(pairs, {}, [](const auto &pair) { return pair.first; });
	std::vector<Item> items;
	for (auto &[order, item] : pairs)
		items.push_back(std::move(item));
	return items;
}

/// The lists of guarded ports.
class PortLists {
public:
	explicit PortLists(const Tables &tables)
	{
		for (const auto &[key, order] : tables.port_macs)
			macs_[key.port].push_back({order, guard_mac(key)});
		for (const auto &[key, order] : tables.port_prefixes)
			prefixes_[key.port & ~XOVL_PORT_PREFIX_IPV6].push_back({order, guard_prefix(key)});
	}

	/// Moves the lists of a port into its configuration.
	void take(uint32_t index, PortConfig &config)
	{
		config.macs = in_order(std::move(macs_[index]));
		config.prefixes = in_order(std::move(prefixes_[index]));
	}

private:
	std::map<uint32_t, std::vector<std::pair<uint32_t, Mac>>> macs_;
	std::map<uint32_t, std::vector<std::pair<uint32_t, Prefix>>> prefixes_;
};

std::vector<VtepConfig> vtep_configs(const Tables &tables)
{
	std::vector<std::pair<uint32_t, VtepConfig>> vteps;
	for (const auto &[local, vtep] : tables.vteps)
		vteps.push_back({vtep.order,
				 {.local = Address(local),
				  .foreign = static_cast<xovl_foreign>(vtep.foreign),
				  .xfrm_ignore = vtep.xfrm_ignore != 0,
				  .pmtu_trust = vtep.pmtu_distrust == 0,
				  .pmtu_floor = vtep.pmtu_floor}});
	return in_order(std::move(vteps));
}

/// Returns the configuration of a port, without the settings for its frames.
PortConfig port_identity(const Tables &tables, const xovl_port &port)
{
	PortConfig config;
	auto device = tables.devices.find(port.ifindex);
	config.vid = port.vid;
	if (device != tables.devices.end()) {
		config.dev = device->second.name;
		config.mode = static_cast<xovl_mode>(device->second.mode_asked);
	}
	return config;
}

PortConfig port_config(const Tables &tables, uint32_t index)
{
	const xovl_port &port = tables.port_table[index];
	PortConfig config = port_identity(tables, port);
	config.options = sent_options(tables, XOVL_OPTIONS_PORT, index);
	config.optional = port.flags & XOVL_PORT_OPTIONAL;
	config.to_peer = port.flags & XOVL_PORT_WANTS_PEER;
	if (port.flags & XOVL_PORT_GROUP)
		config.group = port.group;
	config.isolated = port.flags & XOVL_PORT_ISOLATED;
	config.locked = port.flags & XOVL_PORT_LOCKED;
	config.sticky = port.flags & XOVL_PORT_STICKY;
	config.mac_limit = port.mac_limit;
	config.tagged = static_cast<xovl_tagged>(port.tagged);
	config.dhcp_guard = static_cast<xovl_guard>(port.dhcp_guard);
	config.ra_guard = static_cast<xovl_guard>(port.ra_guard);
	return config;
}

std::vector<std::pair<uint32_t, UplinkConfig>> uplink_configs(const Tables &tables)
{
	std::vector<std::pair<uint32_t, UplinkConfig>> uplinks;
	for (const auto &[ifindex, device] : tables.devices)
		if (device.role == XOVL_ROLE_UPLINK)
			uplinks.push_back({device.order,
					   {.dev = device.name,
					    .vid = device.vid,
					    .mode = static_cast<xovl_mode>(device.mode_asked),
					    .rp_filter = static_cast<xovl_rp_filter>(device.rp_filter),
					    .gro = !(device.choices & XOVL_UPLINK_GRO_OFF),
					    .optional = (device.choices & XOVL_UPLINK_OPTIONAL) != 0}});
	return uplinks;
}

/// Returns, for each network, the members that are reached differently from the network's settings.
std::map<uint32_t, std::vector<PeerConfig>> peer_configs(const Tables &tables)
{
	std::map<uint32_t, std::vector<PeerConfig>> peers;
	for (const auto &[key, member] : tables.members) {
		const xovl_peer &peer = tables.peers.at(member.peer);
		if (peer.family)
			peers[key.net].push_back(peer_config(peer));
	}
	for (auto &[index, list] : peers) {
		NetworkConfig net = network_identity(tables.networks.at(index));
		net.peers = std::move(list);
		normalize_peers(net);
		list = std::move(net.peers);
		std::ranges::sort(list, {}, &PeerConfig::dst);
	}
	return peers;
}

} // namespace

PeerConfig peer_config(const xovl_peer &peer)
{
	return {.dst = Address(peer.remote),
		.encap = static_cast<xovl_encap>(peer.encap),
		.dstport = ntohs(peer.dstport),
		.via = static_cast<xovl_via>(peer.via),
		.encrypted = (peer.flags & XOVL_PEER_ENCRYPTED) != 0};
}

std::unordered_map<std::string_view, uint32_t> Tables::network_indexes() const
{
	std::unordered_map<std::string_view, uint32_t> indexes;
	for (uint32_t i = 0; i < networks.size(); i++)
		if (networks[i].flags & XOVL_NET_USED)
			indexes.emplace(networks[i].name, i);
	return indexes;
}

const std::pair<uint32_t, xovl_device> *Tables::find_device(const std::string &name) const
{
	for (const auto &device : devices)
		if (device.second.role != XOVL_ROLE_VLAN && name == device.second.name)
			return &device;
	return nullptr;
}

std::optional<uint32_t> Tables::find_port(const std::string &dev, uint16_t vid) const
{
	const auto *device = find_device(dev);
	if (!device)
		return std::nullopt;
	auto port = ports.find({.ifindex = device->first, .vid = vid});
	if (port == ports.end())
		return std::nullopt;
	return port->second.index;
}

Tables read_places(const Maps &maps)
{
	Tables tables;
	tables.limits = maps.limits();
	tables.settings = maps.settings.get(0).value_or(xovl_settings{});
	tables.vteps = maps.vteps.image();
	tables.ports = maps.ports.image();
	tables.devices = maps.devices.image();
	tables.port_table = maps.port_table.array();
	tables.networks = maps.networks.array();
	return tables;
}

bool read_member(const Maps &maps, uint32_t net_index, const Address &dst, Tables &tables)
{
	const xovl_member_key key{.remote = dst.raw(), .net = net_index, .pad = 0};
	const auto member = maps.members.get(key);
	const auto peer = member ? maps.peers.get(member->peer) : std::nullopt;
	if (!peer)
		return false;
	tables.members[key] = *member;
	tables.peers.resize(std::max<size_t>(tables.peers.size(), member->peer + 1));
	tables.peers[member->peer] = *peer;
	return true;
}

Tables read_tables(const Maps &maps)
{
	Tables tables = read_places(maps);
	tables.endpoints = maps.endpoints.image();
	tables.tunnels = maps.tunnels.image();
	tables.geneve_ports = maps.geneve_ports.get(0).value_or(GenevePorts{});
	tables.host = maps.host.get(0).value_or(xovl_host{});
	tables.options = maps.options.image();
	tables.port_macs = maps.port_macs.image();
	tables.port_prefixes = maps.port_prefixes.image();
	tables.members = maps.members.image();
	tables.floods = maps.floods.image();
	tables.peers = maps.peers.array();
	// Fields that the datapath writes for itself are left out, so that a change does not write them.
	for (auto &[key, endpoint] : tables.endpoints)
		endpoint.vtep_check = {};
	for (auto &[key, tunnel] : tables.tunnels)
		tunnel.vtep_check = {};
	return tables;
}

Config to_config(const Tables &tables)
{
	std::map<uint32_t, std::vector<std::pair<uint32_t, PortConfig>>> ports;
	PortLists lists(tables);
	for (uint32_t i = 0; i < tables.port_table.size(); i++)
		if (const xovl_port &port = tables.port_table[i]; port.flags & XOVL_PORT_USED) {
			ports[port.net].push_back({port.order, port_config(tables, i)});
			lists.take(i, ports[port.net].back().second);
		}
	std::map<uint32_t, std::vector<PeerConfig>> peers = peer_configs(tables);
	std::map<uint32_t, std::vector<std::pair<uint32_t, Address>>> floods;
	for (const auto &[key, member] : tables.members)
		if (member.flood)
			floods[key.net].push_back({member.order, Address(key.remote)});

	std::vector<std::pair<uint32_t, NetworkConfig>> networks;
	for (uint32_t i = 0; i < tables.networks.size(); i++) {
		if (!(tables.networks[i].flags & XOVL_NET_USED))
			continue;
		NetworkConfig net = network_config(tables, i);
		net.ports = in_order(std::move(ports[i]));
		net.flood = in_order(std::move(floods[i]));
		net.peers = std::move(peers[i]);
		networks.push_back({tables.networks[i].order, std::move(net)});
	}
	return {.limits = std::nullopt,
		.vteps = vtep_configs(tables),
		.uplinks = in_order(uplink_configs(tables)),
		.networks = in_order(std::move(networks))};
}

Config to_config(const Tables &tables, uint32_t net_index)
{
	Config config;
	config.vteps = vtep_configs(tables);
	NetworkConfig &net = config.networks.emplace_back(network_identity(tables.networks[net_index]));
	for (const auto &port : tables.port_table)
		if ((port.flags & XOVL_PORT_USED) && port.net == net_index)
			net.ports.push_back(port_identity(tables, port));
	return config;
}

} // namespace xovl

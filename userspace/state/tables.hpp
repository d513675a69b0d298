// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The contents of all maps except the FDB: reading them, making them from a configuration, writing the difference.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bpf/datapath.hpp"
#include "config/config.hpp"

namespace xovl {

struct XfrmPolicies;

struct Tables {
	Limits limits; ///< sizes of the maps
	xovl_settings settings{};
	Image<xovl_addr, xovl_vtep> vteps;
	Image<xovl_endpoint_key, xovl_endpoint> endpoints;
	Image<xovl_tunnel_key, xovl_tunnel> tunnels;
	GenevePorts geneve_ports{};
	xovl_host host{};
	Image<xovl_options_key, xovl_options> options;
	Image<xovl_port_key, xovl_port_ref> ports;
	Image<xovl_port_mac, uint32_t> port_macs;
	Image<xovl_port_prefix, uint32_t> port_prefixes;
	Image<xovl_member_key, xovl_member> members;
	Image<xovl_flood_key, uint32_t> floods;
	Image<uint32_t, xovl_device> devices;
	std::vector<xovl_port> port_table;
	std::vector<xovl_network> networks;
	std::vector<xovl_peer> peers;

	/// Returns the indexes of all networks by name. The names must not change while the result is in use.
	std::unordered_map<std::string_view, uint32_t> network_indexes() const;
	/// Returns the index of a port of any network; nullopt if there is none.
	std::optional<uint32_t> find_port(const std::string &dev, uint16_t vid) const;
	/// Returns the device with this name, except VLAN interfaces; nullptr if there is none.
	const std::pair<uint32_t, xovl_device> *find_device(const std::string &name) const;
};

/// The interfaces of this network namespace that a configuration needs.
struct Interfaces {
	std::map<std::string, uint32_t> ifindex; ///< by device name, for every device of the configuration
	std::vector<VlanLink> vlans;             ///< all VLAN interfaces, if an uplink has a VLAN
};

Tables read_tables(const Maps &maps);
/// Reads only what says which networks, ports, interfaces and vteps there are; all other tables stay empty.
Tables read_places(const Maps &maps);
/// Reads how a network reaches a remote VTEP into tables. Returns false if it is no member.
bool read_member(const Maps &maps, uint32_t net_index, const Address &dst, Tables &tables);

/// Returns the configuration that the tables were made from, without limits and FDB entries.
Config to_config(const Tables &tables);
/// Returns the part that FDB entries of one network need: the vteps, the network's identity, and its ports.
Config to_config(const Tables &tables, uint32_t net_index);

/// Returns the tables for wanted, which must be valid. Elements of current keep their indexes. refs returns the number
/// of static FDB entries of a network for each remote VTEP.
/// Device records are copied from current. New devices, and those that must be attached again, have mode
/// XOVL_MODE_AUTO: not attached.
/// Throws Error(Request) if a table is full (limits).
Tables make_tables(const Config &wanted, const Tables &current, const Interfaces &interfaces,
		   const std::function<std::map<Address, uint32_t>(const NetworkConfig &)> &refs);

/// Returns port_flags (XOVL_PORT_…) with the flags that depend on the interface updated from device.
uint16_t with_device(uint16_t port_flags, const xovl_device &device);

/// Returns how a peer is reached.
PeerConfig peer_config(const xovl_peer &peer);

/// Changes the maps from current to desired, in an order in which no frame goes to a wrong place. update_fdb is called
/// when everything that new FDB entries refer to exists, and nothing has been removed yet that old entries refer to.
/// Throws Error(System) if the kernel refuses.
void write_tables(const Maps &maps, const Tables &current, const Tables &desired,
		  const std::function<void()> &update_fdb);

/// Makes a peer a member of a network, in maps and tables, for a static FDB entry that will refer to it. It must not be
/// a member yet. Throws Error(Request) if there are too many peers, members or tunnels (limits).
void join_network(const Maps &maps, Tables &tables, const XfrmPolicies &policies, uint32_t net_index,
		  const PeerConfig &peer);

/// Returns tables with what that peer adds, the peer and its ways in, and the vteps and devices as they are.
Tables joining_tables(const Tables &tables, const XfrmPolicies &policies, uint32_t net_index, const PeerConfig &peer);

/// True if packets from the peer already reach the network. config: to_config() of that network.
bool has_ways_in(const Tables &tables, uint32_t net_index, const Config &config, const PeerConfig &peer);

} // namespace xovl

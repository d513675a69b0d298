// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The contents of the maps as a whole, but for the FDB: read, made from a configuration, written as a difference.
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
	Limits limits; ///< what there is room for
	xovl_settings settings{};
	Image<xovl_addr, xovl_vtep> vteps;
	Image<xovl_endpoint_key, xovl_endpoint> endpoints;
	Image<xovl_tunnel_key, xovl_tunnel> tunnels;
	GenevePorts geneve_ports{};
	xovl_host host{};
	Image<xovl_options_key, xovl_options> options;
	Image<xovl_port_key, xovl_port_ref> ports;
	Image<xovl_member_key, xovl_member> members;
	Image<xovl_flood_key, uint32_t> floods;
	Image<uint32_t, xovl_device> devices;
	std::vector<xovl_port> port_table;
	std::vector<xovl_network> networks;
	std::vector<xovl_peer> peers;

	/// The indexes of all networks by their names, which must not be changed meanwhile.
	std::unordered_map<std::string_view, uint32_t> network_indexes() const;
	/// The index of a port of any network; nullopt: there is none.
	std::optional<uint32_t> find_port(const std::string &dev, uint16_t vid) const;
	/// An uplink, or what has ports. nullptr: there is none of that name.
	const std::pair<uint32_t, xovl_device> *find_device(const std::string &name) const;
};

/// Interfaces of this network namespace that a configuration needs.
struct Interfaces {
	std::map<std::string, uint32_t> ifindex; ///< of every device in it
	std::vector<VlanLink> vlans;             ///< where an uplink has a VLAN: all there are
};

Tables read_tables(const Maps &maps);

/// The configuration that the tables were made from, without limits and FDB entries.
Config to_config(const Tables &tables);
/// As much of it as FDB entries of one network need: the vteps, what that network is known by, and its ports.
Config to_config(const Tables &tables, uint32_t net_index);

/// What the maps must hold for wanted (which is valid). Indexes of what current has already are kept.
/// refs counts the static FDB entries of a network of that name.
/// Device records are those of current; new ones, and those that have to be attached anew, are not attached (XOVL_MODE_AUTO).
/// Error(Request): a table is full (limits).
Tables make_tables(const Config &wanted, const Tables &current, const Interfaces &interfaces,
		   const std::function<std::map<Address, uint32_t>(const NetworkConfig &)> &refs);

/// The flags of a port (XOVL_PORT_…), those that depend on its interface as that is now.
uint16_t with_device(uint16_t port_flags, const xovl_device &device);

/// How a peer is reached.
PeerConfig peer_config(const xovl_peer &peer);

/// Change the maps from current to desired in an order in which no frame is sent where it should not go. update_fdb is called
/// when everything that new FDB entries refer to is there, and what is to go is not gone yet.
void write_tables(const Maps &maps, const Tables &current, const Tables &desired,
		  const std::function<void()> &update_fdb);

/// Make a peer, to which a static FDB entry will refer, a member of a network, in maps and tables. It must not be one.
/// Error(Request): there are too many peers, members or tunnels (limits).
void join_network(const Maps &maps, Tables &tables, const XfrmPolicies &policies, uint32_t net_index,
		  const PeerConfig &peer);

/// What is new with that peer: it and its ways in; beside them vteps and devices as they are.
Tables joining_tables(const Tables &tables, const XfrmPolicies &policies, uint32_t net_index, const PeerConfig &peer);

/// Whether packets of a peer would arrive in a network already. config: to_config() of that one.
bool has_ways_in(const Tables &tables, uint32_t net_index, const Config &config, const PeerConfig &peer);

} // namespace xovl

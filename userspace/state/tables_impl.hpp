// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Functions shared by making all tables and by adding one member.
#pragma once

#include <tuple>

#include "state/tables.hpp"

namespace xovl {

/// Returns the record of a peer of net, without serial number. Throws Error(Request) if there is no local address of
/// its family.
xovl_peer make_peer(const NetworkConfig &net, const std::vector<VtepConfig> &vteps, const PeerConfig &peer);

/// Returns the key that distinguishes peers: both addresses, encapsulation, port, and the way their packets are carried.
inline auto identity(const xovl_peer &peer)
{
	return std::tuple(Address(peer.remote), Address(peer.local), peer.encap, peer.dstport, peer.via,
			  peer.flags & XOVL_PEER_ENCRYPTED);
}

/// Returns the record of a network, without its flood list.
xovl_network make_network(const NetworkConfig &net, uint32_t order);
/// Returns the network's name, encapsulation, identifier and the settings of how peers are reached. All other settings
/// are at their defaults.
NetworkConfig network_identity(const xovl_network &net);
/// Returns the configuration of the network at index, without ports, flood list and peers.
NetworkConfig network_config(const Tables &tables, uint32_t index);

/// Deletes the counters of drops (drop_places) for which is_other returns true: their indexes get another meaning.
void forget_drops(const Maps &maps, const std::function<bool(const xovl_drop_key &)> &is_other);

/// Adds the GENEVE options that a network or a port needs, as its flags say.
void add_options(Tables &tables, const NetworkConfig &net, uint32_t net_index);
void add_options(Tables &tables, const PortConfig &port, uint32_t port_index);
/// Returns the options of a network or port.
std::vector<GeneveOption> sent_options(const Tables &tables, xovl_options_use use, uint32_t index);

/// Adds the MACs and prefixes of a guarded port.
void add_guards(Tables &tables, const PortConfig &port, uint32_t port_index);
/// Return the MAC or prefix of a key.
Mac guard_mac(const xovl_port_mac &key);
Prefix guard_prefix(const xovl_port_prefix &key);
/// Deletes what ports that stay guarded may send no more. (What other ports have is deleted last: while their records still
/// have the guard, an empty list would let nothing pass.)
void revoke_guards(const Maps &maps, const Tables &current, const Tables &desired);
/// Returns the XOVL_PORT_… of a port's settings. of_device: number of ports of its interface.
uint16_t port_flags(const PortConfig &port, int of_device);

/// How packets of a network arrive: with its own encapsulation, or a peer's.
struct TunnelKind {
	xovl_encap encap;
	__be16 dstport; ///< network byte order; 0 for encapsulations without UDP

	TunnelKind(xovl_encap of, uint16_t port);

	auto operator<=>(const TunnelKind &) const = default;
};

/// Combines two endpoints with the same key: the larger device and pmtu_floor. a may be empty.
xovl_endpoint either(const xovl_endpoint &a, const xovl_endpoint &b);

/// Adds the tunnels and endpoints for a kind, at each local address of the network, and the GENEVE port. port_options:
/// octets of the options of one port, at most.
void add_ways_in(Tables &tables, const NetworkConfig &net, uint32_t net_index, const std::vector<VtepConfig> &vteps,
		 const TunnelKind &kind, size_t port_options);

} // namespace xovl

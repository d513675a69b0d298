// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What making tables whole and adding to them share.
#pragma once

#include <tuple>

#include "state/tables.hpp"

namespace xovl {

/// The peer of net, without a serial number. Error(Request): there is no local address of its family.
xovl_peer make_peer(const NetworkConfig &net, const std::vector<VtepConfig> &vteps, const PeerConfig &peer);

/// The address that packets have on both ends, what they are like, and how they are carried: by that peers are told apart.
inline auto identity(const xovl_peer &peer)
{
	return std::tuple(Address(peer.remote), Address(peer.local), peer.encap, peer.dstport, peer.via,
			  peer.flags & XOVL_PEER_ENCRYPTED);
}

/// A network's record, but for its flood list.
xovl_network make_network(const NetworkConfig &net, uint32_t order);
/// What a network is known by, here and on the wire, and how its peers are reached: all else has its default.
NetworkConfig network_identity(const xovl_network &net);
/// The network at index as it was, without ports, flood list and peers.
NetworkConfig network_config(const Tables &tables, uint32_t index);

/// Forget where drops were counted that are for other objects from now on.
void forget_drops(const Maps &maps, const std::function<bool(const xovl_drop_key &)> &is_other);

/// Add the options that a network or a port needs, as their flags say.
void add_options(Tables &tables, const NetworkConfig &net, uint32_t net_index);
void add_options(Tables &tables, const PortConfig &port, uint32_t port_index);
/// Those of a network or port.
std::vector<GeneveOption> sent_options(const Tables &tables, xovl_options_use use, uint32_t index);

/// How packets of a network arrive: from the network's own encapsulation, or a peer's.
struct TunnelKind {
	xovl_encap encap;
	__be16 dstport; ///< 0 of encapsulations without UDP

	TunnelKind(xovl_encap of, uint16_t port);

	auto operator<=>(const TunnelKind &) const = default;
};

/// The endpoint of the packets of both. a: empty where there is none.
xovl_endpoint either(const xovl_endpoint &a, const xovl_endpoint &b);

/// Add tunnels and endpoints of a kind, at each local address that the network has, and the GENEVE port. port_options: octets of
/// those of one port, at most.
void add_ways_in(Tables &tables, const NetworkConfig &net, uint32_t net_index, const std::vector<VtepConfig> &vteps,
		 const TunnelKind &kind, size_t port_options);

} // namespace xovl

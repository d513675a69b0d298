// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What networks receive: the kinds, UDP ports and identifiers by which a packet finds its network.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "config/config.hpp"

namespace xovl {

/// Error(Request): not a port, or one where the encapsulation has none.
void check_dstport(xovl_encap encap, uint16_t dstport);

/// All peers of a network have its identifier. Error(Request): that of net is none of the peer's encapsulation.
void check_peer_id(const NetworkConfig &net, const PeerConfig &peer);

/// Two networks can look the same on the wire only at different local addresses, and a UDP port is of one kind.
class Receivers {
public:
	/// A network, which must live as long, receives what is encapsulated so. Error(Request): it could be for another one.
	void add(const NetworkConfig &net, xovl_encap encap, uint16_t dstport);

private:
	struct Receiver {
		const NetworkConfig *net;
		xovl_encap encap;
	};
	/// What packets have in common that could be mistaken for each other: the kind (gre of NVGRE, too), the UDP port, and
	/// the identifier, of GRE the upper 24 bits of the key; nullopt: no key.
	using WireId = std::tuple<xovl_encap, uint16_t, std::optional<uint32_t>>;

	static WireId wire_id(xovl_encap encap, uint16_t dstport, std::optional<uint32_t> id);
	void claim_port(const Receiver &receiver, uint16_t dstport);

	std::map<WireId, std::vector<Receiver>> receivers_;
	std::map<uint16_t, Receiver> udp_ports_; ///< the first one at each
};

} // namespace xovl

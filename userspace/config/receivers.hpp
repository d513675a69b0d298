// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The encapsulations, UDP ports and identifiers that networks receive, checked for collisions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "config/config.hpp"

namespace xovl {

/// Throws Error(Request) if dstport is out of range, or given for an encapsulation without UDP.
void check_dstport(xovl_encap encap, uint16_t dstport);

/// A network uses the same identifier with all its peers. Throws Error(Request) if it is not valid for the peer's
/// encapsulation.
void check_peer_id(const NetworkConfig &net, const PeerConfig &peer);

/// Ensures that a received packet belongs to one network at most. Two networks may look alike on the wire only if their
/// local addresses differ, and each UDP port has one encapsulation.
class Receivers {
public:
	/// Adds what a network receives. net must outlive this object. Throws Error(Request) if its packets could be
	/// taken for those of another network.
	void add(const NetworkConfig &net, xovl_encap encap, uint16_t dstport);

private:
	struct Receiver {
		const NetworkConfig *net;
		xovl_encap encap;
	};
	/// Equal for packets that could be mistaken for each other: encapsulation (NVGRE counts as GRE), UDP port, and
	/// identifier (for GRE the upper 24 bits of the key, as NVGRE's VSID; nullopt: no key).
	using WireId = std::tuple<xovl_encap, uint16_t, std::optional<uint32_t>>;

	static WireId wire_id(xovl_encap encap, uint16_t dstport, std::optional<uint32_t> id);
	void claim_port(const Receiver &receiver, uint16_t dstport);

	std::map<WireId, std::vector<Receiver>> receivers_;
	std::map<uint16_t, Receiver> udp_ports_; ///< the first receiver at each port
};

} // namespace xovl

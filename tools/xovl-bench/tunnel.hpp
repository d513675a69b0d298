// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The encapsulations that are measured: what a file says of them, and their packets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "packet.hpp"

namespace xovl::bench {

inline constexpr uint32_t kVni = 100; ///< or VSID, or GRE key

struct Tunnel {
	std::string encap = "vxlan"; ///< as files have it
	unsigned options = 0;        ///< octets of GENEVE options, their headers included; a multiple of 4, at most 64
	bool csum = false;           ///< outer checksums, of UDP or GRE, are sent; NVGRE has none

	/// "geneve-opt32"
	std::string name() const;
	/// Keys and values of a network in a file.
	std::string keys() const;
	/// What stands between the outer IP header and the tenant's frame. sport: of UDP
	test::Packet headers(uint16_t sport) const;
};

/// VXLAN, and those that are compared with it; options: of GENEVE, how many octets.
std::vector<Tunnel> tunnels(const std::vector<unsigned> &options);

} // namespace xovl::bench

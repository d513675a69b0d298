// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The encapsulations that are measured: their keys in a file, and their packets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "packet.hpp"

namespace xovl::bench {

inline constexpr uint32_t kVni = 100; ///< VNI, VSID or GRE key

struct Tunnel {
	std::string encap = "vxlan"; ///< as in files
	unsigned options = 0;        ///< octets of GENEVE options with their headers; a multiple of 4, at most 64
	bool csum = false;           ///< send outer UDP or GRE checksums; NVGRE has none

	/// Returns a name such as "geneve-opt32".
	std::string name() const;
	/// Returns the keys and values of a network in a file.
	std::string keys() const;
	/// Returns the headers between the outer IP header and the tenant's frame. sport: UDP source port.
	test::Packet headers(uint16_t sport) const;
};

/// Returns VXLAN and the other encapsulations. options: lengths of GENEVE options in octets, one tunnel for each.
std::vector<Tunnel> tunnels(const std::vector<unsigned> &options);

} // namespace xovl::bench

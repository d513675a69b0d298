// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Trunk ports: many VLANs of an interface as ports, each in a network that is found, or made, by rule.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.hpp"

namespace xovl {

/// Parses "100-199,300" into VLAN IDs, in order. Throws Error(Request) if one is out of range or given twice, or a range
/// ends before it begins.
std::vector<uint16_t> parse_vids(std::string_view text);

struct TrunkConfig {
	PortConfig port; ///< interface and settings of all its ports
	std::vector<uint16_t> vids;
	uint16_t native = 0;   ///< the VLAN of untagged frames; 0: none
	uint32_t vni_base = 0; ///< VLAN v belongs to the network with the identifier vni_base + v
	xovl_encap encap = XOVL_ENCAP_VXLAN;
	std::vector<Address> flood; ///< flood list of networks that are made
};

/// A port that was made: the positions of its network and of itself.
using MadePort = std::pair<size_t, size_t>;

/// Adds the trunk's ports to config. VLAN v goes into the network with encapsulation trunk.encap and identifier
/// vni_base + v; if there is none, it is made, with the name "vniN". Throws Error(Request) if the native VLAN is in the list,
/// an identifier is out of range, or a name is taken.
std::vector<MadePort> add_trunk(Config &config, const TrunkConfig &trunk);

} // namespace xovl

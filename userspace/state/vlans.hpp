// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Tagged uplinks and the kernel's VLAN interfaces over them, to which the routes lead. They are looked for when the configuration
// changes: the device records know those that were there then.
#pragma once

#include <string>
#include <vector>

#include "state/tables.hpp"

namespace xovl {

/// The VLAN interface that is known over an uplink; nullptr: none, or the uplink is untagged.
const std::pair<uint32_t, xovl_device> *vlan_over(const Tables &tables, uint32_t uplink);

/// What is wrong with the way over an uplink, which has a record, and what would be right; empty: nothing. vlans: all there are.
std::string vlan_note(const Tables &tables, uint32_t uplink, const std::vector<VlanLink> &vlans);

/// A line for each VLAN interface that comes or goes over an uplink that stays as it is: "+ uplink eth0 via eth0.200".
std::vector<std::string> describe_vlans(const Tables &current, const Tables &desired);

} // namespace xovl

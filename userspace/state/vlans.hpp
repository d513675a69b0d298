// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Tagged uplinks, and the kernel's VLAN interfaces over them, to which the routes lead. VLAN interfaces are looked for
// only when the configuration changes; the device records have those found then.
#pragma once

#include <string>
#include <vector>

#include "state/tables.hpp"

namespace xovl {

/// Returns the recorded VLAN interface over an uplink; nullptr if there is none or the uplink is untagged.
const std::pair<uint32_t, xovl_device> *vlan_over(const Tables &tables, uint32_t uplink);

/// Returns what is wrong with the VLAN interface over a recorded uplink, and the remedy; empty if nothing is. vlans:
/// all VLAN interfaces.
std::string vlan_note(const Tables &tables, uint32_t uplink, const std::vector<VlanLink> &vlans);

/// Returns a line for each VLAN interface that comes or goes over an uplink that does not change: "+ uplink eth0 via
/// eth0.200".
std::vector<std::string> describe_vlans(const Tables &current, const Tables &desired);

} // namespace xovl

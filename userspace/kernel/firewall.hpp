// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Firewall rules of the host that name our tunnel packets: nftables, and iptables on top of nftables. Packets that the
// datapath carries bypass these rules.
#pragma once

#include <string>
#include <vector>

#include "kernel/tunnel_flow.hpp"

namespace xovl {

/// Returns the nftables rules of this network namespace as JSON from libnftables; empty if the kernel has no nftables
/// or does not permit reading.
std::string read_nft_rules();

/// Returns the tables of legacy iptables in use: "filter, nat". Their rules cannot be read.
std::string legacy_tables();

/// Returns which properties of the flows the rules name, and in which chains: "UDP port 4789 (inet t input)", at most
/// three of each. Empty if there are none. rules: from read_nft_rules(). A rule can name a port or an address as a
/// single value, in a range or prefix, or in a set.
std::string named_by_rules(const std::string &rules, const TunnelFlows &flows);

} // namespace xovl

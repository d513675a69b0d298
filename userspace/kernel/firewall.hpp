// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Rules of the host's firewall (nftables, and iptables that is made of it) that name tunnel packets, which never meet them.
#pragma once

#include <string>
#include <vector>

#include "kernel/tunnel_flow.hpp"

namespace xovl {

/// The rules of this network namespace as libnftables tells them in JSON; empty where this kernel has no nftables, or nobody may ask.
std::string read_nft_rules();

/// The tables of legacy iptables that are in use: "filter, nat". Their rules cannot be read.
std::string legacy_tables();

/// What rules name of the flows, and the chains where they stand: "UDP port 4789 (inet t input)"; a few of many. Empty: nothing.
/// rules: of read_nft_rules(). A rule names a port or an address by itself, by a range or prefix, or by a set.
std::string named_by_rules(const std::string &rules, const TunnelFlows &flows);

} // namespace xovl

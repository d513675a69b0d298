// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What making tables whole and adding to them share.
#pragma once

#include "tables.hpp"

namespace xovl {

inline constexpr const char *kPeersText = "peers";
inline constexpr const char *kMembersText = "members (pairs of network and peer)";

/// Error(Request) where count is more than there is room for.
void check_count(size_t count, size_t most, const char *what);

/// The peer that remote is for net, without a generation. Error(Request): there is no local address of its family.
xovl_peer make_peer(const NetworkConfig &net, const std::vector<VtepConfig> &vteps, const Address &remote);

/// Peers have the same prepared header exactly when they are the same.
inline int compare_peers(const xovl_peer &a, const xovl_peer &b)
{
	return std::memcmp(a.outer, b.outer, sizeof(a.outer));
}

} // namespace xovl

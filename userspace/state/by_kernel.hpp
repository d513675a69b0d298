// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Peers whose packets the kernel carries, by its tunnel devices: its routes, IPsec policies and netfilter hold for them.
#pragma once

#include <optional>

#include "kernel/xfrm.hpp"
#include "state/tables.hpp"

namespace xovl {

/// Whether nothing goes to a peer in the clear.
bool requires_encryption(const xovl_peer &peer);

/// Whether the kernel has to carry packets to or from a peer, whatever its route is.
bool needs_kernel(const xovl_peer &peer);

/// Whether nothing has to be made for a peer that the kernel carries, but for its record.
bool kernel_way_is_ready(const Tables &tables, const xovl_peer &peer);

/// Whether the kernel carries what is sent to the peer, as userspace saw last. The datapath also follows policies that came since.
bool goes_by_kernel(const Tables &tables, const xovl_peer &peer);

/// Fill in what the host says of a peer: which IPsec policies are for its packets, and what the kernel's way to it takes.
void note_kernel_way(const Tables &tables, const XfrmPolicies &policies, xovl_peer &peer);

/// The same for all peers, and tables.host.
void note_kernel_ways(const XfrmPolicies &policies, Tables &tables);

/// The largest packet that the kernel itself sends to a UDP port without fragments, octets, outer IP header included: by its route, less
/// what an IPsec policy adds. nullopt: there is no way.
std::optional<uint32_t> kernel_path_mtu(const Address &from, const Address &to, uint16_t dstport);

} // namespace xovl

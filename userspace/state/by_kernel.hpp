// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Peers whose packets the kernel carries through its tunnel devices. The kernel's routes, IPsec policies and netfilter
// apply to these packets.
#pragma once

#include <optional>

#include "kernel/xfrm.hpp"
#include "state/tables.hpp"

namespace xovl {

/// True if no cleartext packets may be sent to the peer.
bool requires_encryption(const xovl_peer &peer);

/// True if the kernel must carry packets to or from the peer, whatever its route is.
bool needs_kernel(const xovl_peer &peer);

/// True if everything that a peer carried by the kernel needs exists already, except the peer's record: tunnel device,
/// guards, host record.
bool kernel_way_is_ready(const Tables &tables, const xovl_peer &peer);

/// True if the kernel carries what is sent to the peer, as far as userspace knew at the last command. The datapath also
/// follows policies added since.
bool goes_by_kernel(const Tables &tables, const xovl_peer &peer);

/// Fills in the parts of a peer's record that depend on the host: which IPsec policies apply, and the MTU of the
/// kernel's way to the peer.
void note_kernel_way(const Tables &tables, const XfrmPolicies &policies, xovl_peer &peer);

/// Does the same for all peers, and fills in tables.host.
void note_kernel_ways(const XfrmPolicies &policies, Tables &tables);

/// Returns the size of the largest packet that the kernel sends to a UDP port without fragmentation, in octets with the
/// outer IP header: the MTU of the route, less what an IPsec policy adds. nullopt if there is no route.
std::optional<uint32_t> kernel_path_mtu(const Address &from, const Address &to, uint16_t dstport);

} // namespace xovl

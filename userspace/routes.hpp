// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the kernel's routes say of the ways to peers, and the forwarding of lo, which the datapath's look-ups need.
#pragma once

#include <cstdint>

#include "tables.hpp"

namespace xovl {

/// net.ipv4|ipv6.conf.lo.forwarding; a missing IPv6 reads as off.
bool lo_forwarding(bool ipv6);

/// net.ipv4|ipv6.conf.all.forwarding: who sets it sets that of lo, too.
bool all_forwarding(bool ipv6);

/// Returns whether it is as wanted now. It may not be: read-only /proc/sys, no IPv6.
bool set_lo_forwarding(bool ipv6, bool on);

/// Let the loopback device forward: again where somebody reset it.
void keep_lo_forwarding();

/// The interface that the route to a peer leads to: one of the uplinks, or the VLAN interface over one. The first one where the
/// route leads elsewhere. 0: there is no uplink.
uint32_t routed_to(const Tables &tables, const xovl_peer &peer);

/// routed_to() for all peers where it is not known or may have changed: the datapath keeps it up to date while lo forwards.
void note_routes(Tables &tables);

} // namespace xovl

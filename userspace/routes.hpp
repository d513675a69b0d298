// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the kernel's routes say of the ways to peers, and the forwarding of lo, which the datapath's look-ups need.
#pragma once

#include <cstdint>
#include <string>

#include "tables.hpp"

namespace xovl {

/// net.ipv4|ipv6.conf.lo.forwarding; a missing IPv6 reads as off.
bool lo_forwarding(bool ipv6);

/// net.ipv4|ipv6.conf.all.forwarding: who sets it sets that of lo, too.
bool all_forwarding(bool ipv6);

/// Returns whether it is as wanted now. It may not be: read-only /proc/sys, no IPv6.
bool set_lo_forwarding(bool ipv6, bool on);

/// The reverse path filtering of IPv4 that holds at an interface of this network namespace: the larger one of
/// net.ipv4.conf.all.rp_filter and net.ipv4.conf.DEV.rp_filter (ip-sysctl).
xovl_rp_filter rp_filter_sysctl(const std::string &dev);

/// Let the loopback device forward: again where somebody reset it.
void keep_lo_forwarding();

/// Whether it is an address of this host, by the kernel's tables.
bool address_is_here(const Address &address);

/// Fill in the way to a peer: routed, several, gateway. Where its route leads to none of the uplinks, nor to a VLAN interface over
/// one, it is the first uplink's.
void note_route(const Tables &tables, xovl_peer &peer);

/// The same for all peers of which it is not known or may have changed: while lo forwards, the datapath follows routes itself.
void note_routes(Tables &tables);

} // namespace xovl

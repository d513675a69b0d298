// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The sysctls of the network stack that xovl reads: forwarding, which the datapath's look-ups need of lo, and reverse path filtering.
#pragma once

#include <string>

#include "xovl/maps.h"

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

} // namespace xovl

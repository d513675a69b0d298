// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The sysctls of the network stack that xovl uses: the forwarding of lo, which bpf_fib_lookup() needs, and reverse path
// filtering.
#pragma once

#include <string>

#include "xovl/maps.h"

namespace xovl {

/// Returns net.ipv4.conf.lo.forwarding or its IPv6 twin. False if the kernel has no IPv6.
bool lo_forwarding(bool ipv6);

/// Returns net.ipv4.conf.all.forwarding or its IPv6 twin. Writing it also sets the forwarding of lo.
bool all_forwarding(bool ipv6);

/// Returns true if the forwarding of lo is now as wanted. It cannot be set if /proc/sys is read-only (IPv6) or the
/// kernel has no IPv6.
bool set_lo_forwarding(bool ipv6, bool on);

/// Returns the effective IPv4 reverse path filtering of an interface: the larger of net.ipv4.conf.all.rp_filter and
/// net.ipv4.conf.DEV.rp_filter (ip-sysctl).
xovl_rp_filter rp_filter_sysctl(const std::string &dev);

/// Switches the forwarding of lo on for both families, in case it has been reset.
void keep_lo_forwarding();

} // namespace xovl

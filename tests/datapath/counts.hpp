// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Counters of an overlay by name, for comparison in tests.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "overlay/overlay.hpp"

namespace xovl::test {

/// Nonzero counters by name: "net blue rx_packets", "peer 192.0.2.2 tx_bytes", "drop vni_unknown packets".
using Counts = std::map<std::string, uint64_t>;

Counts operator+(Counts a, const Counts &b);
/// Returns the counters summed over all CPUs.
Counts counts_of(const Counters &counters);

} // namespace xovl::test

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The path MTUs that routers reported to the datapath.
#pragma once

#include <functional>

#include "bpf/datapath.hpp"
#include "config/types.hpp"

namespace xovl {

/// The key of a peer's entry.
xovl_pmtu_key pmtu_key(const xovl_peer &peer);

/// How many more seconds what it says is in force; 0: it is not.
uint32_t seconds_left(const xovl_pmtu &pmtu);

/// Forget what routers said of these paths; returns of how many.
size_t forget_pmtus(const Maps &maps, const std::function<bool(const xovl_pmtu_key &)> &which);

} // namespace xovl

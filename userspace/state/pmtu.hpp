// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The path MTUs that routers reported to the datapath (map pmtus).
#pragma once

#include <functional>

#include "bpf/datapath.hpp"
#include "config/types.hpp"

namespace xovl {

/// Returns the key of a peer's element.
xovl_pmtu_key pmtu_key(const xovl_peer &peer);

/// Returns the number of seconds for which the report is still in force; 0 if it is not.
uint32_t seconds_left(const xovl_pmtu &pmtu);

/// Forgets the reports for the selected paths. Returns how many were in force.
size_t forget_pmtus(const Maps &maps, const std::function<bool(const xovl_pmtu_key &)> &which);

} // namespace xovl

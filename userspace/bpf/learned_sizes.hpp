// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Initial contents and size of the maps that count learned FDB entries.
#pragma once

#include <cstdint>

#include "xovl/learned.h"

namespace xovl {

/// Returns the initial element of learned_all, with random seeds. Throws Error(System) if there are no random numbers.
xovl_learned_all learned_nothing(uint32_t fdb_limit);

/// Returns the number of sets in the map `learned` for an FDB limit.
uint32_t learned_sets(uint32_t fdb_limit);

} // namespace xovl

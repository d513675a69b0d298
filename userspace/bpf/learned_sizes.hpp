// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The account of learned FDB entries before anything is learned, and its size.
#pragma once

#include <cstdint>

#include "xovl/learned.h"

namespace xovl {

/// What the account is before anything is configured.
xovl_learned_all learned_nothing(uint32_t fdb_limit);

/// How many sets there are for an FDB of that size.
uint32_t learned_sets(uint32_t fdb_limit);

} // namespace xovl

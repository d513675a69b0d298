// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The outer headers of the packets to a peer, prepared once.
#pragma once

#include "xovl/maps.h"

namespace xovl {

/// Fills in outer and outer_len from the peer's addresses, port and encapsulation (RFC 7348 section 5; UDP checksum 0:
/// RFC 6935). What differs from packet to packet is left open, as xovl/maps.h says.
void prepare_outer(xovl_peer &peer);

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The ways to peers, noted in their records.
#pragma once

#include "state/tables.hpp"

namespace xovl {

/// Fill in the way to a peer: routed, several, gateway. Where its route leads to none of the uplinks, nor to a VLAN interface over
/// one, it is the first uplink's.
void note_route(const Tables &tables, xovl_peer &peer);

/// The same for all peers of which it is not known or may have changed: while lo forwards, the datapath follows routes itself.
void note_routes(Tables &tables);

} // namespace xovl

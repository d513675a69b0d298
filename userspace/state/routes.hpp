// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Writes the kernel's routes to peers into the peers' records.
#pragma once

#include "state/tables.hpp"

namespace xovl {

/// Fills in the fields routed, several and gateway of a peer. If the route leads to no uplink, nor to a VLAN interface
/// over one, routed is the first uplink.
void note_route(const Tables &tables, xovl_peer &peer);

/// Does the same for all peers whose way is unknown or may have changed. While lo forwards, the datapath follows routes
/// itself.
void note_routes(Tables &tables);

} // namespace xovl

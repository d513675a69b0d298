// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The tunnel packets of an overlay as flows.
#pragma once

#include "kernel/tunnel_flow.hpp"
#include "state/tables.hpp"

namespace xovl {

/// Returns the flow of packets to and from a peer.
TunnelFlow flow_of(const xovl_peer &peer);

/// Returns the flows of all peers and endpoints.
TunnelFlows tunnel_flows(const Tables &tables);

} // namespace xovl

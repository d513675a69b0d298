// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The tunnel packets of an overlay.
#pragma once

#include "kernel/tunnel_flow.hpp"
#include "state/tables.hpp"

namespace xovl {

TunnelFlow flow_of(const xovl_peer &peer);

/// Those of all peers and endpoints.
TunnelFlows tunnel_flows(const Tables &tables);

} // namespace xovl

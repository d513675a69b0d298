// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Who may carry packets: the kernel carries what is UDP, and xovl itself encrypts nothing.
#pragma once

#include "config/config.hpp"

namespace xovl {

/// Each: Error(Request) where the network, or the peer, cannot be as it says. A network that is not UDP says nothing of it: its peers that are
/// do so themselves.
void check_via(const NetworkConfig &net);
void check_require(const NetworkConfig &net);
void check_via(const PeerConfig &peer);
void check_require(const PeerConfig &peer);

} // namespace xovl

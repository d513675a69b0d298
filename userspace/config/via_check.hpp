// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Rules for the settings `via` and `require`. The kernel's tunnel devices carry UDP encapsulations only, and xovl
// itself does not encrypt.
#pragma once

#include "config/config.hpp"

namespace xovl {

/// Each throws Error(Request) if the setting is not possible for this network or peer. A network without UDP must leave
/// both at their defaults; its peers over UDP can set their own.
void check_via(const NetworkConfig &net);
void check_require(const NetworkConfig &net);
void check_via(const PeerConfig &peer);
void check_require(const PeerConfig &peer);

} // namespace xovl

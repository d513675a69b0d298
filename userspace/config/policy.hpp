// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Properties of a network that follow from several of its settings.
#pragma once

#include <set>
#include <string>

#include "config/settings.hpp"

namespace xovl {

/// Returns the GENEVE options that the network knows: those that it, or one of its ports, sends or requires.
std::set<OptionKind> known_options(const NetworkConfig &net);

/// Returns the setting that gives each packet its own GRE checksum or sequence number: "csum" or "seq"; nullptr if
/// neither is on.
const char *numbering_policy(const NetworkConfig &net);

/// Returns the encapsulations of the network and its peers.
Encaps encaps_in_use(const NetworkConfig &net);

/// Returns "vxlan or geneve".
std::string names_of(Encaps encaps);

} // namespace xovl

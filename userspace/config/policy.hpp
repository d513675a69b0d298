// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the settings of a network mean together.
#pragma once

#include <set>
#include <string>

#include "config/settings.hpp"

namespace xovl {

/// Those GENEVE options that the network or one of its ports sends or requires: it knows them.
std::set<OptionKind> known_options(const NetworkConfig &net);

/// The word for what gives each packet something of its own, a checksum or a number; nullptr: nothing does.
const char *numbering_policy(const NetworkConfig &net);

/// That of the network, and those of its peers.
Encaps encaps_in_use(const NetworkConfig &net);

/// "vxlan or geneve"
std::string names_of(Encaps encaps);

} // namespace xovl

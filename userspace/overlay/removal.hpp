// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Removal of a state: that of this network namespace, and those of network namespaces that are gone.
#pragma once

#include <string>
#include <vector>

#include "bpf/pins.hpp"

namespace xovl {

/// Detaches everything and removes all pins of xovl, whatever version made them and whether or not they are complete.
/// The folder and its lock stay. Throws Error(System) if something cannot be read or removed; then take_down() can be
/// called again.
void take_down(WritablePinDir &dir);

struct StaleStates {
	std::vector<std::string> removed; ///< names of pin folders
	std::vector<std::string> kept;    ///< folders that may be stale but stay, with the reason
	std::vector<std::string> unseen;  ///< folders that could not be read or removed, with the reason
};

/// Removes the states of network namespaces that are gone. Throws Error(Request) or Error(System) if the pin root
/// cannot be read.
StaleStates sweep_stale(const std::string &root);

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// How a state leaves the machine: that of this network namespace, and those of namespaces that are gone.
#pragma once

#include <string>
#include <vector>

#include "bpf/pins.hpp"

namespace xovl {

/// Detach everything and remove every pin, whatever version of xovl made them, complete or not; the folder and its lock stay.
/// Error(System): something cannot be seen or refuses; what is left can be taken down again.
void take_down(WritablePinDir &dir);

struct StaleStates {
	std::vector<std::string> removed; ///< names of folders
	std::vector<std::string> kept;    ///< with the reason why each may be stale and stays
	std::vector<std::string> unseen;  ///< the same of those that could not be looked at or refused
};

/// Remove the states of namespaces that are gone.
StaleStates sweep_stale(const std::string &root);

} // namespace xovl

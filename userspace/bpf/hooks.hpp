// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What runs when a frame arrives at an interface, or leaves it: our programs, those of others, and their order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bpf/attach.hpp"

namespace xovl {

struct HookProgram {
	std::string name;      ///< of the program; of a clsact filter without one its kind ("flower")
	uint32_t id = 0;       ///< of the program; 0: a clsact filter without one
	uint32_t priority = 0; ///< clsact only
	bool own = false;
};

/// In the order in which they run. Any of them can end the way of a frame, which no list tells.
struct Hooks {
	std::vector<HookProgram> xdp; ///< the dispatcher's where there is one
	std::vector<HookProgram> tcx_ingress;
	std::vector<HookProgram> clsact_ingress; ///< filters
	std::vector<HookProgram> tcx_egress;
	std::vector<HookProgram> clsact_egress;
};

/// own: what tells ours at TC. The interface is gone: nothing.
Hooks hooks_of(uint32_t ifindex, const TcOwn &own);

} // namespace xovl

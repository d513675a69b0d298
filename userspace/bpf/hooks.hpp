// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The programs that run when a frame arrives at an interface or leaves it, ours and others, in their order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bpf/attach.hpp"

namespace xovl {

struct HookProgram {
	std::string name;      ///< name of the program; for a clsact filter without program, its kind ("flower")
	uint32_t id = 0;       ///< ID of the program; 0: clsact filter without program
	uint32_t priority = 0; ///< clsact only
	bool own = false;
};

/// The programs of an interface, in the order in which they run. Each of them can drop or redirect a frame; the lists
/// do not show that.
struct Hooks {
	std::vector<HookProgram> xdp; ///< with a dispatcher, the programs that it calls
	std::vector<HookProgram> tcx_ingress;
	std::vector<HookProgram> clsact_ingress; ///< all filters, also those without program
	std::vector<HookProgram> tcx_egress;
	std::vector<HookProgram> clsact_egress;
};

/// Returns the programs at all hooks of an interface; all empty if it is gone. own: identifies our TC programs. Throws
/// Error(System) if the kernel refuses.
Hooks hooks_of(uint32_t ifindex, const TcOwn &own);

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Entering a network namespace (xovl -n NETNS).
#pragma once

#include <string>

namespace xovl {

/// Enters a network namespace; other kinds of namespaces stay. netns: a name of ip-netns(8), a path or a process ID.
/// Throws Error(Request) if there is none, and Error(System) if the kernel refuses.
void enter_netns(const std::string &netns);

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <string>

namespace xovl {

/// Enters a network namespace, and no other kind of namespace: netns is a name of `ip netns`, a path or a process id.
/// Error(Request) where there is none, Error(System) where the kernel refuses.
void enter_netns(const std::string &netns);

} // namespace xovl

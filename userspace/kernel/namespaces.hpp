// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Enumerates the network namespaces of this machine.
#pragma once

#include <functional>

namespace xovl {

/// Calls visit in each network namespace except the current one, then returns to it. The namespaces are those of all
/// processes, and those mounted where ip-netns(8) and container engines mount them. Namespaces that cannot be entered
/// are left out. Throws Error(System) if it cannot return.
void for_each_other_netns(const std::function<void()> &visit);

} // namespace xovl

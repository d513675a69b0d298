// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The network namespaces of this machine.
#pragma once

#include <functional>

namespace xovl {

/// Run visit in each network namespace but the present one that a process is in or that is mounted where ip-netns(8) and container
/// engines do; then come back. Namespaces that may not be entered are left out. Error(System): there is no way back.
void for_each_other_netns(const std::function<void()> &visit);

} // namespace xovl

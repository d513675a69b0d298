// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What this process may ask of the kernel.
#pragma once

#include <string>

namespace xovl {

/// Those of CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON that the process lacks, "CAP_BPF and CAP_PERFMON"; empty: none. Inside a user
/// namespace all are missing, also for its root: the kernel asks for those of the initial one. CAP_SYS_ADMIN stands for
/// CAP_BPF and CAP_PERFMON.
std::string missing_capabilities();

} // namespace xovl

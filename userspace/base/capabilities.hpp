// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The capabilities that xovl needs and this process lacks, for error messages.
#pragma once

#include <string>

namespace xovl {

/// Returns which of CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON the process lacks, as "CAP_BPF and CAP_PERFMON"; empty if
/// none.
/// In a user namespace other than the initial one all three are missing, even for root: the kernel asks for
/// capabilities in the initial user namespace.
/// CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON (capabilities(7)).
std::string missing_capabilities();

} // namespace xovl

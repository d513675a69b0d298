// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// BPF programs that are not ours.
#pragma once

#include <bpf/bpf.h>

#include "base/fd.hpp"

namespace xovl::test {

inline constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46); // which the UAPI headers of Debian 12 lack
inline constexpr int kXdpPass = 2;
inline constexpr int kTcxNext = -1;

/// A program that returns one number, and knows nothing of dispatchers. Throws std::system_error.
Fd foreign_program(bpf_prog_type type, int verdict, const char *name = "foreign");

} // namespace xovl::test

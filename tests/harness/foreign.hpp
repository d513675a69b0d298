// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// BPF programs that do not belong to xovl.
#pragma once

#include <bpf/bpf.h>

#include "base/fd.hpp"

namespace xovl::test {

inline constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46); // missing in the UAPI headers of Debian 12
inline constexpr int kXdpPass = 2;
inline constexpr int kTcxNext = -1;

/// Loads a program that returns one number and does not support dispatchers. Throws std::system_error if the kernel
/// refuses.
Fd foreign_program(bpf_prog_type type, int verdict, const char *name = "foreign");

} // namespace xovl::test

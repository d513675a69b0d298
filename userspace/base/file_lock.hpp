// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Locks on open files (flock) that nobody waits for without end.
#pragma once

#include <chrono>
#include <string>

#include "base/fd.hpp"

namespace xovl {

enum class Lock { Shared, Exclusive };

inline constexpr std::chrono::seconds kLockTimeout{10};

/// False: another process held it until timeout. Error(System): the kernel refuses. name: as messages call the file.
bool try_lock(const Fd &file, Lock lock, std::chrono::milliseconds timeout, const std::string &name);

/// Waits for kLockTimeout at most for one holder. Error(System): it holds the lock still; the message names the process.
void lock_file(const Fd &file, Lock lock, const std::string &name);

} // namespace xovl

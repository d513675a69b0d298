// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Locks on open files (flock(2)) with a limited wait.
#pragma once

#include <chrono>
#include <string>

#include "base/fd.hpp"

namespace xovl {

enum class Lock { Shared, Exclusive };

/// Time to wait for one holder of a lock.
inline constexpr std::chrono::seconds kLockTimeout{10};

/// Returns false if another process held the lock until the timeout. name: the file's name in messages. Throws
/// Error(System) if flock() fails.
bool try_lock(const Fd &file, Lock lock, std::chrono::milliseconds timeout, const std::string &name);

/// Takes the lock. Waits at most kLockTimeout for one holder. Throws Error(TryAgain) if the same process still holds
/// it then; the message names the process. name: the file's name in messages.
void lock_file(const Fd &file, Lock lock, const std::string &name);

} // namespace xovl

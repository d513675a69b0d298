// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The identity of a network namespace, and whether that namespace still exists.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace xovl {

/// Returns the inode number of the current network namespace. It can be reused when the namespace is gone. Throws
/// Error(System) if it cannot be read.
ino_t netns_inode();

/// Returns the cookie of the current network namespace, which is never reused. Throws Error(System) if it cannot be
/// read.
uint64_t netns_cookie();

enum class Presence { Present, Gone, Unknown };

/// Tells whether a network namespace exists. Gone can be wrong only for a namespace that only open sockets keep alive.
/// Unknown: the kernel does not tell (before Linux 6.18), and no visible process, open file or mount uses the
/// inode number.
Presence netns_presence(ino_t inode, uint64_t cookie);

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a network namespace is known by, and whether one is there still.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace xovl {

/// Of the current namespace. Another one can get the number when it is gone. Error(System).
ino_t netns_inode();

/// Of the current namespace; never the same for two of them. Error(System).
uint64_t netns_cookie();

enum class Presence { Present, Gone, Unknown };

/// Whether the namespace is there. Gone is certain but for one that nothing holds except open sockets. Unknown: the kernel does
/// not tell (before Linux 6.18), and no process, open file or mount that can be seen here has it.
Presence netns_presence(ino_t inode, uint64_t cookie);

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The folder that contains the pin folders of all network namespaces, and the bpffs it is on.
#pragma once

#include <string>

namespace xovl {

/// Returns the given folder without symbolic links, "." and "..". Throws Error(Request) if there can be no such folder,
/// and Error(System) if it cannot be read.
std::string find_pin_root(const std::string &given);

/// True if root is on a bpffs; false if none is mounted at /sys/fs/bpf yet. Throws Error(System) if root is not on a
/// bpffs and none may be mounted.
bool pin_root_has_bpffs(const std::string &root);

/// Mounts a bpffs at /sys/fs/bpf if needed, and creates the folder and its parents with access for the owner only.
/// Existing folders are not changed. Throws Error(System) if the system refuses.
void make_pin_root(const std::string &root);

/// Removes the empty folders that make_pin_root() created.
void remove_pin_root(const std::string &root);

/// Throws Error(System) if the open folder belongs to another user, or others may write to it.
void require_own_folder(int folder, const std::string &path);

} // namespace xovl

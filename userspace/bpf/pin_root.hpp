// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The folder that has those of all network namespaces: where it is, and its bpffs.
#pragma once

#include <string>

namespace xovl {

/// The folder that a user means, without symlinks, "." and "..". Error(Request): there can be none. Error(System): it cannot be seen.
std::string find_pin_root(const std::string &given);

/// Whether root lies on a bpffs. False: none is mounted at /sys/fs/bpf yet. Error(System): there is no bpffs, and none can be.
bool pin_root_has_bpffs(const std::string &root);

/// Mount a bpffs at /sys/fs/bpf, and make a folder with those above it, for root alone; what exists stays as it is.
void make_pin_root(const std::string &root);

/// Remove the folders that make_pin_root() made, as far as they are empty.
void remove_pin_root(const std::string &root);

/// Error(System): the open folder is not ours, or others may write to it.
void require_own_folder(int folder, const std::string &path);

} // namespace xovl

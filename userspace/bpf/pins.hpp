// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The folder with all pins of one network namespace, and its lock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/file_lock.hpp"

namespace xovl {

/// The folder, opened for reading. This type cannot change anything. While it exists, no other process changes the
/// state, but others may read it.
class PinDir {
public:
	/// Opens the folder of the current network namespace below root ("/sys/fs/bpf/xovl") and takes a shared lock.
	/// Throws Error(System) if it cannot be read, belongs to another user, or another command holds the lock for
	/// too long, and Error(Request) if root cannot be a folder.
	explicit PinDir(const std::string &root);

	bool exists() const { return static_cast<bool>(lock_); }
	const std::string &path() const { return path_; }
	std::string pin(const std::string &name) const { return path_ + "/" + name; }
	/// Returns the names of all entries in the folder, sorted.
	std::vector<std::string> names() const;

	/// Opens the object pinned under a name; empty Fd if there is none. Throws Error(System) if the kernel refuses.
	Fd open(const std::string &name) const;
	/// The same for a map. It is opened read-only, unless the folder is opened for changes.
	Fd open_map(const std::string &name) const;

protected:
	enum class Access { Look, Change };
	PinDir(std::string root, const std::string &folder, Access access, std::chrono::milliseconds timeout);

	/// Opens and locks the folder. Returns false if it is missing, or if another process still holds its lock after
	/// a timeout other than kLockTimeout.
	bool open_folder(std::chrono::milliseconds timeout);
	const std::string &root() const { return root_; }
	void unlock() { lock_ = Fd(); }

private:
	std::string root_;
	std::string path_;
	Access access_;
	Fd lock_;
};

/// The folder, opened for changes. No other process can read or change the state meanwhile.
class WritablePinDir : public PinDir {
public:
	explicit WritablePinDir(const std::string &root);
	/// Opens the folder of another network namespace. exists() is also false if another process uses it.
	WritablePinDir(const std::string &root, ino_t netns);

	/// Creates the folder if it is missing, and locks it. Mounts the bpffs if it is missing. Throws Error(System)
	/// if the system refuses.
	void create();
	/// Removes all pins of xovl. The folder, its lock and pins of others stay. Returns the number of removed pins.
	size_t clear();
	/// Removes the folder if it is empty, and unlocks it.
	void remove_empty();
	/// Removes all pins of xovl, and the folder unless it has pins of others. Unlocks it. Returns the number of
	/// removed pins.
	size_t remove();
};

/// Returns the inode numbers of the network namespaces that have a folder below root.
std::vector<ino_t> pinned_namespaces(const std::string &root);

} // namespace xovl

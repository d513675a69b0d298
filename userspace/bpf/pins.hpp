// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The folder of all pins of one network namespace, and the lock that goes with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/file_lock.hpp"

namespace xovl {

/// The folder opened to be looked at: this type can change nothing. While it lives no other process changes the state, but
/// others may look, too.
class PinDir {
public:
	/// root: "/sys/fs/bpf/xovl"; the folder of the current network namespace in it. Error(System): it cannot be seen, it belongs to
	/// somebody else, or another command holds it for too long. Error(Request): root is no folder that can be.
	explicit PinDir(const std::string &root);

	bool exists() const { return static_cast<bool>(lock_); }
	const std::string &path() const { return path_; }
	std::string pin(const std::string &name) const { return path_ + "/" + name; }
	/// All that is in the folder, sorted.
	std::vector<std::string> names() const;

	/// What is pinned under a name; no Fd: nothing is. Error(System): the kernel refuses.
	Fd open(const std::string &name) const;
	/// The same for a map, which is opened to be read only unless the folder may be changed.
	Fd open_map(const std::string &name) const;

protected:
	enum class Access { Look, Change };
	PinDir(std::string root, const std::string &folder, Access access, std::chrono::milliseconds timeout);

	/// Whether the folder is there and locked now. False: it is missing.
	bool open_folder(std::chrono::milliseconds timeout);
	const std::string &root() const { return root_; }
	void unlock() { lock_ = Fd(); }

private:
	std::string root_;
	std::string path_;
	Access access_;
	Fd lock_;
};

/// The folder opened to be changed. No other process looks or changes meanwhile.
class WritablePinDir : public PinDir {
public:
	explicit WritablePinDir(const std::string &root);
	/// Of another network namespace. exists() is false where somebody works with it, too.
	WritablePinDir(const std::string &root, ino_t netns);

	/// Make the folder, where it is missing, and take the lock. The bpffs is mounted where it is missing.
	void create();
	/// Remove every pin of xovl in it; the folder and the lock stay, and what others put there. Returns how many pins.
	size_t clear();
	/// Remove the folder where nothing is in it; the lock goes with it.
	void remove_empty();
	/// Remove the folder too, unless something of others is left in it; the lock goes with it. Returns how many pins.
	size_t remove();
};

/// The namespaces that have a folder below root.
std::vector<ino_t> pinned_namespaces(const std::string &root);

} // namespace xovl

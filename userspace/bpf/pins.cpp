// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/pins.hpp"

#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>

#include "base/capabilities.hpp"
#include "base/error.hpp"
#include "bpf/pin_names.hpp"
#include "bpf/pin_root.hpp"
#include "kernel/netns_id.hpp"

namespace xovl {

namespace {

constexpr std::string_view kFolderPrefix = "net-";

std::string folder_of(ino_t netns)
{
	return fmt::format("{}{}", kFolderPrefix, netns);
}

/// Returns an empty Fd if there is no such directory.
Fd open_directory(const std::string &path)
{
	Fd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (!folder && errno != ENOENT)
		throw system_error("open", path, errno);
	return folder;
}

struct Entry {
	std::string name;
	unsigned char type; ///< DT_REG: a pin
};

std::vector<Entry> entries_of(const std::string &path)
{
	std::vector<Entry> entries;
	const std::unique_ptr<DIR, int (*)(DIR *)> folder(opendir(path.c_str()), closedir);
	if (!folder && errno == ENOENT)
		return entries;
	if (!folder)
		throw system_error("read", path, errno);
	errno = 0;
	while (const dirent *entry = readdir(folder.get()))
		if (const std::string_view name = entry->d_name; name != "." && name != "..")
			entries.push_back({entry->d_name, entry->d_type});
	if (errno != 0)
		throw system_error("read", path, errno);
	return entries;
}

/// True if path still leads to the open folder. It may have been removed while we waited for the lock.
bool is_in_place(const Fd &folder, const std::string &path)
{
	struct stat opened = {};
	struct stat now = {};
	if (fstat(folder.get(), &opened) != 0)
		throw system_error("look at", path, errno);
	if (stat(path.c_str(), &now) != 0) {
		if (errno == ENOENT)
			return false;
		throw system_error("look at", path, errno);
	}
	return opened.st_ino == now.st_ino && opened.st_dev == now.st_dev;
}

void require_capabilities()
{
	if (const std::string missing = missing_capabilities(); !missing.empty())
		throw Error(Error::Kind::System,
			    fmt::format("must be root, or have CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, outside of user "
					"namespaces (missing: {})",
					missing));
}

/// Root may look with fewer capabilities; the kernel reports what it refuses.
void require_capabilities_to_look()
{
	if (geteuid() != 0)
		require_capabilities();
}

} // namespace

PinDir::PinDir(const std::string &root)
	: PinDir((require_capabilities_to_look(), find_pin_root(root)), folder_of(netns_inode()), Access::Look,
		 kLockTimeout)
{
}

PinDir::PinDir(std::string root, const std::string &folder, Access access, std::chrono::milliseconds timeout)
	: root_(std::move(root)), path_(root_ + "/" + folder), access_(access)
{
	if (pin_root_has_bpffs(root_))
		open_folder(timeout);
}

bool PinDir::open_folder(std::chrono::milliseconds timeout)
{
	const Fd root = open_directory(root_);
	if (!root)
		return false;
	require_own_folder(root.get(), root_);
	const Lock lock = access_ == Access::Change ? Lock::Exclusive : Lock::Shared;
	for (;;) {
		Fd folder = open_directory(path_);
		if (!folder)
			return false;
		if (access_ == Access::Change)
			// An older version may have used another mode. require_own_folder() checks the result.
			fchmod(folder.get(), S_IRWXU);
		require_own_folder(folder.get(), path_);
		if (timeout == kLockTimeout)
			lock_file(folder, lock, path_);
		else if (!try_lock(folder, lock, timeout, path_))
			return false;
		if (is_in_place(folder, path_)) {
			lock_ = std::move(folder);
			return true;
		}
	}
}

Fd PinDir::open(const std::string &name) const
{
	Fd object(bpf_obj_get(pin(name).c_str()));
	if (!object && errno != ENOENT)
		throw system_error("open", pin(name), errno);
	return object;
}

Fd PinDir::open_map(const std::string &name) const
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = access_ == Access::Look ? __u32{BPF_F_RDONLY} : 0);
	Fd map(bpf_obj_get_opts(pin(name).c_str(), &opts));
	if (!map && errno != ENOENT)
		throw system_error("open", pin(name), errno);
	return map;
}

WritablePinDir::WritablePinDir(const std::string &root)
	: PinDir((require_capabilities(), find_pin_root(root)), folder_of(netns_inode()), Access::Change, kLockTimeout)
{
}

WritablePinDir::WritablePinDir(const std::string &root, ino_t netns)
	: PinDir(find_pin_root(root), folder_of(netns), Access::Change, std::chrono::milliseconds(0))
{
}

void WritablePinDir::create()
{
	while (!exists()) {
		make_pin_root(root());
		if (mkdir(path().c_str(), S_IRWXU) == 0)
			chmod(path().c_str(), S_IRWXU);      // independent of the umask
		else if (errno != EEXIST && errno != ENOENT) // ENOENT: another command has removed the root
			throw system_error("create", path(), errno);
		open_folder(kLockTimeout);
	}
}

std::vector<std::string> PinDir::names() const
{
	std::vector<std::string> names;
	for (const Entry &entry : entries_of(path_))
		names.push_back(entry.name);
	std::ranges::sort(names);
	return names;
}

size_t WritablePinDir::clear()
{
	std::vector<Entry> entries = entries_of(path());
	if (entries.empty())
		return 0;
	const OwnPins own(*this);
	std::erase_if(entries, [&](const Entry &entry) { return entry.type != DT_REG || !own.has(entry.name); });
	// These are removed first, settings before devices. Without settings nothing counts as loaded, and without
	// devices require_no_devices() does not complain about lost settings.
	for (const char *name : {kLiveDevicesPin, kDevicesPin, kSettingsPin})
		std::stable_partition(entries.begin(), entries.end(),
				      [&](const Entry &entry) { return entry.name == name; });
	for (const Entry &entry : entries)
		if (unlink(pin(entry.name).c_str()) != 0)
			throw system_error("remove", pin(entry.name), errno);
	return entries.size();
}

void WritablePinDir::remove_empty()
{
	rmdir(path().c_str()); // fails if the folder is not empty
	unlock();
	remove_pin_root(root()); // succeeds only if no other network namespace has a folder
}

size_t WritablePinDir::remove()
{
	const size_t pins = clear();
	remove_empty();
	return pins;
}

std::vector<ino_t> pinned_namespaces(const std::string &root)
{
	std::vector<ino_t> namespaces;
	for (const Entry &entry : entries_of(find_pin_root(root))) {
		const std::string_view name = entry.name;
		if (entry.type != DT_DIR || !name.starts_with(kFolderPrefix))
			continue;
		const std::string_view digits = name.substr(kFolderPrefix.size());
		ino_t netns = 0;
		const auto [end, err] = std::from_chars(digits.begin(), digits.end(), netns);
		if (err == std::errc() && end == digits.end())
			namespaces.push_back(netns);
	}
	return namespaces;
}

} // namespace xovl

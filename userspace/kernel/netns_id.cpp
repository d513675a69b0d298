// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/netns_id.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace xovl {

namespace {

namespace fs = std::filesystem;

constexpr const char *kOwnNetns = "/proc/thread-self/ns/net";

#ifndef SO_NETNS_COOKIE
constexpr int SO_NETNS_COOKIE = 71; // Linux 5.14
#endif

// From linux/fcntl.h and linux/nsfs.h of Linux 6.18: file handles of namespaces. The id of a network namespace is its
// cookie.
constexpr int kNsfsRoot = -10003;
struct NsfsHandle {
	uint64_t id;
	uint32_t type;
	uint32_t inode;
};
struct FileHandle {
	file_handle head; ///< ends in a flexible array, whose contents are ns
	NsfsHandle ns;
};
static_assert(sizeof(FileHandle) == sizeof(file_handle) + sizeof(NsfsHandle));

/// Opens a namespace by its handle. On failure the Fd is empty and errno is set.
Fd open_handle(FileHandle handle)
{
	return Fd(open_by_handle_at(kNsfsRoot, &handle.head, O_RDONLY | O_CLOEXEC));
}

/// Returns the handle of the current network namespace; nullopt if the kernel has no such handles or does not permit
/// their use.
std::optional<FileHandle> own_handle()
{
	FileHandle handle = {};
	handle.head.handle_bytes = sizeof(handle.ns);
	int mount = 0;
	const Fd netns(open(kOwnNetns, O_RDONLY | O_CLOEXEC));
	if (!netns || name_to_handle_at(netns.get(), "", &handle.head, &mount, AT_EMPTY_PATH) != 0)
		return std::nullopt;
	if (handle.head.handle_bytes != sizeof(handle.ns) || handle.ns.id != netns_cookie() ||
	    handle.ns.inode != netns_inode() || !open_handle(handle))
		return std::nullopt;
	return handle;
}

Presence presence_by_handle(ino_t inode, uint64_t cookie)
{
	std::optional<FileHandle> handle = own_handle();
	if (!handle)
		return Presence::Unknown;
	handle->ns.id = cookie;
	handle->ns.inode = static_cast<uint32_t>(inode);
	if (open_handle(*handle))
		return Presence::Present;
	return errno == ESTALE ? Presence::Gone : Presence::Unknown;
}

/// Returns the cookie of the namespace that the path leads to; 0 if it cannot be entered.
uint64_t cookie_of(const std::string &path)
{
	const Fd netns(open(path.c_str(), O_RDONLY | O_CLOEXEC));
	uint64_t cookie = 0;
	if (netns)
		std::thread([&] {
			try {
				if (setns(netns.get(), CLONE_NEWNET) == 0)
					cookie = netns_cookie();
			} catch (const Error &) {
				cookie = 0;
			}
		}).join();
	return cookie;
}

std::vector<fs::path> entries_of(const fs::path &folder)
{
	std::vector<fs::path> entries;
	std::error_code unseen;
	for (fs::directory_iterator entry(folder, unseen), end; !unseen && entry != end; entry.increment(unseen))
		entries.push_back(entry->path());
	return entries;
}

/// Returns a line of the process's mountinfo in which the namespace is mounted; empty if there is none.
std::string mount_of(const fs::path &process, const std::string &link)
{
	std::ifstream mounts(process / "mountinfo");
	for (std::string line; std::getline(mounts, line);)
		if (line.find(" " + link + " ") != std::string::npos)
			return line;
	return {};
}

/// Returns a path to the namespace through a thread or an open file of any process; empty if none is visible. Returns
/// "?" if it is only mounted, in a mount namespace of any process.
std::string find_netns(ino_t inode)
{
	const std::string link = fmt::format("net:[{}]", inode);
	const auto leads_there = [&](const fs::path &path) {
		std::error_code unseen;
		return fs::read_symlink(path, unseen) == link;
	};
	std::set<fs::path> mount_namespaces;
	for (const fs::path &process : entries_of("/proc")) {
		if (process.filename().string().find_first_not_of("0123456789") != std::string::npos)
			continue;
		for (const fs::path &task : entries_of(process / "task"))
			if (leads_there(task / "ns/net"))
				return task / "ns/net";
		for (const fs::path &file : entries_of(process / "fd"))
			if (leads_there(file))
				return file;
		std::error_code unseen;
		if (mount_namespaces.insert(fs::read_symlink(process / "ns/mnt", unseen)).second &&
		    !mount_of(process, link).empty())
			return "?";
	}
	return {};
}

} // namespace

ino_t netns_inode()
{
	struct stat info = {};
	if (stat(kOwnNetns, &info) != 0)
		throw system_error("read", kOwnNetns, errno);
	return info.st_ino;
}

uint64_t netns_cookie()
{
	int err = 0;
	// A socket of any family works. A service may be denied some families.
	for (const int family : {AF_UNIX, AF_NETLINK, AF_INET}) {
		uint64_t cookie = 0;
		socklen_t size = sizeof(cookie);
		const Fd socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
		if (socket && getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0)
			return cookie;
		err = errno;
	}
	throw system_error("read", "the network namespace's cookie", err);
}

Presence netns_presence(ino_t inode, uint64_t cookie)
{
	const Presence told = presence_by_handle(inode, cookie);
	if (told != Presence::Unknown)
		return told;
	const std::string path = find_netns(inode);
	if (path.empty())
		return Presence::Unknown;
	const uint64_t now = cookie_of(path);
	return now && now != cookie ? Presence::Gone : Presence::Present;
}

} // namespace xovl

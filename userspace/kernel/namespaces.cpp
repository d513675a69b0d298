// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/namespaces.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <string>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace fs = std::filesystem;

namespace xovl {

namespace {

constexpr const char *kOwn = "/proc/thread-self/ns/net";
constexpr const char *kMounts[] = {"/run/netns", "/run/docker/netns"};

Fd open_netns(const fs::path &path)
{
	return Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

/// Returns 0 if the file cannot be read.
ino_t inode_of(const Fd &netns)
{
	struct stat info = {};
	return netns && fstat(netns.get(), &info) == 0 ? info.st_ino : 0;
}

/// Visits every file that refers to a network namespace. Files that disappear meanwhile are left out.
template <typename Visit> void for_each_file(Visit visit)
{
	std::error_code gone;
	for (const char *folder : kMounts)
		for (const auto &entry : fs::directory_iterator(folder, gone))
			visit(entry.path());
	for (const auto &process : fs::directory_iterator("/proc", gone))
		for (const auto &thread : fs::directory_iterator(process.path() / "task", gone))
			visit(thread.path() / "ns/net");
}

} // namespace

void for_each_other_netns(const std::function<void()> &visit)
{
	const Fd home = open_netns(kOwn);
	if (!home)
		throw system_error("open", kOwn, errno);
	std::map<ino_t, Fd> others;
	for_each_file([&](const fs::path &path) {
		struct stat info = {};
		if (stat(path.c_str(), &info) == 0 && !others.contains(info.st_ino))
			others.emplace(info.st_ino, open_netns(path));
	});
	others.erase(inode_of(home));
	for (const auto &[inode, netns] : others) {
		if (inode_of(netns) != inode || setns(netns.get(), CLONE_NEWNET) != 0)
			continue;
		std::exception_ptr failed;
		try {
			visit();
		} catch (...) {
			failed = std::current_exception();
		}
		if (setns(home.get(), CLONE_NEWNET) != 0)
			throw system_error("return to", kOwn, errno);
		if (failed)
			std::rethrow_exception(failed);
	}
}

} // namespace xovl

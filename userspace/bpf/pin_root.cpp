// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/pin_root.hpp"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/error.hpp"

namespace fs = std::filesystem;

namespace xovl {

namespace {

constexpr const char *kBpffs = "/sys/fs/bpf";

/// Folders that xovl makes have the sticky bit as a mark. It has no other effect, because nobody else may write to
/// them.
constexpr mode_t kMadeByUs = S_IRWXU | S_ISVTX;

/// From linux/nsfs.h: inode of the initial mount namespace, on kernels where it is fixed.
constexpr ino_t kMntNsInitIno = 0xeffffff8;

struct stat info_of(const std::string &path)
{
	struct stat info = {};
	if (stat(path.c_str(), &info) != 0)
		throw system_error("look at", path, errno);
	return info;
}

/// True in the initial mount namespace. The namespace of process 1 cannot be read if process 1 has capabilities that we
/// lack.
bool is_initial_mount_namespace()
{
	const struct stat own = info_of("/proc/self/ns/mnt");
	struct stat first = {};
	if (stat("/proc/1/ns/mnt", &first) == 0 && own.st_ino == first.st_ino && own.st_dev == first.st_dev)
		return true;
	return own.st_ino == kMntNsInitIno;
}

bool is_bpffs(const std::string &path)
{
	struct statfs info = {};
	if (statfs(path.c_str(), &info) != 0)
		throw system_error("look at", path, errno);
	return static_cast<uint32_t>(info.f_type) == BPF_FS_MAGIC;
}

/// Returns the path without symbolic links; nullopt if it does not exist.
std::optional<fs::path> real_path(const fs::path &path)
{
	char resolved[PATH_MAX];
	if (realpath(path.c_str(), resolved))
		return resolved;
	if (errno == ENOENT)
		return std::nullopt;
	throw system_error("look at", in_quotes(path.string()), errno);
}

/// Returns the longest existing part of the path.
fs::path existing_part(fs::path path)
{
	while (path.has_relative_path() && !real_path(path))
		path = path.parent_path();
	return path;
}

} // namespace

std::string find_pin_root(const std::string &given)
{
	if (given.empty())
		throw request_error("--pin-root: no folder is given");
	fs::path path = fs::absolute(given);
	fs::path missing;
	std::optional<fs::path> existing;
	while (!(existing = real_path(path))) {
		const fs::path last = path.filename();
		if (last == "..")
			throw request_error(fmt::format("--pin-root: {} leads through a folder that does not exist",
							in_quotes(given)));
		if (!last.empty() && last != ".")
			missing = missing.empty() ? last : last / missing;
		path = path.parent_path();
	}
	return missing.empty() ? *existing : *existing / missing;
}

bool pin_root_has_bpffs(const std::string &root)
{
	if (is_bpffs(existing_part(root)))
		return true;
	if (root.rfind(std::string(kBpffs) + "/", 0) != 0 || is_bpffs(kBpffs))
		throw Error(Error::Kind::System,
			    fmt::format("pin root {} is not on a bpffs (mount -t bpf bpf DIR)", in_quotes(root)));
	if (info_of(kBpffs).st_dev != info_of(fs::path(kBpffs).parent_path()).st_dev)
		throw Error(Error::Kind::System, fmt::format("something else than a bpffs is mounted at {}", kBpffs));
	if (!is_initial_mount_namespace())
		throw Error(
			Error::Kind::System,
			fmt::format(
				"no bpffs at {} in this mount namespace (ip netns exec hides it: use xovl -n NETNS)",
				kBpffs));
	return false;
}

void make_pin_root(const std::string &root)
{
	if (!pin_root_has_bpffs(root) && mount("bpf", kBpffs, "bpf", 0, "mode=0700") != 0)
		throw system_error("mount a bpffs at", kBpffs, errno);
	const fs::path path = root;
	fs::path folder;
	for (const fs::path &name : path) {
		folder /= name;
		if (mkdir(folder.c_str(), kMadeByUs) != 0) {
			if (errno == EEXIST)
				continue;
			if (const int err = errno; !real_path(folder))
				throw system_error("create", in_quotes(folder.string()), err);
			continue; // it exists on a read-only file system
		}
		if (chmod(folder.c_str(), kMadeByUs) != 0) // independent of the umask
			throw system_error("create", in_quotes(folder.string()), errno);
	}
}

void remove_pin_root(const std::string &root)
{
	for (fs::path folder = root; folder.has_relative_path(); folder = folder.parent_path()) {
		struct stat info = {};
		if (lstat(folder.c_str(), &info) != 0 || info.st_mode != (S_IFDIR | kMadeByUs) ||
		    info.st_uid != geteuid() || rmdir(folder.c_str()) != 0)
			return;
	}
}

void require_own_folder(int folder, const std::string &path)
{
	struct stat info = {};
	if (fstat(folder, &info) != 0)
		throw system_error("look at", path, errno);
	if (info.st_uid != 0 && info.st_uid != geteuid())
		throw Error(
			Error::Kind::System,
			fmt::format("{} belongs to user {} (remove it, or use another --pin-root)", path, info.st_uid));
	if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (info.st_mode & S_ISVTX) == 0)
		throw Error(Error::Kind::System, fmt::format("others may write to {} (chmod go-w)", path));
}

} // namespace xovl

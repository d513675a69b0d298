// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>

#include <fmt/format.h>

#include <filesystem>

#include "datapath.hpp"

namespace fs = std::filesystem;

namespace xovl {

namespace {

constexpr const char *kBpffs = "/sys/fs/bpf";

bool is_bpffs(const fs::path &path)
{
	struct statfs info {};
	return statfs(path.c_str(), &info) == 0 && static_cast<uint32_t>(info.f_type) == BPF_FS_MAGIC;
}

bool same_inode(const char *a, const char *b)
{
	struct stat info_a = {};
	struct stat info_b = {};
	return stat(a, &info_a) == 0 && stat(b, &info_b) == 0 && info_a.st_ino == info_b.st_ino &&
	       info_a.st_dev == info_b.st_dev;
}

/// linux/nsfs.h: the inode of the initial mount namespace on kernels that fix it.
constexpr ino_t kMntNsInitIno = 0xeffffff8;

/// Is this the machine's own mount namespace? Process 1 may not be looked at where it has capabilities that we lack.
bool is_initial_mount_namespace()
{
	const char *own = "/proc/self/ns/mnt";
	struct stat info = {};
	return same_inode(own, "/proc/1/ns/mnt") || (stat(own, &info) == 0 && info.st_ino == kMntNsInitIno);
}

/// root must lie on a bpffs; mount one where iproute2 would.
void require_bpffs(const fs::path &root)
{
	fs::path existing = root;
	while (!fs::exists(existing) && existing.has_relative_path())
		existing = existing.parent_path();
	if (is_bpffs(existing))
		return;
	bool standard = root.string().rfind(std::string(kBpffs) + "/", 0) == 0;
	if (!standard)
		throw Error(Error::Kind::System, fmt::format("pin root {} is not on a bpffs (mount -t bpf bpf DIR)",
							     in_quotes(root.string())));
	if (!is_initial_mount_namespace())
		throw Error(
			Error::Kind::System,
			fmt::format(
				"no bpffs at {} in this mount namespace (ip netns exec hides it: use xovl -n NETNS)",
				kBpffs));
	if (mount("bpf", kBpffs, "bpf", 0, "mode=0700") != 0)
		throw system_error("mount a bpffs at", kBpffs, errno);
}

std::string netns_folder()
{
	struct stat info {};
	if (stat("/proc/thread-self/ns/net", &info) != 0)
		throw system_error("read", "/proc/thread-self/ns/net", errno);
	return fmt::format("net-{}", info.st_ino);
}

} // namespace

MapBase::MapBase(const std::string &path, uint32_t key_size, uint32_t value_size)
	: fd_(bpf_obj_get(path.c_str())), name_(fs::path(path).filename())
{
	if (!fd_)
		throw system_error("open", path, errno);
	bpf_map_info info{};
	uint32_t size = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd_.get(), &info, &size) != 0)
		throw system_error("inspect", path, errno);
	if (info.key_size != key_size || info.value_size != value_size)
		throw Error(Error::Kind::System, fmt::format("{} has another layout than this xovl knows", path));
	max_entries_ = info.max_entries;
}

PinDir::PinDir(const std::string &root) : root_(root)
{
	if (geteuid() != 0)
		throw Error(Error::Kind::System, "must be root (BPF needs CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN)");
	require_bpffs(root);
	path_ = root_ + "/" + netns_folder();
	take_lock();
}

bool PinDir::take_lock()
{
	for (;;) {
		Fd dir(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		if (!dir && errno == ENOENT)
			return false;
		if (!dir || flock(dir.get(), LOCK_EX) != 0)
			throw system_error("lock", path_, errno);
		// while we waited, its owner may have removed it
		struct stat locked = {};
		struct stat now = {};
		if (fstat(dir.get(), &locked) == 0 && stat(path_.c_str(), &now) == 0 && locked.st_ino == now.st_ino) {
			lock_ = std::move(dir);
			return true;
		}
	}
}

void PinDir::create()
{
	while (!exists()) {
		std::error_code err;
		fs::create_directories(path_, err);
		if (err)
			throw system_error("create", path_, err.value());
		take_lock();
	}
}

void PinDir::clear()
{
	std::error_code err;
	fs::remove(pin("settings"), err); // first: what is incomplete is not loaded
	for (const auto &entry : fs::directory_iterator(path_)) {
		fs::remove_all(entry.path(), err);
		if (err)
			throw system_error("remove", entry.path(), err.value());
	}
}

void PinDir::remove()
{
	clear();
	std::error_code err;
	fs::remove(path_, err);
	lock_ = Fd();
	// only where this was the last network namespace
	fs::remove(root_, err);
}

} // namespace xovl

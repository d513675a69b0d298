// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/libxdp_pins.hpp"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.hpp"
#include "base/file_lock.hpp"
#include "bpf/attach.hpp"

namespace xovl {

namespace fs = std::filesystem;

namespace {

constexpr const char *kOwnPrefix = "xovl_xdp_";

fs::path bpffs()
{
	const char *folder = secure_getenv("LIBXDP_BPFFS");
	return folder ? folder : "/sys/fs/bpf";
}

/// Returns the entries of a folder; empty if the folder is missing.
std::vector<fs::path> entries_of(const fs::path &folder)
{
	std::vector<fs::path> entries;
	std::error_code err;
	for (fs::directory_iterator entry(folder, err), end; !err && entry != end; entry.increment(err))
		entries.push_back(entry->path());
	if (err && err != std::errc::no_such_file_or_directory)
		throw system_error("read", folder, err.value());
	return entries;
}

} // namespace

LibxdpFolder::LibxdpFolder()
{
	struct statfs info;
	if (statfs(bpffs().c_str(), &info) || info.f_type != BPF_FS_MAGIC)
		return; // without a bpffs libxdp makes no pins
	Fd folder(open(bpffs().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	// Everybody who may read BPFFS may lock it. Without the lock the folder is neither created nor removed.
	if (!folder || !try_lock(folder, Lock::Shared, std::chrono::seconds(1), bpffs()))
		return;
	lock_ = std::move(folder);
	mkdir(path().c_str(), S_IRWXU | S_ISVTX);
}

LibxdpFolder::~LibxdpFolder()
{
	struct stat info;
	if (!lock_ || flock(lock_.get(), LOCK_EX | LOCK_NB) || stat(path().c_str(), &info))
		return;
	if (info.st_mode & S_ISVTX)
		rmdir(path().c_str()); // fails if the folder is not empty
}

fs::path LibxdpFolder::path()
{
	return bpffs() / "xdp";
}

bool is_own(const Fd &program)
{
	return program_name(program).starts_with(kOwnPrefix);
}

fs::path dispatcher_folder(uint32_t ifindex, uint32_t dispatcher_id)
{
	return LibxdpFolder::path() / fmt::format("dispatch-{}-{}", ifindex, dispatcher_id);
}

std::vector<XdpProgram> joined_programs(const fs::path &dispatcher)
{
	std::vector<XdpProgram> programs;
	for (const fs::path &path : entries_of(dispatcher)) {
		if (!path.filename().string().ends_with("-prog"))
			continue;
		Fd fd(bpf_obj_get(path.c_str()));
		if (!fd && errno != ENOENT)
			throw system_error("open", path, errno);
		if (fd)
			programs.push_back({std::move(fd), path});
	}
	std::ranges::sort(programs, {}, &XdpProgram::pin); // prog0-prog to prog9-prog
	return programs;
}

std::vector<XdpProgram> own_programs(const fs::path &dispatcher)
{
	std::vector<XdpProgram> programs = joined_programs(dispatcher);
	std::erase_if(programs, [](const XdpProgram &program) { return !is_own(program.fd); });
	return programs;
}

std::vector<fs::path> dispatcher_folders(const std::string &prefix)
{
	std::vector<fs::path> dispatchers = entries_of(LibxdpFolder::path());
	std::erase_if(dispatchers, [&](const fs::path &path) { return !path.filename().string().starts_with(prefix); });
	return dispatchers;
}

void remove_pins(const fs::path &dispatcher, uint32_t map)
{
	for (const XdpProgram &program : own_programs(dispatcher)) {
		if (!program_maps(program.fd).contains(map))
			continue;
		std::string pin = program.pin;
		unlink(pin.c_str());
		unlink(pin.replace(pin.size() - strlen("prog"), strlen("prog"), "link").c_str());
	}
	rmdir(dispatcher.c_str()); // fails if pins of other programs are left
}

} // namespace xovl

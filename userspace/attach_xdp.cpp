// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Three states of an interface matter: no program of ours; ours behind libxdp's dispatcher; ours alone, without
// dispatcher. The last is for kernels that lack freplace, and for those that refuse it to a program that changes packets
// where the dispatcher does not (6.12.117 with libxdp 1.3, for one). Behind the dispatcher libxdp attaches and
// detaches; it keeps what is attached in BPFFS/xdp/dispatch-IFINDEX-DISPATCHER/progN-prog and progN-link (its "dispatcher
// protocol"), which is read here to find our programs.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "attach.hpp"
#include "error.hpp"
#include "fd.hpp"

namespace xovl {

namespace {

namespace fs = std::filesystem;

constexpr const char *kOwnPrefix = "xovl_xdp_";

// libxdp's default: behind filters (xdp-filter has 10) and AF_XDP sockets (20), which see the frames as they came.
constexpr unsigned int kRunPriority = 50;

fs::path bpffs()
{
	const char *folder = secure_getenv("LIBXDP_BPFFS");
	return folder ? folder : "/sys/fs/bpf";
}

/// libxdp makes its folder BPFFS/xdp when it needs it and leaves it there. A missing one is made here instead, told by
/// the sticky bit, and removed when the last user of this class finds it empty. Users hold a shared lock on BPFFS.
class LibxdpFolder {
public:
	LibxdpFolder()
	{
		struct statfs info;
		if (statfs(bpffs().c_str(), &info) || info.f_type != BPF_FS_MAGIC)
			return; // libxdp does without
		lock_ = Fd(open(bpffs().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		flock(lock_.get(), LOCK_SH);
		mkdir(path().c_str(), S_IRWXU | S_ISVTX);
	}

	~LibxdpFolder()
	{
		struct stat info;
		if (!lock_ || flock(lock_.get(), LOCK_EX | LOCK_NB) || stat(path().c_str(), &info))
			return;
		if (info.st_mode & S_ISVTX)
			rmdir(path().c_str()); // refused when it is not empty
	}

	LibxdpFolder(const LibxdpFolder &) = delete;
	LibxdpFolder &operator=(const LibxdpFolder &) = delete;

	static fs::path path() { return bpffs() / "xdp"; }

private:
	Fd lock_;
};

struct Program {
	Fd fd;
	fs::path pin; ///< progN-prog; empty without dispatcher
};

bool is_own(const Fd &program)
{
	return program_name(program).starts_with(kOwnPrefix);
}

fs::path dispatcher_folder(uint32_t ifindex, uint32_t id)
{
	return LibxdpFolder::path() / fmt::format("dispatch-{}-{}", ifindex, id);
}

/// The programs pinned in a folder of a dispatcher, in the order in which they run.
std::vector<Program> joined_programs(const fs::path &dispatcher)
{
	std::vector<Program> programs;
	std::error_code missing;
	for (const fs::directory_entry &entry : fs::directory_iterator(dispatcher, missing)) {
		if (!entry.path().filename().string().ends_with("-prog"))
			continue;
		if (Fd fd(bpf_obj_get(entry.path().c_str())); fd)
			programs.push_back({std::move(fd), entry.path()});
	}
	std::ranges::sort(programs, {}, &Program::pin); // prog0-prog to prog9-prog
	return programs;
}

std::vector<Program> own_programs(const fs::path &dispatcher)
{
	std::vector<Program> programs = joined_programs(dispatcher);
	std::erase_if(programs, [](const Program &program) { return !is_own(program.fd); });
	return programs;
}

/// What the interface runs.
struct Attached {
	xovl_mode mode = XOVL_MODE_TC; ///< TC: no XDP program
	uint32_t id = 0;               ///< the program or dispatcher
	bool alone = false;            ///< it is ours, without dispatcher
	std::vector<Program> own;      ///< ours, alone or behind the dispatcher
};

Attached find_attached(uint32_t ifindex)
{
	Attached found;
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);
	if (bpf_xdp_query(static_cast<int>(ifindex), 0, &opts))
		return found; // the interface is gone
	if (opts.drv_prog_id) {
		found.mode = XOVL_MODE_NATIVE;
		found.id = opts.drv_prog_id;
	} else if (opts.skb_prog_id) {
		found.mode = XOVL_MODE_GENERIC;
		found.id = opts.skb_prog_id;
	} else {
		return found;
	}
	Fd fd(bpf_prog_get_fd_by_id(found.id));
	if (is_own(fd)) {
		found.alone = true;
		found.own.push_back({std::move(fd), {}});
	} else {
		found.own = own_programs(dispatcher_folder(ifindex, found.id));
	}
	return found;
}

unsigned int kernel_flags(xovl_mode mode)
{
	return mode == XOVL_MODE_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
}

xdp_attach_mode libxdp_mode(xovl_mode mode)
{
	return mode == XOVL_MODE_NATIVE ? XDP_MODE_NATIVE : XDP_MODE_SKB;
}

using XdpProgram = std::unique_ptr<xdp_program, decltype(&xdp_program__close)>;
using Object = std::unique_ptr<bpf_object, decltype(&bpf_object__close)>;

/// 0 or a negative errno, as the functions below.
int detach_joined(uint32_t ifindex, xovl_mode mode, int prog_fd)
{
	xdp_program *made = xdp_program__from_fd(prog_fd);
	if (long err = libxdp_get_error(made))
		return static_cast<int>(err);
	XdpProgram program(made, xdp_program__close);
	return xdp_program__detach(program.get(), static_cast<int>(ifindex), libxdp_mode(mode), 0);
}

int detach_own(uint32_t ifindex, const Attached &now)
{
	for (const Program &program : now.own) {
		int err = 0;
		if (now.alone) {
			LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = program.fd.get());
			err = bpf_xdp_detach(static_cast<int>(ifindex), kernel_flags(now.mode), &opts);
		} else {
			err = detach_joined(ifindex, now.mode, program.fd.get());
		}
		if (err)
			return err;
	}
	return 0;
}

/// Without dispatcher: in the place of ours, provided that it is still the one we saw; else where no program is.
int attach_alone(uint32_t ifindex, xovl_mode mode, const Attached &now, bpf_object *object, const char *prog_name)
{
	if (int err = bpf_object__load(object))
		return err;
	int prog_fd = bpf_program__fd(bpf_object__find_program_by_name(object, prog_name));
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts);
	unsigned int flags = kernel_flags(mode);
	if (now.alone)
		opts.old_prog_fd = now.own.front().fd.get(); // makes libbpf add XDP_FLAGS_REPLACE
	else
		flags |= XDP_FLAGS_UPDATE_IF_NOEXIST;
	return bpf_xdp_attach(static_cast<int>(ifindex), prog_fd, flags, &opts);
}

/// Through libxdp, which loads the object as the kernel and what is attached demand. Older ones of ours leave
/// after the new one is in: until then both run, one after the other.
int attach_joined(uint32_t ifindex, xovl_mode mode, const Attached &now, bpf_object *object, const char *prog_name)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .obj = object, .prog_name = prog_name);
	xdp_program *made = xdp_program__create(&opts);
	if (long err = libxdp_get_error(made))
		return static_cast<int>(err);
	XdpProgram program(made, xdp_program__close);
	xdp_program__set_run_prio(program.get(), kRunPriority);
	if (int err = xdp_program__attach(program.get(), static_cast<int>(ifindex), libxdp_mode(mode), 0))
		return err;
	int err = detach_own(ifindex, now);
	if (err)
		xdp_program__detach(program.get(), static_cast<int>(ifindex), libxdp_mode(mode), 0);
	return err;
}

void load_only(bpf_object *object, const char *prog_name)
{
	bpf_program *program;
	bpf_object__for_each_program (program, object)
		bpf_program__set_autoload(program, std::string_view(bpf_program__name(program)) == prog_name);
}

/// The programs that the interface runs: those behind the dispatcher where there is one.
std::string program_names(uint32_t ifindex, uint32_t id)
{
	std::string names;
	for (const Program &program : joined_programs(dispatcher_folder(ifindex, id)))
		names += fmt::format("{}{}", names.empty() ? "" : ", ", program_name(program.fd));
	return names.empty() ? program_name(id) : names;
}

std::string why_not_joined(int err, const BpfLog &log)
{
	if (err == -EBUSY || err == -EEXIST)
		return {}; // says no more than that one is attached
	std::string reason = log.reason(-err);
	if (reason.find("Extension program changes packet data") != std::string::npos)
		reason = "this kernel lets no program that changes packets join the dispatcher of this libxdp";
	return ": " + reason;
}

XdpOutcome outcome_of(int err, uint32_t ifindex, const BpfLog &log)
{
	if (!err)
		return {XdpResult::Attached, {}};
	Attached now = find_attached(ifindex);
	if (!now.id || !now.own.empty())
		return {XdpResult::Unsupported, log.reason(-err)};
	return {XdpResult::Busy, fmt::format("{} XDP program {} is attached and cannot be joined{}",
					     now.mode == XOVL_MODE_NATIVE ? "native" : "generic",
					     program_names(ifindex, now.id), why_not_joined(err, log))};
}

bool uses_map(int prog_fd, uint32_t map_id)
{
	bpf_prog_info info = {};
	__u32 length = sizeof(info);
	if (bpf_obj_get_info_by_fd(prog_fd, &info, &length))
		return false;
	std::vector<__u32> ids(info.nr_map_ids);
	info = {};
	info.nr_map_ids = static_cast<__u32>(ids.size());
	info.map_ids = reinterpret_cast<uintptr_t>(ids.data());
	if (bpf_obj_get_info_by_fd(prog_fd, &info, &length))
		return false;
	return std::ranges::count(ids, map_id) > 0;
}

/// Unpin our programs of dispatchers that this interface does not run.
void remove_stale_pins(uint32_t ifindex, int own_map_fd)
{
	bpf_map_info map = {};
	__u32 length = sizeof(map);
	if (bpf_obj_get_info_by_fd(own_map_fd, &map, &length))
		return;
	std::string prefix = fmt::format("dispatch-{}-", ifindex);
	std::string running = fmt::format("{}{}", prefix, find_attached(ifindex).id);
	std::error_code missing;
	for (const fs::directory_entry &entry : fs::directory_iterator(LibxdpFolder::path(), missing)) {
		std::string name = entry.path().filename();
		if (!name.starts_with(prefix) || name == running)
			continue;
		for (const Program &program : own_programs(entry.path())) {
			if (!uses_map(program.fd.get(), map.id))
				continue;
			std::string pin = program.pin;
			unlink(pin.c_str());
			unlink(pin.replace(pin.size() - strlen("prog"), strlen("prog"), "link").c_str());
		}
		rmdir(entry.path().c_str()); // refused while programs of others are there
	}
}

} // namespace

XdpOutcome xdp_attach(const LinkInfo &link, xovl_mode mode, const char *prog_name,
		      const std::function<bpf_object *()> &open_object)
{
	LibxdpFolder folder;
	Attached now = find_attached(link.ifindex);
	if (!now.own.empty() && now.mode != mode) {
		xdp_detach(link.ifindex);
		now = find_attached(link.ifindex);
	}
	auto attach = [&](auto method) {
		BpfLog log;
		Object object(open_object(), bpf_object__close);
		load_only(object.get(), prog_name);
		return outcome_of(method(link.ifindex, mode, now, object.get(), prog_name), link.ifindex, log);
	};
	XdpOutcome outcome = attach(now.alone ? attach_alone : attach_joined);
	if (outcome.result == XdpResult::Unsupported && !now.id)
		outcome = attach(attach_alone);
	if (outcome.result != XdpResult::Attached)
		xdp_detach(link.ifindex);
	return outcome;
}

void xdp_detach(uint32_t ifindex, int own_map_fd)
{
	BpfLog log;
	LibxdpFolder folder;
	int err = detach_own(ifindex, find_attached(ifindex));
	if (err && err != -ENODEV)
		throw system_error("detaching XDP from interface", std::to_string(ifindex), -err);
	if (own_map_fd >= 0)
		remove_stale_pins(ifindex, own_map_fd);
}

bool xdp_uses_map(uint32_t ifindex, int map_fd)
{
	bpf_map_info map = {};
	__u32 length = sizeof(map);
	if (bpf_obj_get_info_by_fd(map_fd, &map, &length))
		return false;
	return std::ranges::any_of(find_attached(ifindex).own,
				   [&](const Program &program) { return uses_map(program.fd.get(), map.id); });
}

std::vector<uint32_t> xdp_programs(uint32_t ifindex)
{
	const uint32_t id = find_attached(ifindex).id;
	std::vector<uint32_t> ids;
	for (const Program &program : joined_programs(dispatcher_folder(ifindex, id)))
		ids.push_back(program_id(program.fd));
	if (ids.empty() && id)
		ids.push_back(id);
	return ids;
}

xovl_mode xdp_attached(uint32_t ifindex)
{
	Attached now = find_attached(ifindex);
	return now.own.empty() ? XOVL_MODE_TC : now.mode;
}

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// XDP programs of an interface: attaching, replacing, detaching and listing ours. An interface is in one of three
// states: no program of ours, ours behind libxdp's dispatcher, or ours alone without dispatcher. The last is for
// kernels without freplace, and for those that refuse freplace if our program changes packets and the dispatcher does
// not (for example 6.12.117 with libxdp 1.3).
// libxdp attaches and detaches the programs behind its dispatcher. Its pins tell which of them are ours.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "bpf/attach.hpp"
#include "bpf/libxdp_pins.hpp"

namespace xovl {

namespace {

namespace fs = std::filesystem;

// libxdp's default. It runs after filters (xdp-filter has 10) and AF_XDP sockets (20), which see the frames as they
// arrive.
constexpr unsigned int kRunPriority = 50;

/// The XDP state of an interface.
struct Attached {
	xovl_mode mode = XOVL_MODE_TC; ///< TC means no XDP program
	uint32_t id = 0;               ///< ID of the program or dispatcher
	bool alone = false;            ///< our program runs without dispatcher
	std::vector<XdpProgram> own;   ///< our programs, alone or behind the dispatcher
};

/// Returns the program with this ID: our pinned one if it matches, else by ID. Empty if it is gone, or if opening it
/// needs CAP_SYS_ADMIN.
Fd open_program(uint32_t id, const XdpOwn &own)
{
	if (!own.pin_path.empty()) {
		Fd pinned(bpf_obj_get(own.pin_path.c_str()));
		if (!pinned && errno != ENOENT)
			throw system_error("open", own.pin_path, errno);
		if (pinned && program_id(pinned.get()) == id)
			return pinned;
	}
	Fd fd(bpf_prog_get_fd_by_id(id));
	if (!fd && errno != ENOENT && errno != EPERM)
		throw system_error("open", fmt::format("XDP program {}", id), errno);
	return fd;
}

Attached find_attached(uint32_t ifindex, const XdpOwn &own)
{
	Attached found;
	const LinkXdp xdp = link_xdp(ifindex);
	if (xdp.native) {
		found.mode = XOVL_MODE_NATIVE;
		found.id = xdp.native;
	} else if (xdp.generic) {
		found.mode = XOVL_MODE_GENERIC;
		found.id = xdp.generic;
	} else {
		return found;
	}
	Fd fd = open_program(found.id, own);
	if (fd && is_own(fd)) {
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

using LibxdpProgram = std::unique_ptr<xdp_program, decltype(&xdp_program__close)>;

/// Returns 0 or a negative errno, as do the functions below.
int detach_joined(uint32_t ifindex, xovl_mode mode, int prog_fd)
{
	xdp_program *made = xdp_program__from_fd(prog_fd);
	if (long err = libxdp_get_error(made))
		return static_cast<int>(err);
	LibxdpProgram program(made, xdp_program__close);
	return xdp_program__detach(program.get(), static_cast<int>(ifindex), libxdp_mode(mode), 0);
}

int detach_own(uint32_t ifindex, const Attached &now)
{
	for (const XdpProgram &program : now.own) {
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

/// Pins the program that was just attached, replacing an older pin. A program behind a dispatcher is not pinned.
/// (libxdp also attaches a program without dispatcher if the kernel cannot join programs.)
void pin_alone(uint32_t ifindex, bpf_object *object, const char *prog_name, const XdpOwn &own)
{
	const int prog_fd = bpf_program__fd(bpf_object__find_program_by_name(object, prog_name));
	if (own.pin_path.empty() || find_attached(ifindex, own).id != program_id(prog_fd))
		return;
	unlink(own.pin_path.c_str());
	if (bpf_obj_pin(prog_fd, own.pin_path.c_str()) != 0)
		throw system_error("pin", own.pin_path, errno);
}

/// Attaches without a dispatcher. Replaces our program if it is still the one found, else requires that no program is
/// attached.
int attach_alone(uint32_t ifindex, xovl_mode mode, const Attached &now, bpf_object *object, const char *prog_name)
{
	if (int err = bpf_object__load(object))
		return err;
	int prog_fd = bpf_program__fd(bpf_object__find_program_by_name(object, prog_name));
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts);
	unsigned int flags = kernel_flags(mode);
	if (now.alone)
		opts.old_prog_fd = now.own.front().fd.get(); // makes libbpf set XDP_FLAGS_REPLACE
	else
		flags |= XDP_FLAGS_UPDATE_IF_NOEXIST;
	return bpf_xdp_attach(static_cast<int>(ifindex), prog_fd, flags, &opts);
}

/// Attaches through libxdp, which loads the object as needed for the dispatcher. Our older programs are detached after
/// the new one is attached; until then both run, one after the other.
int attach_joined(uint32_t ifindex, xovl_mode mode, const Attached &now, bpf_object *object, const char *prog_name)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .obj = object, .prog_name = prog_name);
	xdp_program *made = xdp_program__create(&opts);
	if (long err = libxdp_get_error(made))
		return static_cast<int>(err);
	LibxdpProgram program(made, xdp_program__close);
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

/// Returns the names of the programs that the interface runs; with a dispatcher, those that it calls.
std::string program_names(uint32_t ifindex, uint32_t id)
{
	std::string names;
	for (const XdpProgram &program : joined_programs(dispatcher_folder(ifindex, id)))
		names += fmt::format("{}{}", names.empty() ? "" : ", ", program_name(program.fd));
	return names.empty() ? program_name(id) : names;
}

std::string why_not_joined(int err, const BpfLog &log)
{
	if (err == -EBUSY || err == -EEXIST)
		return {}; // these only mean that another program is attached
	std::string reason = log.reason(-err);
	if (reason.find("Extension program changes packet data") != std::string::npos)
		reason = "this kernel lets no program that changes packets join the dispatcher of this libxdp";
	return ": " + reason;
}

std::string described_as_busy(uint32_t ifindex, const Attached &now)
{
	return fmt::format("{} XDP program {} is attached and cannot be joined",
			   now.mode == XOVL_MODE_NATIVE ? "native" : "generic", program_names(ifindex, now.id));
}

XdpOutcome outcome_of(int err, uint32_t ifindex, const XdpOwn &own, const BpfLog &log)
{
	if (!err)
		return {XdpResult::Attached, {}};
	Attached now = find_attached(ifindex, own);
	if (!now.id || !now.own.empty())
		return {XdpResult::Unsupported, log.reason(-err)};
	return {XdpResult::Busy, described_as_busy(ifindex, now) + why_not_joined(err, log)};
}

/// Removes the pins of our programs of dispatchers that the interface no longer runs.
void remove_stale_pins(uint32_t ifindex, int own_map_fd)
{
	const uint32_t map = map_id(own_map_fd);
	const std::string prefix = fmt::format("dispatch-{}-", ifindex);
	const std::vector<fs::path> dispatchers = dispatcher_folders(prefix);
	if (dispatchers.empty())
		return;
	const std::string running = fmt::format("{}{}", prefix, find_attached(ifindex, {}).id);
	for (const fs::path &dispatcher : dispatchers)
		if (dispatcher.filename() != running)
			remove_pins(dispatcher, map);
}

} // namespace

XdpOutcome xdp_attach(const LinkInfo &link, xovl_mode mode, const char *prog_name,
		      const std::function<BpfObject()> &open_object, const XdpOwn &own)
{
	LibxdpFolder folder;
	Attached now = find_attached(link.ifindex, own);
	if (!now.own.empty() && now.mode != mode) {
		xdp_detach(link.ifindex, own);
		now = find_attached(link.ifindex, own);
	}
	auto attach = [&](auto method) {
		BpfLog log;
		const BpfObject object = open_object();
		load_only(object.get(), prog_name);
		const int err = method(link.ifindex, mode, now, object.get(), prog_name);
		if (!err)
			pin_alone(link.ifindex, object.get(), prog_name, own);
		return outcome_of(err, link.ifindex, own, log);
	};
	XdpOutcome outcome = attach(now.alone ? attach_alone : attach_joined);
	if (outcome.result == XdpResult::Unsupported && !now.id)
		outcome = attach(attach_alone);
	if (outcome.result != XdpResult::Attached)
		xdp_detach(link.ifindex, own);
	return outcome;
}

void xdp_detach(uint32_t ifindex, const XdpOwn &own, int own_map_fd)
{
	BpfLog log;
	LibxdpFolder folder;
	int err = detach_own(ifindex, find_attached(ifindex, own));
	if (err && err != -ENODEV)
		throw system_error("detaching XDP from interface", std::to_string(ifindex), -err);
	if (!own.pin_path.empty() && unlink(own.pin_path.c_str()) != 0 && errno != ENOENT)
		throw system_error("remove", own.pin_path, errno);
	if (own_map_fd >= 0)
		remove_stale_pins(ifindex, own_map_fd);
}

bool xdp_uses_map(uint32_t ifindex, int map_fd)
{
	const uint32_t map = map_id(map_fd);
	return std::ranges::any_of(find_attached(ifindex, {}).own,
				   [&](const XdpProgram &program) { return program_maps(program.fd).contains(map); });
}

std::string xdp_in_the_way(uint32_t ifindex, xovl_mode mode, const XdpOwn &own)
{
	const Attached now = find_attached(ifindex, own);
	if (!now.id || !now.own.empty())
		return "";
	const bool can_be_joined = now.mode == mode && !joined_programs(dispatcher_folder(ifindex, now.id)).empty();
	return can_be_joined ? "" : described_as_busy(ifindex, now);
}

std::vector<uint32_t> xdp_programs(uint32_t ifindex)
{
	const uint32_t id = find_attached(ifindex, {}).id;
	std::vector<uint32_t> ids;
	if (!id)
		return ids;
	for (const XdpProgram &program : joined_programs(dispatcher_folder(ifindex, id)))
		ids.push_back(program_id(program.fd.get()));
	if (ids.empty() && id)
		ids.push_back(id);
	return ids;
}

void xdp_forget(int own_map_fd)
{
	const LibxdpFolder folder;
	const uint32_t map = map_id(own_map_fd);
	for (const fs::path &dispatcher : dispatcher_folders("dispatch-"))
		remove_pins(dispatcher, map);
}

xovl_mode xdp_attached(uint32_t ifindex, const XdpOwn &own)
{
	Attached now = find_attached(ifindex, own);
	return now.own.empty() ? XOVL_MODE_TC : now.mode;
}

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "bpf/attach.hpp"

namespace xovl {

namespace {

// From include/uapi/linux/bpf.h (Linux 6.6), missing in older headers.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);
constexpr uint32_t kLinkTypeTcx = 11;

// Our priority and handle on clsact. The priority (the letters "xo") is unlikely to be in use, and leaves room for
// other filters before and after.
constexpr uint32_t kFilterPriority = 0x786f;
constexpr uint32_t kFilterHandle = 1;

/// An attached tcx link, and the ID of its program.
struct TcxLink {
	Fd fd;
	uint32_t program = 0;
};

bpf_attach_type tcx_type(TcPoint point)
{
	return point == TcPoint::Ingress ? kTcxIngress : kTcxEgress;
}

/// Returns an empty Fd if nothing is pinned there.
Fd open_pin(const std::string &path)
{
	Fd fd(bpf_obj_get(path.c_str()));
	if (!fd && errno != ENOENT)
		throw system_error("open", path, errno);
	return fd;
}

/// Returns the pinned link if it is attached to this interface. It is not if the interface was deleted or moved to
/// another network namespace and its index given to another one, or if another process detached the link.
TcxLink open_link(uint32_t ifindex, const TcOwn &own)
{
	Fd fd = open_pin(own.pin_path);
	if (!fd)
		return {};
	const bpf_link_info info = link_info(fd);
	if (info.type != kLinkTypeTcx)
		return {};
	// tcx.ifindex of newer headers has the same offset as xdp.ifindex.
	if (info.xdp.ifindex != ifindex || std::ranges::count(tcx_programs(ifindex, own.point), info.prog_id) == 0)
		return {};
	return {std::move(fd), info.prog_id};
}

enum class TcxResult { Attached, Missing };

TcxResult tcx_attach(const LinkInfo &link, int prog_fd, const TcOwn &own)
{
	if (TcxLink old = open_link(link.ifindex, own); old.fd) {
		if (bpf_link_update(old.fd.get(), prog_fd, nullptr))
			throw system_error("replacing the TC program of", link.name, errno);
		return TcxResult::Attached;
	}
	Fd fd(bpf_link_create(prog_fd, static_cast<int>(link.ifindex), tcx_type(own.point), nullptr));
	if (!fd && errno == EINVAL) // unknown attach type: no tcx
		return TcxResult::Missing;
	if (!fd)
		throw system_error("attaching TC to", link.name, errno);
	if (unlink(own.pin_path.c_str()) && errno != ENOENT) // the pin of an interface that is gone
		throw system_error("remove", own.pin_path, errno);
	if (bpf_obj_pin(fd.get(), own.pin_path.c_str()))
		throw system_error("pinning", own.pin_path, errno);
	return TcxResult::Attached;
}

bpf_tc_hook clsact_hook(uint32_t ifindex, TcPoint point)
{
	return {.sz = sizeof(bpf_tc_hook),
		.ifindex = static_cast<int>(ifindex),
		.attach_point = point == TcPoint::Ingress ? BPF_TC_INGRESS : BPF_TC_EGRESS};
}

/// Returns the ID of the program at our priority and handle, or 0.
uint32_t filter_program(uint32_t ifindex, TcPoint point)
{
	bpf_tc_hook hook = clsact_hook(ifindex, point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = kFilterHandle, .priority = kFilterPriority);
	const int err = bpf_tc_query(&hook, &opts);
	// EINVAL: there is no clsact qdisc
	if (err && err != -ENOENT && err != -EINVAL && err != -ENODEV)
		throw system_error("read the TC filter of interface", std::to_string(ifindex), -err);
	return err ? 0 : opts.prog_id;
}

bool is_own_filter(uint32_t ifindex, const TcOwn &own)
{
	uint32_t id = filter_program(ifindex, own.point);
	if (!id || !own.programs.empty())
		return std::ranges::count(own.programs, id) > 0;
	return std::ranges::count(kTcNames, program_name(id)) > 0;
}

/// If another process adds a filter between check and removal, the filter is lost with the qdisc: the kernel has no
/// "remove if empty".
void remove_unused_clsact(uint32_t ifindex)
{
	if (has_tc_filters(ifindex))
		return;
	bpf_tc_hook hook = clsact_hook(ifindex, TcPoint::Ingress);
	// both directions: removes the qdisc itself
	hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
	bpf_tc_hook_destroy(&hook);
}

void clsact_attach(const LinkInfo &link, int prog_fd, const TcOwn &own, const std::function<void()> &making_clsact)
{
	BpfLog log;
	bool made = !has_clsact(link.ifindex);
	if (made)
		making_clsact();
	bpf_tc_hook hook = clsact_hook(link.ifindex, own.point);
	int err = bpf_tc_hook_create(&hook);
	if (err && err != -EEXIST)
		throw Error(Error::Kind::System, fmt::format("adding clsact to {}: {}", link.name, log.reason(-err)));

	if (filter_program(link.ifindex, own.point) && !is_own_filter(link.ifindex, own))
		throw Error(Error::Kind::System,
			    fmt::format("attaching TC to {0}: its {3} filter of priority {1} handle {2} is not ours"
					" (tc filter del dev {0} {3} prio {1})",
					link.name, kFilterPriority, kFilterHandle,
					own.point == TcPoint::Ingress ? "ingress" : "egress"));
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd, .flags = BPF_TC_F_REPLACE, .handle = kFilterHandle,
		    .priority = kFilterPriority);
	err = bpf_tc_attach(&hook, &opts);
	if (err) {
		std::string reason = log.reason(-err);
		if (made)
			remove_unused_clsact(link.ifindex);
		throw Error(Error::Kind::System, fmt::format("attaching TC to {}: {}", link.name, reason));
	}
}

} // namespace

void tc_attach(const LinkInfo &link, int prog_fd, const TcOwn &own, const std::function<void()> &making_clsact)
{
	if (tcx_attach(link, prog_fd, own) == TcxResult::Missing)
		clsact_attach(link, prog_fd, own, making_clsact);
}

TcLink tc_link_state(const TcOwn &own)
{
	const Fd link = open_pin(own.pin_path);
	if (!link)
		return TcLink::None;
	const bpf_link_info info = link_info(link);
	if (info.type != kLinkTypeTcx)
		return TcLink::None;
	return info.xdp.ifindex ? TcLink::Attached : TcLink::Detached; // see open_link()
}

void tc_detach_link(const TcOwn &own)
{
	const Fd fd = open_pin(own.pin_path);
	if (!fd)
		return;
	// Detach explicitly: after only removing the pin, the kernel detaches some time later.
	if (bpf_link_detach(fd.get()) && errno != ENOLINK)
		throw system_error("detaching", own.pin_path, errno);
	if (unlink(own.pin_path.c_str()))
		throw system_error("remove", own.pin_path, errno);
}

void clsact_detach(uint32_t ifindex, const TcOwn &own)
{
	BpfLog log;
	if (!is_own_filter(ifindex, own))
		return;
	bpf_tc_hook hook = clsact_hook(ifindex, own.point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = kFilterHandle, .priority = kFilterPriority);
	int err = bpf_tc_detach(&hook, &opts);
	if (err && err != -ENOENT && err != -ENODEV)
		throw Error(Error::Kind::System,
			    fmt::format("detaching TC from interface {}: {}", ifindex, log.reason(-err)));
}

void tc_detach(uint32_t ifindex, const TcOwn &own, bool made_clsact)
{
	tc_detach_link(own);
	if (!link_exists(ifindex))
		return;
	clsact_detach(ifindex, own);
	if (made_clsact)
		remove_unused_clsact(ifindex);
}

std::vector<uint32_t> tcx_programs(uint32_t ifindex, TcPoint point)
{
	std::vector<uint32_t> ids(64); // BPF_MPROG_MAX
	LIBBPF_OPTS(bpf_prog_query_opts, opts, .prog_ids = ids.data(), .prog_cnt = static_cast<__u32>(ids.size()));
	if (bpf_prog_query_opts(static_cast<int>(ifindex), tcx_type(point), &opts)) {
		if (errno == ENODEV || errno == EINVAL || errno == ENOENT)
			return {};
		throw system_error("list the TC programs of interface", std::to_string(ifindex), errno);
	}
	ids.resize(opts.prog_cnt);
	return ids;
}

bool tc_attached(uint32_t ifindex, const TcOwn &own)
{
	// Another process may have replaced the program of our link.
	if (const TcxLink link = open_link(ifindex, own); link.fd)
		return own.programs.empty() || std::ranges::count(own.programs, link.program) > 0;
	BpfLog log;
	return is_own_filter(ifindex, own);
}

} // namespace xovl

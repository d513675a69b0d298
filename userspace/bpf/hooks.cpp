// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/hooks.hpp"

#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <algorithm>

#include "kernel/netlink.hpp"

namespace xovl {

namespace {

bool is_own(const TcOwn &own, uint32_t id)
{
	return std::ranges::count(own.programs, id) > 0;
}

std::vector<HookProgram> described(const std::vector<uint32_t> &ids, const TcOwn &own)
{
	std::vector<HookProgram> programs;
	for (uint32_t id : ids)
		programs.push_back({.name = program_name(id), .id = id, .own = is_own(own, id)});
	return programs;
}

std::vector<HookProgram> xdp_hook(uint32_t ifindex)
{
	std::vector<HookProgram> programs;
	for (uint32_t id : xdp_programs(ifindex)) {
		const std::string name = program_name(id);
		programs.push_back({.name = name, .id = id, .own = std::ranges::count(kXdpNames, name) > 0});
	}
	return programs;
}

/// Adds a filter from an RTM_GETTFILTER message. A message without handle is the head of a chain and not a filter.
void add_filter(std::vector<HookProgram> &filters, nlmsghdr *message, const TcOwn &own)
{
	const auto *header = static_cast<const tcmsg *>(nlmsg_data(message));
	nlattr *kind = nlmsg_find_attr(message, sizeof(tcmsg), TCA_KIND);
	nlattr *options = nlmsg_find_attr(message, sizeof(tcmsg), TCA_OPTIONS);
	if (!header->tcm_handle || !kind)
		return;
	HookProgram filter{.name = nla_get_string(kind), .priority = TC_H_MAJ(header->tcm_info) >> 16};
	nlattr *id = filter.name == "bpf" && options
			     ? nla_find(static_cast<nlattr *>(nla_data(options)), nla_len(options), TCA_BPF_ID)
			     : nullptr;
	if (id) {
		filter.id = nla_get_u32(id);
		filter.name = program_name(filter.id);
		filter.own = is_own(own, filter.id);
	}
	filters.push_back(filter);
}

std::vector<HookProgram> clsact_hook(uint32_t ifindex, const TcOwn &own, TcPoint point)
{
	std::vector<HookProgram> filters;
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	const uint32_t minor = point == TcPoint::Ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS;
	const tcmsg request = {.tcm_family = AF_UNSPEC,
			       .tcm_ifindex = static_cast<int>(ifindex),
			       .tcm_parent = TC_H_MAKE(TC_H_CLSACT, minor)};
	const int err = netlink_request(socket.get(), RTM_GETTFILTER, NLM_F_DUMP, std::as_bytes(std::span(&request, 1)),
					[&](nlmsghdr *message) { add_filter(filters, message, own); });
	// errors: no clsact qdisc, or the interface is gone
	if (err < 0 && err != -NLE_INVAL && err != -NLE_OBJ_NOTFOUND && err != -NLE_NODEV)
		throw_netlink(fmt::format("TC filters of interface {}", ifindex), err);
	return filters;
}

} // namespace

Hooks hooks_of(uint32_t ifindex, const TcOwn &own)
{
	return {.xdp = xdp_hook(ifindex),
		.tcx_ingress = described(tcx_programs(ifindex, TcPoint::Ingress), own),
		.clsact_ingress = clsact_hook(ifindex, own, TcPoint::Ingress),
		.tcx_egress = described(tcx_programs(ifindex, TcPoint::Egress), own),
		.clsact_egress = clsact_hook(ifindex, own, TcPoint::Egress)};
}

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/xfrm.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/xfrm.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "kernel/netlink.hpp"

namespace xovl {

namespace {

Address to_address(uint16_t family, const xfrm_address_t &address)
{
	xovl_addr raw{};
	if (family == AF_INET6) {
		memcpy(&raw, address.a6, sizeof(raw));
	} else {
		raw.be32[2] = htonl(0xffff);
		raw.be32[3] = address.a4;
	}
	return Address(raw);
}

XfrmPolicy::Selector to_selector(const xfrm_selector &from)
{
	return {.family = from.family,
		.src = to_address(from.family, from.saddr),
		.dst = to_address(from.family, from.daddr),
		.src_bits = from.prefixlen_s,
		.dst_bits = from.prefixlen_d,
		.protocol = from.proto,
		.sport = ntohs(from.sport),
		.dport = ntohs(from.dport),
		.sport_mask = ntohs(from.sport_mask),
		.dport_mask = ntohs(from.dport_mask)};
}

/// True if a policy can match packets without mark that belong to no XFRM interface. All our packets are such.
bool is_for_plain_packets(nlmsghdr *message)
{
	const size_t header = sizeof(xfrm_userpolicy_info);
	if (nlattr *if_id = nlmsg_find_attr(message, header, XFRMA_IF_ID); if_id && nla_get_u32(if_id))
		return false;
	nlattr *attr = nlmsg_find_attr(message, header, XFRMA_MARK);
	if (!attr || nla_len(attr) < static_cast<int>(sizeof(xfrm_mark)))
		return true;
	const auto *mark = static_cast<const xfrm_mark *>(nla_data(attr));
	return (mark->v & mark->m) == 0;
}

/// True if all mandatory templates of a policy are ESP.
bool asks_for_esp(const nlattr *templates)
{
	if (!templates)
		return false;
	const auto *each = static_cast<const xfrm_user_tmpl *>(nla_data(templates));
	const std::span all(each, nla_len(templates) / sizeof(*each));
	return !all.empty() && std::ranges::all_of(all, [](const xfrm_user_tmpl &tmpl) {
		return tmpl.id.proto == IPPROTO_ESP && !tmpl.optional;
	});
}

bool has_mark(nlmsghdr *message)
{
	nlattr *attr = nlmsg_find_attr(message, sizeof(xfrm_userpolicy_info), XFRMA_MARK);
	return attr && nla_len(attr) >= static_cast<int>(sizeof(xfrm_mark)) &&
	       static_cast<const xfrm_mark *>(nla_data(attr))->m;
}

void add_policy(XfrmPolicies &into, nlmsghdr *message)
{
	const auto *info = static_cast<const xfrm_userpolicy_info *>(nlmsg_data(message));
	if (message->nlmsg_type != XFRM_MSG_NEWPOLICY || info->dir > XFRM_POLICY_OUT || !is_for_plain_packets(message))
		return;
	into.policies.push_back({.selector = to_selector(info->sel),
				 .out = info->dir == XFRM_POLICY_OUT,
				 .priority = info->priority,
				 .block = info->action == XFRM_POLICY_BLOCK,
				 .transforms = nlmsg_find_attr(message, sizeof(*info), XFRMA_TMPL) != nullptr,
				 .seals = info->action == XFRM_POLICY_BLOCK ||
					  asks_for_esp(nlmsg_find_attr(message, sizeof(*info), XFRMA_TMPL)),
				 .narrow = info->sel.ifindex || has_mark(message)});
}

bool in_selector(const XfrmPolicy::Selector &selector, const Address &src, const Address &dst, const TunnelFlow &flow)
{
	// sport is not compared: our packets use a range of source ports, and GRE has none.
	return (!selector.family || selector.family == flow.local.family()) &&
	       in_prefix(src, selector.src, selector.src_bits) && in_prefix(dst, selector.dst, selector.dst_bits) &&
	       (!selector.protocol || selector.protocol == flow.protocol) &&
	       (!flow.dstport || !((selector.dport ^ flow.dstport) & selector.dport_mask));
}

bool is_for(const XfrmPolicy &policy, const TunnelFlow &flow)
{
	const XfrmPolicy::Selector &selector = policy.selector;
	const Address any = policy.out ? selector.dst : selector.src;
	const Address remote = flow.remote.value_or(any);
	return in_selector(selector, policy.out ? flow.local : remote, policy.out ? remote : flow.local, flow);
}

bool names_service(const XfrmPolicy &policy, const TunnelFlow &flow)
{
	return policy.selector.protocol == flow.protocol && (!flow.dstport || policy.selector.dport_mask);
}

void read_counts(nl_sock *socket, XfrmPolicies &found)
{
	const uint32_t nothing = 0;
	netlink_request(socket, XFRM_MSG_GETSPDINFO, 0, std::as_bytes(std::span(&nothing, 1)), [&](nlmsghdr *message) {
		nlattr *attr = nlmsg_find_attr(message, sizeof(nothing), XFRMA_SPD_INFO);
		if (!attr || nla_len(attr) < static_cast<int>(sizeof(xfrmu_spdinfo)))
			return;
		const auto *counts = static_cast<const xfrmu_spdinfo *>(nla_data(attr));
		found.count_in = counts->incnt;
		found.count_out = counts->outcnt;
	});
}

} // namespace

// A pass policy ends the search only if it matches every source port.
std::string xfrm_obstacle(const XfrmPolicies &policies, const TunnelFlow &flow, xovl_direction direction)
{
	const bool out = direction == XOVL_OUT;
	for (const XfrmPolicy &policy : policies.policies) {
		if (policy.out != out || !is_for(policy, flow) || (!flow.remote && !names_service(policy, flow)))
			continue;
		if (policy.block || policy.transforms)
			return policy.str();
		if (!policy.selector.sport_mask)
			return "";
	}
	const bool blocked = out ? policies.block_out : policies.block_in;
	return flow.remote && blocked ? fmt::format("{}, block, the default", out ? "out" : "in") : "";
}

std::string XfrmPolicy::str() const
{
	std::string text = fmt::format("{}, {}, ", out ? "out" : "in", block ? "block" : "encrypt or sign");
	if (!selector.family)
		return text + "all packets";
	text += fmt::format("{}/{} > {}/{}", selector.src.str(), selector.src_bits, selector.dst.str(),
			    selector.dst_bits);
	if (selector.protocol)
		text += selector.protocol == IPPROTO_UDP   ? " UDP"
			: selector.protocol == IPPROTO_GRE ? " GRE"
							   : fmt::format(" protocol {}", selector.protocol);
	if (selector.dport_mask)
		text += fmt::format(" dport {}", selector.dport);
	return text;
}

XfrmPolicies read_xfrm_policies()
{
	XfrmPolicies found;
	if (!Fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM))) {
		if (errno == EPROTONOSUPPORT) // the kernel has no XFRM
			return found;
		throw system_error("open", "a netlink socket of XFRM", errno);
	}
	NetlinkSocket socket = connect_netlink(NETLINK_XFRM);
	read_counts(socket.get(), found);
	const xfrm_userpolicy_id all{};
	if (int err = netlink_request(socket.get(), XFRM_MSG_GETPOLICY, NLM_F_DUMP, std::as_bytes(std::span(&all, 1)),
				      [&](nlmsghdr *message) { add_policy(found, message); });
	    err < 0)
		throw_netlink("XFRM policies", err);
	std::ranges::stable_sort(found.policies, {}, &XfrmPolicy::priority);
	// Kernels before 5.15 have no default policy other than pass.
	const uint32_t nothing = 0;
	netlink_request(
		socket.get(), XFRM_MSG_GETDEFAULT, 0, std::as_bytes(std::span(&nothing, 1)), [&](nlmsghdr *message) {
			const auto *defaults = static_cast<const xfrm_userpolicy_default *>(nlmsg_data(message));
			found.block_in = defaults->in == XFRM_USERPOLICY_BLOCK;
			found.block_out = defaults->out == XFRM_USERPOLICY_BLOCK;
		});
	found.count_in |= found.block_in ? XOVL_XFRM_BLOCKS : 0;
	found.count_out |= found.block_out ? XOVL_XFRM_BLOCKS : 0;
	return found;
}

bool xfrm_seals(const XfrmPolicies &policies, const TunnelFlow &flow)
{
	for (const XfrmPolicy &policy : policies.policies) {
		if (policy.out || !is_for(policy, flow))
			continue;
		if (!policy.seals)
			return false;
		if (!policy.narrow && !policy.selector.sport_mask)
			return true;
	}
	return policies.block_in;
}

std::string xfrm_obstacle(const XfrmPolicies &policies, const TunnelFlow &flow)
{
	const std::string out = xfrm_obstacle(policies, flow, XOVL_OUT);
	return out.empty() ? xfrm_obstacle(policies, flow, XOVL_IN) : out;
}

} // namespace xovl

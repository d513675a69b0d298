// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/route.hpp"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <array>
#include <memory>

#include "base/error.hpp"
#include "kernel/link.hpp"
#include "kernel/netlink.hpp"

namespace xovl {

namespace {

int read_route(nl_msg *message, void *to)
{
	auto *route = static_cast<Route *>(to);
	route->type = static_cast<rtmsg *>(nlmsg_data(nlmsg_hdr(message)))->rtm_type;
	if (nlattr *attr = nlmsg_find_attr(nlmsg_hdr(message), sizeof(rtmsg), RTA_OIF))
		route->ifindex = nla_get_u32(attr);
	nlattr *gateway = nlmsg_find_attr(nlmsg_hdr(message), sizeof(rtmsg), RTA_GATEWAY);
	if (gateway && nla_len(gateway) == sizeof(route->gateway))
		nla_memcpy(&route->gateway, gateway, sizeof(route->gateway));
	return NL_OK;
}

void put_address(nl_msg *message, int attr, const Address &address)
{
	const xovl_addr raw = address.raw();
	if (address.is_v4())
		nla_put_u32(message, attr, raw.be32[3]);
	else
		nla_put(message, attr, sizeof(raw), &raw);
}

/// Records that the kernel has answered with an error: there is no route.
int note_answer(sockaddr_nl *, nlmsgerr *, void *answered)
{
	*static_cast<bool *>(answered) = true;
	return NL_STOP;
}

struct RouteMtuAnswer {
	uint32_t ifindex = 0;
	uint32_t mtu = 0; ///< 0: the MTU of the interface
};

int read_route_mtu(nl_msg *message, void *to)
{
	auto &answer = *static_cast<RouteMtuAnswer *>(to);
	std::array<nlattr *, RTA_MAX + 1> attrs{};
	std::array<nlattr *, RTAX_MAX + 1> metrics{};
	if (nlmsg_hdr(message)->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(nlmsg_hdr(message), sizeof(rtmsg), attrs.data(), RTA_MAX, nullptr) < 0)
		return NL_SKIP;
	if (attrs[RTA_OIF])
		answer.ifindex = nla_get_u32(attrs[RTA_OIF]);
	if (!attrs[RTA_METRICS] || nla_parse_nested(metrics.data(), RTAX_MAX, attrs[RTA_METRICS], nullptr) < 0 ||
	    !metrics[RTAX_MTU])
		return NL_OK;
	const bool locked = metrics[RTAX_LOCK] && (nla_get_u32(metrics[RTAX_LOCK]) & 1u << RTAX_MTU);
	bool learned = false;
	if (attrs[RTA_CACHEINFO] && nla_len(attrs[RTA_CACHEINFO]) >= static_cast<int>(sizeof(rta_cacheinfo)))
		learned = static_cast<const rta_cacheinfo *>(nla_data(attrs[RTA_CACHEINFO]))->rta_expires != 0;
	if (locked || learned)
		answer.mtu = nla_get_u32(metrics[RTAX_MTU]);
	return NL_OK;
}

} // namespace

Route ask_route(const Address &to, const std::optional<Address> &from)
{
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	NetlinkMessage message(nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST), nlmsg_free);
	const uint8_t bits = to.is_v4() ? 32 : 128;
	rtmsg request{};
	request.rtm_family = to.family();
	request.rtm_dst_len = bits;
	request.rtm_src_len = from ? bits : 0;
	Route route;
	if (!message || nlmsg_append(message.get(), &request, sizeof(request), NLMSG_ALIGNTO) < 0)
		throw_netlink("route to " + to.str(), -NLE_NOMEM);
	put_address(message.get(), RTA_DST, to);
	if (from)
		put_address(message.get(), RTA_SRC, *from);
	bool answered = false;
	nl_socket_modify_cb(socket.get(), NL_CB_VALID, NL_CB_CUSTOM, read_route, &route);
	nl_socket_modify_err_cb(socket.get(), NL_CB_CUSTOM, note_answer, &answered);
	int err = nl_send_auto(socket.get(), message.get());
	if (err >= 0)
		err = nl_wait_for_ack(socket.get());
	if (err < 0 && !answered)
		throw_netlink("route to " + to.str(), err);
	return route;
}

bool address_is_here(const Address &address)
{
	return ask_route(address, std::nullopt).type == RTN_LOCAL;
}

RouteMtus::RouteMtus() : socket_(nl_socket_alloc(), nl_socket_free)
{
	if (!socket_)
		throw system_error("open", "a netlink socket", ENOMEM);
	nl_socket_disable_auto_ack(socket_.get());
	if (int err = nl_connect(socket_.get(), NETLINK_ROUTE); err < 0)
		throw_netlink("netlink", err);
}

std::optional<uint32_t> RouteMtus::mtu(const Address &from, const Address &to)
{
	std::unique_ptr<nl_msg, decltype(&nlmsg_free)> request(nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST),
							       nlmsg_free);
	const uint8_t length = to.is_v4() ? 4 : 16;
	rtmsg header{};
	header.rtm_family = static_cast<unsigned char>(to.family());
	header.rtm_src_len = header.rtm_dst_len = static_cast<unsigned char>(8 * length);
	const xovl_addr source = from.raw(), destination = to.raw();
	const size_t skip = sizeof(xovl_addr) - length;
	RouteMtuAnswer answer;
	if (!request || nlmsg_append(request.get(), &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    nla_put(request.get(), RTA_SRC, length, source.bytes + skip) < 0 ||
	    nla_put(request.get(), RTA_DST, length, destination.bytes + skip) < 0)
		throw system_error("ask for", "a route", ENOMEM);
	nl_socket_modify_cb(socket_.get(), NL_CB_VALID, NL_CB_CUSTOM, read_route_mtu, &answer);
	if (int err = nl_send_auto(socket_.get(), request.get()); err < 0)
		throw_netlink("ask for a route", err);
	if (nl_recvmsgs_default(socket_.get()) < 0 || !answer.ifindex)
		return std::nullopt;
	const uint32_t most = link_mtu(answer.ifindex);
	return answer.mtu && answer.mtu < most ? answer.mtu : most;
}

uint32_t RouteMtus::link_mtu(uint32_t ifindex)
{
	auto known = link_mtus_.find(ifindex);
	if (known == link_mtus_.end()) {
		auto link = find_link(ifindex);
		known = link_mtus_.emplace(ifindex, link ? link->mtu : 0).first;
	}
	return known->second;
}

} // namespace xovl

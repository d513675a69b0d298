// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "pmtu.hpp"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

namespace xovl {

namespace {

/// As the datapath counts them.
uint32_t seconds_now()
{
	timespec now{};
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

struct RouteAnswer {
	uint32_t ifindex = 0;
	uint32_t mtu = 0; ///< 0: that of the interface
};

int read_route(nl_msg *message, void *to)
{
	auto &answer = *static_cast<RouteAnswer *>(to);
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

xovl_pmtu_key pmtu_key(const xovl_peer &peer)
{
	const bool udp = has_udp(static_cast<xovl_encap>(peer.encap));
	return {.remote = peer.remote,
		.local = peer.local,
		.service = xovl_service(udp ? IPPROTO_UDP : IPPROTO_GRE, peer.dstport),
		.pad = 0};
}

uint32_t seconds_left(const xovl_pmtu &pmtu)
{
	const uint32_t now = seconds_now();
	return pmtu.mtu && pmtu.expires > now ? pmtu.expires - now : 0;
}

size_t forget_pmtus(const Maps &maps, const std::function<bool(const xovl_pmtu_key &)> &which)
{
	size_t count = 0;
	for (const auto &[key, value] : maps.pmtus.image()) {
		if (!value.mtu || !which(key))
			continue;
		count += seconds_left(value) != 0;
		xovl_pmtu blank = value;
		blank.lowered = 0;
		blank.from = {};
		blank.mtu = blank.expires = blank.reported = 0;
		maps.pmtus.set(key, blank);
	}
	return count;
}

Routes::Routes() : socket_(nl_socket_alloc(), nl_socket_free)
{
	if (!socket_)
		throw system_error("open", "a netlink socket", ENOMEM);
	nl_socket_disable_auto_ack(socket_.get());
	if (int err = nl_connect(socket_.get(), NETLINK_ROUTE); err < 0)
		throw Error(Error::Kind::System, fmt::format("netlink: {}", nl_geterror(err)));
}

std::optional<uint32_t> Routes::mtu(const Address &from, const Address &to)
{
	std::unique_ptr<nl_msg, decltype(&nlmsg_free)> request(nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST),
							       nlmsg_free);
	const uint8_t length = to.is_v4() ? 4 : 16;
	rtmsg header{};
	header.rtm_family = static_cast<unsigned char>(to.family());
	header.rtm_src_len = header.rtm_dst_len = static_cast<unsigned char>(8 * length);
	const xovl_addr source = from.raw(), destination = to.raw();
	const size_t skip = sizeof(xovl_addr) - length;
	RouteAnswer answer;
	if (!request || nlmsg_append(request.get(), &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    nla_put(request.get(), RTA_SRC, length, source.bytes + skip) < 0 ||
	    nla_put(request.get(), RTA_DST, length, destination.bytes + skip) < 0)
		throw system_error("ask for", "a route", ENOMEM);
	nl_socket_modify_cb(socket_.get(), NL_CB_VALID, NL_CB_CUSTOM, read_route, &answer);
	if (int err = nl_send_auto(socket_.get(), request.get()); err < 0)
		throw Error(Error::Kind::System, fmt::format("ask for a route: {}", nl_geterror(err)));
	if (nl_recvmsgs_default(socket_.get()) < 0 || !answer.ifindex)
		return std::nullopt;
	const uint32_t most = link_mtu(answer.ifindex);
	return answer.mtu && answer.mtu < most ? answer.mtu : most;
}

uint32_t Routes::link_mtu(uint32_t ifindex)
{
	auto known = link_mtus_.find(ifindex);
	if (known == link_mtus_.end()) {
		auto link = find_link(ifindex);
		known = link_mtus_.emplace(ifindex, link ? link->mtu : 0).first;
	}
	return known->second;
}

} // namespace xovl

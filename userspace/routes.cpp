// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "routes.hpp"

#include <fmt/format.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <vector>

#include "netlink.hpp"

namespace xovl {

namespace {

constexpr int kLoopback = 1; ///< its ifindex, in every network namespace

std::string sysctl_path(bool ipv6, const std::string &dev, const char *key)
{
	return fmt::format("/proc/sys/net/{}/conf/{}/{}", ipv6 ? "ipv6" : "ipv4", dev, key);
}

/// 0 where it is missing.
int read_sysctl(const std::string &path)
{
	std::ifstream file(path);
	int value = 0;
	file >> value;
	return value;
}

bool read_forwarding(bool ipv6, const char *dev)
{
	return read_sysctl(sysctl_path(ipv6, dev, "forwarding")) != 0;
}

/// By netlink, which a read-only /proc/sys does not stop. The kernel has this for IPv4 only.
void send_lo_forwarding4(bool on)
{
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	NetlinkMessage message(nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK), nlmsg_free);
	ifinfomsg link{};
	link.ifi_family = AF_UNSPEC;
	link.ifi_index = kLoopback;
	if (!message || nlmsg_append(message.get(), &link, sizeof(link), NLMSG_ALIGNTO) < 0)
		return;
	nlattr *families = nla_nest_start(message.get(), IFLA_AF_SPEC);
	nlattr *inet = nla_nest_start(message.get(), AF_INET);
	nlattr *conf = nla_nest_start(message.get(), IFLA_INET_CONF);
	nla_put_u32(message.get(), IPV4_DEVCONF_FORWARDING, on);
	nla_nest_end(message.get(), conf);
	nla_nest_end(message.get(), inet);
	nla_nest_end(message.get(), families);
	if (nl_send_auto(socket.get(), message.get()) >= 0)
		nl_wait_for_ack(socket.get());
}

struct Route {
	uint32_t ifindex = 0; ///< 0: there is none
	uint8_t type = RTN_UNSPEC;
	xovl_addr gateway{}; ///< of IPv6; 0: none
};

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

/// The kernel's answer is that there is none.
int note_answer(sockaddr_nl *, nlmsgerr *, void *answered)
{
	*static_cast<bool *>(answered) = true;
	return NL_STOP;
}

/// The route by which the kernel would send. Error(System): it is not to be asked.
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

/// The interfaces that routes to peers can lead to, those of the first uplink first.
std::vector<uint32_t> underlay_interfaces(const Tables &tables)
{
	std::vector<std::pair<uint32_t, uint32_t>> uplinks; // by their order
	for (const auto &[ifindex, device] : tables.devices)
		if (device.role == XOVL_ROLE_UPLINK)
			uplinks.emplace_back(device.order, ifindex);
	std::ranges::sort(uplinks);
	std::vector<uint32_t> interfaces;
	for (const auto &uplink : uplinks) {
		for (const auto &[ifindex, device] : tables.devices)
			if (device.role == XOVL_ROLE_VLAN && device.via == uplink.second)
				interfaces.push_back(ifindex);
		interfaces.push_back(uplink.second);
	}
	return interfaces;
}

/// The way to a peer, by one of the interfaces.
void note_route(const std::vector<uint32_t> &interfaces, xovl_peer &peer)
{
	peer.several = interfaces.size() > 1;
	peer.routed = interfaces.empty() ? 0 : interfaces.front();
	peer.gateway = peer.remote;
	if (!peer.several)
		return;
	const Route route = ask_route(Address(peer.remote), Address(peer.local));
	if (std::ranges::find(interfaces, route.ifindex) == interfaces.end())
		return;
	peer.routed = route.ifindex;
	if (route.gateway.words[0] | route.gateway.words[1])
		peer.gateway = route.gateway;
}

} // namespace

bool lo_forwarding(bool ipv6)
{
	return read_forwarding(ipv6, "lo");
}

bool all_forwarding(bool ipv6)
{
	return read_forwarding(ipv6, "all");
}

bool set_lo_forwarding(bool ipv6, bool on)
{
	if (lo_forwarding(ipv6) == on) // also where it cannot be written
		return true;
	std::ofstream(sysctl_path(ipv6, "lo", "forwarding")) << (on ? "1\n" : "0\n") << std::flush;
	if (!ipv6 && lo_forwarding(false) != on)
		send_lo_forwarding4(on);
	return lo_forwarding(ipv6) == on;
}

xovl_rp_filter rp_filter_sysctl(const std::string &dev)
{
	return static_cast<xovl_rp_filter>(std::max(read_sysctl(sysctl_path(false, "all", "rp_filter")),
						    read_sysctl(sysctl_path(false, dev, "rp_filter"))));
}

void keep_lo_forwarding()
{
	for (bool ipv6 : {false, true})
		set_lo_forwarding(ipv6, true);
}

bool address_is_here(const Address &address)
{
	return ask_route(address, std::nullopt).type == RTN_LOCAL;
}

void note_route(const Tables &tables, xovl_peer &peer)
{
	note_route(underlay_interfaces(tables), peer);
}

void note_routes(Tables &tables)
{
	const std::vector<uint32_t> interfaces = underlay_interfaces(tables);
	const bool forwards[] = {lo_forwarding(false), lo_forwarding(true)};
	for (xovl_peer &peer : tables.peers) {
		const bool followed = forwards[peer.family == AF_INET6];
		const bool known = std::ranges::find(interfaces, peer.routed) != interfaces.end();
		if (peer.family && !(known && followed && peer.several == (interfaces.size() > 1)))
			note_route(interfaces, peer);
	}
}

} // namespace xovl

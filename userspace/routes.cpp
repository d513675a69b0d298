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

std::string forwarding_path(bool ipv6, const char *dev)
{
	return fmt::format("/proc/sys/net/{}/conf/{}/forwarding", ipv6 ? "ipv6" : "ipv4", dev);
}

bool read_forwarding(bool ipv6, const char *dev)
{
	std::ifstream file(forwarding_path(ipv6, dev));
	int value = 0;
	return file >> value && value != 0;
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

int read_oif(nl_msg *message, void *ifindex)
{
	if (nlattr *attr = nlmsg_find_attr(nlmsg_hdr(message), sizeof(rtmsg), RTA_OIF))
		*static_cast<uint32_t *>(ifindex) = nla_get_u32(attr);
	return NL_OK;
}

void put_address(nl_msg *message, int attr, int family, const xovl_addr &address)
{
	if (family == AF_INET)
		nla_put_u32(message, attr, address.be32[3]);
	else
		nla_put(message, attr, sizeof(address), &address);
}

/// The interface that the kernel would send a packet of that peer by; 0: none.
uint32_t ask_route(const xovl_peer &peer)
{
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	NetlinkMessage message(nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST), nlmsg_free);
	const uint8_t bits = peer.family == AF_INET ? 32 : 128;
	rtmsg route{};
	route.rtm_family = peer.family;
	route.rtm_dst_len = bits;
	route.rtm_src_len = bits;
	uint32_t ifindex = 0;
	if (!message || nlmsg_append(message.get(), &route, sizeof(route), NLMSG_ALIGNTO) < 0)
		return 0;
	put_address(message.get(), RTA_DST, peer.family, peer.remote);
	put_address(message.get(), RTA_SRC, peer.family, peer.local);
	nl_socket_modify_cb(socket.get(), NL_CB_VALID, NL_CB_CUSTOM, read_oif, &ifindex);
	if (nl_send_auto(socket.get(), message.get()) >= 0)
		nl_wait_for_ack(socket.get());
	return ifindex;
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

uint32_t choose_interface(const std::vector<uint32_t> &interfaces, const xovl_peer &peer)
{
	if (interfaces.empty())
		return 0;
	const uint32_t asked = interfaces.size() > 1 ? ask_route(peer) : 0;
	return std::ranges::find(interfaces, asked) == interfaces.end() ? interfaces.front() : asked;
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
	std::ofstream(forwarding_path(ipv6, "lo")) << (on ? "1\n" : "0\n") << std::flush;
	if (!ipv6 && lo_forwarding(false) != on)
		send_lo_forwarding4(on);
	return lo_forwarding(ipv6) == on;
}

void keep_lo_forwarding()
{
	for (bool ipv6 : {false, true})
		set_lo_forwarding(ipv6, true);
}

uint32_t routed_to(const Tables &tables, const xovl_peer &peer)
{
	return choose_interface(underlay_interfaces(tables), peer);
}

void note_routes(Tables &tables)
{
	const std::vector<uint32_t> interfaces = underlay_interfaces(tables);
	const bool forwards[] = {lo_forwarding(false), lo_forwarding(true)};
	for (xovl_peer &peer : tables.peers) {
		const bool followed = forwards[peer.family == AF_INET6];
		const bool known = std::ranges::find(interfaces, peer.routed) != interfaces.end();
		if (peer.family && !(known && followed))
			peer.routed = choose_interface(interfaces, peer);
	}
}

} // namespace xovl

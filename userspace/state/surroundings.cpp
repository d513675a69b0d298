// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state/surroundings.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "kernel/netlink.hpp"

namespace xovl {

namespace {

using Interface = Surroundings::Interface;

uint32_t number_or_0(nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

void add_interface(Surroundings &into, nlmsghdr *message)
{
	const auto *link = static_cast<const ifinfomsg *>(nlmsg_data(message));
	auto find = [&](int attr) { return nlmsg_find_attr(message, sizeof(*link), attr); };
	nlattr *name = find(IFLA_IFNAME), *info = find(IFLA_LINKINFO);
	if (!name)
		return;
	Interface &interface = into.interfaces[link->ifi_index];
	interface.name = nla_get_string(name);
	interface.master = number_or_0(find(IFLA_MASTER));
	if (!find(IFLA_LINK_NETNSID)) // otherwise the lower interface is in another network namespace
		interface.lower = number_or_0(find(IFLA_LINK));
	interface.running = link->ifi_flags & IFF_UP && link->ifi_flags & IFF_RUNNING;
	interface.loopback = link->ifi_flags & IFF_LOOPBACK;
	if (nlattr *kind =
		    info ? nla_find(static_cast<nlattr *>(nla_data(info)), nla_len(info), IFLA_INFO_KIND) : nullptr)
		interface.kind = nla_get_string(kind);
}

void add_address(Surroundings &into, nlmsghdr *message)
{
	const auto *header = static_cast<const ifaddrmsg *>(nlmsg_data(message));
	// for point-to-point interfaces IFA_ADDRESS is the address of the other end
	nlattr *attr = nlmsg_find_attr(message, sizeof(*header), IFA_LOCAL);
	if (!attr)
		attr = nlmsg_find_attr(message, sizeof(*header), IFA_ADDRESS);
	auto interface = into.interfaces.find(header->ifa_index);
	if (!attr || interface == into.interfaces.end() || header->ifa_scope == RT_SCOPE_LINK)
		return;
	xovl_addr raw{};
	if (header->ifa_family == AF_INET6) {
		memcpy(&raw, nla_data(attr), std::min<size_t>(nla_len(attr), sizeof(raw)));
	} else {
		raw.be32[2] = htonl(0xffff);
		raw.be32[3] = nla_get_u32(attr);
	}
	interface->second.addresses.emplace_back(raw);
}

enum xovl_role role_of(const Tables &tables, uint32_t ifindex)
{
	auto device = tables.devices.find(ifindex);
	return device == tables.devices.end() ? XOVL_ROLE_NONE : static_cast<xovl_role>(device->second.role);
}

/// True if routes to peers may lead to this interface.
bool is_underlay(const Tables &tables, uint32_t ifindex)
{
	const xovl_role role = role_of(tables, ifindex);
	return role == XOVL_ROLE_UPLINK || role == XOVL_ROLE_VLAN;
}

bool has_uplinks(const Tables &tables)
{
	return std::ranges::any_of(tables.devices,
				   [](const auto &device) { return device.second.role == XOVL_ROLE_UPLINK; });
}

bool has_address(const Interface &interface, const Address &address)
{
	return std::ranges::find(interface.addresses, address) != interface.addresses.end();
}

bool is_dummy(const Interface &interface)
{
	return interface.loopback || interface.kind == "dummy" || interface.kind == "vrf";
}

/// Returns the text for messages: "bridge br0".
std::string described(const Interface &interface)
{
	return interface.kind.empty() ? interface.name : fmt::format("{} {}", interface.kind, interface.name);
}

/// Returns the names of interfaces, other than uplinks, by which packets for an address of lo or a dummy interface can
/// arrive.
std::string other_ways_in(const Surroundings &around, const Tables &tables, int family)
{
	std::string names;
	for (const auto &[ifindex, interface] : around.interfaces) {
		const bool of_family = std::ranges::any_of(
			interface.addresses, [&](const Address &address) { return address.family() == family; });
		if (of_family && interface.running && !is_dummy(interface) &&
		    role_of(tables, ifindex) == XOVL_ROLE_NONE)
			names += (names.empty() ? "" : ", ") + interface.name;
	}
	return names;
}

/// Returns the interface by which the kernel would send to the peer; 0 if there is no route.
uint32_t routed_by(const xovl_peer &peer)
{
	const uint16_t length = peer.family == AF_INET ? 4 : sizeof(xovl_addr);
	const rtmsg header{.rtm_family = peer.family,
			   .rtm_dst_len = static_cast<uint8_t>(length * 8),
			   .rtm_src_len = static_cast<uint8_t>(length * 8)};
	std::vector<std::byte> request;
	auto put = [&](const void *data, size_t size) {
		const auto *octets = static_cast<const std::byte *>(data);
		request.insert(request.end(), octets, octets + size);
	};
	auto put_address = [&](uint16_t type, const xovl_addr &address) {
		const nlattr head{.nla_len = static_cast<uint16_t>(sizeof(head) + length), .nla_type = type};
		put(&head, sizeof(head));
		put(address.bytes + sizeof(address) - length, length);
	};
	put(&header, sizeof(header));
	put_address(RTA_DST, peer.remote);
	put_address(RTA_SRC, peer.local);
	uint32_t oif = 0;
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	// an error means that there is no route
	netlink_request(socket.get(), RTM_GETROUTE, 0, request, [&](nlmsghdr *message) {
		oif = number_or_0(nlmsg_find_attr(message, sizeof(rtmsg), RTA_OIF));
	});
	return oif;
}

} // namespace

Surroundings Surroundings::read()
{
	Surroundings around;
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	const ifinfomsg links{};
	int err = netlink_request(socket.get(), RTM_GETLINK, NLM_F_DUMP, std::as_bytes(std::span(&links, 1)),
				  [&](nlmsghdr *message) { add_interface(around, message); });
	if (err < 0)
		throw_netlink("list of interfaces", err);
	const ifaddrmsg addresses{};
	err = netlink_request(socket.get(), RTM_GETADDR, NLM_F_DUMP, std::as_bytes(std::span(&addresses, 1)),
			      [&](nlmsghdr *message) { add_address(around, message); });
	if (err < 0)
		throw_netlink("list of addresses", err);
	return around;
}

std::string Surroundings::port_note(uint32_t ifindex) const
{
	auto port = interfaces.find(ifindex);
	auto master = port == interfaces.end() ? port : interfaces.find(port->second.master);
	if (master == interfaces.end())
		return "";
	return fmt::format("in {}, which does not receive the frames that xovl takes (ip link set {} nomaster)",
			   described(master->second), port->second.name);
}

std::string Surroundings::uplink_note(const Tables &tables, uint32_t ifindex) const
{
	auto uplink = interfaces.find(ifindex);
	auto master = uplink == interfaces.end() ? uplink : interfaces.find(uplink->second.master);
	if (master != interfaces.end() && master->second.kind == "vrf")
		return fmt::format("in {}, whose routes xovl does not use", described(master->second));
	if (master != interfaces.end() && role_of(tables, master->first) != XOVL_ROLE_UPLINK)
		return fmt::format("in {0}; the routes lead to that interface (xovl uplink add {1})",
				   described(master->second), master->second.name);
	for (const auto &[number, upper] : interfaces)
		for (const auto &[local, vtep] : tables.vteps)
			if (upper.lower == ifindex && has_address(upper, Address(local)) &&
			    !is_underlay(tables, number))
				return fmt::format("{} over it has {}: the routes lead there (xovl uplink add {})",
						   described(upper), Address(local).str(), upper.name);
	return "";
}

std::string Surroundings::vtep_note(const Tables &tables, const Address &vtep) const
{
	auto owner = std::ranges::find_if(interfaces, [&](const auto &each) { return has_address(each.second, vtep); });
	if (owner == interfaces.end() || is_underlay(tables, owner->first) || !has_uplinks(tables))
		return "";
	if (!is_dummy(owner->second))
		return fmt::format("an address of {}, which is no uplink: packets that arrive there go to the kernel "
				   "(xovl uplink add {})",
				   described(owner->second), owner->second.name);
	const std::string others = other_ways_in(*this, tables, vtep.family());
	return others.empty()
		       ? ""
		       : fmt::format("on {}: packets for it that arrive by {} go to the kernel (xovl uplink add)",
				     owner->second.name, others);
}

bool Surroundings::encrypts_to(const xovl_peer &peer) const
{
	const auto interface = interfaces.find(routed_by(peer));
	return interface != interfaces.end() && kind_encrypts(interface->second.kind);
}

std::string Surroundings::peer_note(const Tables &tables, const xovl_peer &peer) const
{
	if (!has_uplinks(tables))
		return "";
	const uint32_t oif = routed_by(peer);
	auto interface = interfaces.find(oif);
	if (interface == interfaces.end() || is_underlay(tables, oif))
		return "";
	return fmt::format("its route leads to {}, which is no uplink: packets are dropped (xovl uplink add {})",
			   described(interface->second), interface->second.name);
}

} // namespace xovl

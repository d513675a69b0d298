// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/kernel_tunnels.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <cstring>
#include <span>
#include <string_view>

#include "kernel/netlink.hpp"

namespace xovl {

namespace {

/// The attributes that belong to the device's kind (IFLA_INFO_DATA).
class Data {
public:
	explicit Data(nlattr *nest) : nest_(nest) {}

	bool has(int attr) const { return find(attr); }
	uint32_t number(int attr) const { return find(attr) ? nla_get_u32(find(attr)) : 0; }
	uint16_t half(int attr) const { return find(attr) ? nla_get_u16(find(attr)) : 0; }
	bool flag(int attr) const { return find(attr) && (!nla_len(find(attr)) || nla_get_u8(find(attr))); }
	/// Returns nullopt if the attribute is missing or the address is unspecified.
	std::optional<Address> address(int attr) const;

private:
	nlattr *find(int attr) const { return nla_find(static_cast<nlattr *>(nla_data(nest_)), nla_len(nest_), attr); }

	nlattr *nest_;
};

std::optional<Address> Data::address(int attr) const
{
	nlattr *value = find(attr);
	xovl_addr raw{};
	if (!value)
		return std::nullopt;
	if (nla_len(value) == sizeof(raw)) {
		memcpy(&raw, nla_data(value), sizeof(raw));
	} else {
		raw.be32[2] = htonl(0xffff);
		raw.be32[3] = nla_get_u32(value);
	}
	const Address address(raw);
	return address.is_unspecified() ? std::nullopt : std::optional(address);
}

void read_udp(KernelTunnel &tunnel, uint16_t port, uint32_t vni, bool external, bool v6)
{
	tunnel.endpoint_service = tunnel.tunnel_service = xovl_service(IPPROTO_UDP, port);
	tunnel.v4 = external || !v6;
	tunnel.v6 = external || v6;
	if (!external)
		tunnel.id = htonl(vni << 8);
}

void read_vxlan(KernelTunnel &tunnel, const Data &data)
{
	constexpr int kVniFilter = 30; // IFLA_VXLAN_VNIFILTER (Linux 5.18), missing in older headers
	tunnel.local = data.address(IFLA_VXLAN_LOCAL);
	if (!tunnel.local)
		tunnel.local = data.address(IFLA_VXLAN_LOCAL6);
	const bool v6 = data.has(IFLA_VXLAN_LOCAL6) || data.has(IFLA_VXLAN_GROUP6);
	read_udp(tunnel, data.half(IFLA_VXLAN_PORT), data.number(IFLA_VXLAN_ID),
		 data.flag(IFLA_VXLAN_COLLECT_METADATA) || data.flag(kVniFilter), v6);
}

void read_geneve(KernelTunnel &tunnel, const Data &data)
{
	read_udp(tunnel, data.half(IFLA_GENEVE_PORT), data.number(IFLA_GENEVE_ID),
		 data.flag(IFLA_GENEVE_COLLECT_METADATA), data.has(IFLA_GENEVE_REMOTE6));
}

void read_gre(KernelTunnel &tunnel, const Data &data)
{
	const bool has_key = data.half(IFLA_GRE_IFLAGS) & GRE_KEY;
	tunnel.local = data.address(IFLA_GRE_LOCAL);
	tunnel.v6 = tunnel.kind.starts_with("ip6");
	tunnel.v4 = !tunnel.v6;
	tunnel.endpoint_service = xovl_service(IPPROTO_GRE, 0);
	tunnel.tunnel_service = xovl_service(IPPROTO_GRE, has_key ? XOVL_GRE_KEY : XOVL_GRE_NO_KEY);
	if (!data.flag(IFLA_GRE_COLLECT_METADATA))
		tunnel.id = has_key ? data.number(IFLA_GRE_IKEY) : 0;
}

struct Kind {
	std::string_view name;
	void (*read)(KernelTunnel &, const Data &);
};

constexpr Kind kKinds[] = {
	{"vxlan", read_vxlan}, {"geneve", read_geneve}, {"gre", read_gre},       {"gretap", read_gre},
	{"erspan", read_gre},  {"ip6gre", read_gre},    {"ip6gretap", read_gre}, {"ip6erspan", read_gre},
};

void add_tunnel(std::vector<KernelTunnel> &tunnels, nlmsghdr *message)
{
	const auto *link = static_cast<const ifinfomsg *>(nlmsg_data(message));
	nlattr *name = nlmsg_find_attr(message, sizeof(*link), IFLA_IFNAME);
	nlattr *info = nlmsg_find_attr(message, sizeof(*link), IFLA_LINKINFO);
	if (!name || !info)
		return;
	auto *attrs = static_cast<nlattr *>(nla_data(info));
	nlattr *kind = nla_find(attrs, nla_len(info), IFLA_INFO_KIND);
	nlattr *data = nla_find(attrs, nla_len(info), IFLA_INFO_DATA);
	if (!kind || !data)
		return;
	KernelTunnel tunnel{.ifindex = static_cast<uint32_t>(link->ifi_index),
			    .name = nla_get_string(name),
			    .up = (link->ifi_flags & IFF_UP) != 0,
			    .kind = nla_get_string(kind)};
	if (nlattr *alias = nlmsg_find_attr(message, sizeof(*link), IFLA_IFALIAS))
		tunnel.alias = nla_get_string(alias);
	if (nlattr *mac = nlmsg_find_attr(message, sizeof(*link), IFLA_ADDRESS);
	    mac && nla_len(mac) == static_cast<int>(tunnel.mac.size()))
		memcpy(tunnel.mac.data(), nla_data(mac), tunnel.mac.size());
	for (const Kind &known : kKinds) {
		if (known.name != tunnel.kind)
			continue;
		known.read(tunnel, Data(data));
		tunnels.push_back(tunnel);
	}
}

} // namespace

std::string KernelTunnel::str() const
{
	const bool is_gre = tunnel_service >> 16 == IPPROTO_GRE;
	std::string what = "external";
	if (id && !is_gre)
		what = fmt::format("VNI {}", ntohl(*id) >> 8);
	else if (id)
		what = static_cast<uint16_t>(tunnel_service) == XOVL_GRE_KEY ? fmt::format("key {}", ntohl(*id))
									     : "without key";
	return fmt::format("{} ({}, {})", name, kind, what);
}

std::vector<KernelTunnel> kernel_tunnels()
{
	std::vector<KernelTunnel> tunnels;
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	const ifinfomsg all{};
	if (int err = netlink_request(socket.get(), RTM_GETLINK, NLM_F_DUMP, std::as_bytes(std::span(&all, 1)),
				      [&](nlmsghdr *message) { add_tunnel(tunnels, message); });
	    err < 0)
		throw_netlink("list of interfaces", err);
	return tunnels;
}

bool receives_at(const KernelTunnel &tunnel, const xovl_endpoint_key &endpoint)
{
	const Address local(endpoint.local);
	return tunnel.endpoint_service == endpoint.service && (local.is_v4() ? tunnel.v4 : tunnel.v6) &&
	       (!tunnel.local || *tunnel.local == local);
}

std::optional<xovl_tunnel_key> key_of(const KernelTunnel &tunnel, const xovl_addr &local)
{
	if (!tunnel.id)
		return std::nullopt;
	return xovl_tunnel_key{.local = local, .service = tunnel.tunnel_service, .id = *tunnel.id};
}

} // namespace xovl

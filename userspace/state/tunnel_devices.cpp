// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state/tunnel_devices.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/error.hpp"
#include "kernel/netlink.hpp"
#include "state/devices.hpp"

namespace xovl {

namespace {

const uint32_t kGreService = xovl_service(IPPROTO_GRE, 0);

/// A tunnel device to make, by its service (xovl_service() of an endpoint) and encapsulation: VXLAN, GENEVE or GRE. GRE
/// has one for each address family.
struct Want {
	uint32_t service;
	xovl_encap encap;
	bool v6 = false; ///< GRE only

	uint16_t port() const { return ntohs(static_cast<uint16_t>(service)); }
	bool is_gre() const { return service == kGreService; }
	const char *kind() const
	{
		if (is_gre())
			return v6 ? "ip6gretap" : "gretap";
		return encap == XOVL_ENCAP_GENEVE ? "geneve" : "vxlan";
	}
	std::string name() const
	{
		if (is_gre())
			return v6 ? "xovl-gre6" : "xovl-gre";
		return fmt::format("xovl-{}{}", encap == XOVL_ENCAP_GENEVE ? "gn" : "vx", port());
	}
	/// The MAC marks the device as xovl's. The kernel sets it when it creates the device, so a killed command
	/// leaves no device that is not recognised.
	std::array<uint8_t, 6> mac() const
	{
		return {0x02, 'x', 'o', 'v', static_cast<uint8_t>(port() >> 8), static_cast<uint8_t>(port() + v6)};
	}
	/// True if this is the device for packets of this service to an address of that family.
	bool is_for(uint32_t of, bool ipv6) const { return service == of && (!is_gre() || v6 == ipv6); }
	auto operator<=>(const Want &) const = default;
};

constexpr const char *kAllGre = "another device receives all GRE packets";

/// True if the kernel's GRE module is loaded. xovl does not load it, because it creates devices of its own in every
/// network namespace, and the kernel merges GRE packets without it.
bool has_gre_devices(bool v6)
{
	return access(v6 ? "/sys/module/ip6_gre" : "/sys/module/ip_gre", F_OK) == 0;
}

std::string alias_of(const std::string &owner)
{
	return "xovl " + owner;
}

/// True if tunnel devices are needed, to merge packets (gro) or for peers that the kernel carries.
bool wants_devices(const Tables &tables)
{
	return tables.host.by_kernel || std::ranges::any_of(tables.devices, [](const auto &device) {
		       return device.second.role == XOVL_ROLE_UPLINK && !(device.second.choices & XOVL_UPLINK_GRO_OFF);
	       });
}

Want want_of(const xovl_endpoint_key &key, const xovl_endpoint &endpoint)
{
	if (key.service != kGreService)
		return {key.service, static_cast<xovl_encap>(endpoint.encap)};
	return {key.service, XOVL_ENCAP_GRE, !Address(key.local).is_v4()};
}

/// Returns the devices for the UDP ports at which networks receive, and for GRE. A port where a vtep has "foreign pass"
/// is left out: it is reserved for tunnel devices of others, even if there is none yet.
std::set<Want> wants_of(const Tables &tables)
{
	std::set<Want> wants;
	std::set<uint32_t> shared;
	if (!wants_devices(tables))
		return wants;
	for (const auto &[key, endpoint] : tables.endpoints) {
		const Want want = want_of(key, endpoint);
		if (endpoint.foreign_pass)
			shared.insert(key.service);
		else if (!want.is_gre() || has_gre_devices(want.v6))
			wants.insert(want);
	}
	std::erase_if(wants, [&](const Want &want) { return shared.contains(want.service); });
	return wants;
}

void put_vxlan(nl_msg *message, const Want &want)
{
	nla_put_u8(message, IFLA_VXLAN_COLLECT_METADATA, 1);
	nla_put_u8(message, IFLA_VXLAN_LEARNING, 0);
	nla_put_u16(message, IFLA_VXLAN_PORT, htons(want.port()));
	nla_put_u8(message, IFLA_VXLAN_UDP_ZERO_CSUM6_RX, 1);
	nla_put_flag(message, IFLA_VXLAN_GBP);
	const ifla_vxlan_port_range sources = {.low = htons(XOVL_SPORT_MIN), .high = htons(XOVL_SPORT_MAX)};
	nla_put(message, IFLA_VXLAN_PORT_RANGE, sizeof(sources), &sources);
}

void put_geneve(nl_msg *message, const Want &want)
{
	nla_put_flag(message, IFLA_GENEVE_COLLECT_METADATA);
	nla_put_u16(message, IFLA_GENEVE_PORT, htons(want.port()));
	nla_put_u8(message, IFLA_GENEVE_UDP_ZERO_CSUM6_RX, 1);
}

void put_data(nl_msg *message, const Want &want)
{
	if (want.is_gre())
		nla_put_flag(message, IFLA_GRE_COLLECT_METADATA);
	else if (want.encap == XOVL_ENCAP_GENEVE)
		put_geneve(message, want);
	else
		put_vxlan(message, want);
}

class LinkRequest {
public:
	LinkRequest(int type, int flags, ifinfomsg link)
		: message_(nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_ACK | flags), nlmsg_free)
	{
		if (!message_ || nlmsg_append(message_.get(), &link, sizeof(link), NLMSG_ALIGNTO) < 0)
			throw_netlink("netlink", -NLE_NOMEM);
	}

	nl_msg *message() { return message_.get(); }

	/// Returns 0, or a negative NLE_*.
	int send()
	{
		NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
		const int err = nl_send_auto(socket.get(), message_.get());
		return err < 0 ? err : nl_wait_for_ack(socket.get());
	}

private:
	NetlinkMessage message_;
};

/// Creates the device, down and without an alias. Returns 0, or a negative NLE_*.
int create(const Want &want)
{
	LinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, {});
	const auto mac = want.mac();
	nl_msg *message = request.message();
	nla_put_string(message, IFLA_IFNAME, want.name().c_str());
	nla_put(message, IFLA_ADDRESS, mac.size(), mac.data());
	nlattr *info = nla_nest_start(message, IFLA_LINKINFO);
	nla_put_string(message, IFLA_INFO_KIND, want.kind());
	nlattr *data = nla_nest_start(message, IFLA_INFO_DATA);
	put_data(message, want);
	nla_nest_end(message, data);
	nla_nest_end(message, info);
	return request.send();
}

/// Sets the alias that names the owner, and keeps IPv6 from assigning an address, so the device sends nothing when it
/// goes up. Returns 0, or a negative NLE_*.
int claim(const std::string &owner, const std::string &name)
{
	LinkRequest request(RTM_NEWLINK, 0, {});
	nl_msg *message = request.message();
	nla_put_string(message, IFLA_IFNAME, name.c_str());
	nla_put_string(message, IFLA_IFALIAS, alias_of(owner).c_str());
	if (access("/proc/sys/net/ipv6", F_OK) == 0) {
		nlattr *families = nla_nest_start(message, IFLA_AF_SPEC);
		nlattr *inet6 = nla_nest_start(message, AF_INET6);
		nla_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
		nla_nest_end(message, inet6);
		nla_nest_end(message, families);
	}
	return request.send();
}

/// Returns 0, or a negative NLE_*; -NLE_EXIST if another socket has the port.
int set_up(uint32_t ifindex)
{
	constexpr unsigned flags = IFF_UP | IFF_NOARP;
	return LinkRequest(RTM_NEWLINK, 0,
			   {.ifi_index = static_cast<int>(ifindex), .ifi_flags = flags, .ifi_change = flags})
		.send();
}

void remove_link(uint32_t ifindex)
{
	LinkRequest request(RTM_DELLINK, 0, {.ifi_index = static_cast<int>(ifindex)});
	if (const int err = request.send(); err < 0 && err != -NLE_NODEV && err != -NLE_OBJ_NOTFOUND)
		throw_netlink(fmt::format("remove interface {}", ifindex), err);
}

bool is_of(const KernelTunnel &tunnel, const Want &want)
{
	return tunnel.name == want.name() && tunnel.kind == want.kind() && tunnel.mac == want.mac() &&
	       tunnel.endpoint_service == want.service && !tunnel.id;
}

bool is_owned(const KernelTunnel &tunnel, const std::string &owner)
{
	return is_tunnel_device(tunnel) && (tunnel.alias.empty() || tunnel.alias == alias_of(owner));
}

std::string why_not(const Want &want, const std::string &reason)
{
	if (want.is_gre())
		return fmt::format("GRE: super-frames cannot go through the kernel: {}", reason);
	return fmt::format("UDP port {}: tunnel packets are not merged: {}", want.port(), reason);
}

/// Creates a device. Returns the reason if that is not possible; empty on success.
std::string make(const Want &want)
{
	if (find_link(want.name()))
		return fmt::format("the interface {} is not xovl's", want.name());
	const int err = create(want);
	if (err == -NLE_OPNOTSUPP)
		return fmt::format("this kernel has no {0} devices (modprobe {0})", want.kind());
	if (err == -NLE_EXIST && want.is_gre())
		return kAllGre;
	return err < 0 ? nl_geterror(err) : "";
}

/// Returns the ifindex of the device; 0 if there is none. obstacle: the reason; empty if a device of another owner
/// makes the kernel merge packets anyway.
uint32_t find_or_make(const std::string &owner, const Want &want, std::string &obstacle)
{
	const auto find = [&]() -> uint32_t {
		for (const KernelTunnel &tunnel : kernel_tunnels())
			if (is_of(tunnel, want) && is_owned(tunnel, owner))
				return tunnel.ifindex;
		return 0;
	};
	if (const uint32_t ifindex = find())
		return ifindex;
	for (const KernelTunnel &tunnel : kernel_tunnels()) {
		if (!tunnel.up || tunnel.endpoint_service != want.service)
			continue;
		if (!want.is_gre())
			return 0;
		if (!tunnel.id && tunnel.v6 == want.v6) {
			obstacle = kAllGre;
			return 0;
		}
	}
	obstacle = make(want);
	return obstacle.empty() ? find() : 0;
}

xovl_device record_of(const Tables &current, const Want &want, uint32_t ifindex)
{
	xovl_device record{};
	record.mode = XOVL_MODE_AUTO; // not attached
	auto known = current.devices.find(ifindex);
	if (known != current.devices.end() && known->second.role == XOVL_ROLE_TUNNEL)
		record = known->second;
	std::ranges::fill(record.name, 0);
	want.name().copy(record.name, sizeof(record.name) - 1);
	record.role = XOVL_ROLE_TUNNEL;
	record.mode_asked = XOVL_MODE_TC;
	record.service = want.service;
	record.flags = (record.flags & ~XOVL_DEV_IPV6) | (want.v6 ? XOVL_DEV_IPV6 : 0);
	return record;
}

} // namespace

bool is_tunnel_device(const KernelTunnel &tunnel)
{
	if (tunnel.endpoint_service == kGreService)
		return is_of(tunnel, {kGreService, XOVL_ENCAP_GRE, tunnel.v6});
	return is_of(tunnel, {tunnel.endpoint_service, tunnel.kind == "geneve" ? XOVL_ENCAP_GENEVE : XOVL_ENCAP_VXLAN});
}

std::vector<std::string> make_tunnel_devices(const std::string &owner, const Tables &current, Tables &desired)
{
	std::vector<std::string> notes;
	const std::set<Want> known = wants_of(current);
	for (const Want &want : wants_of(desired)) {
		std::string obstacle;
		const uint32_t ifindex = find_or_make(owner, want, obstacle);
		if (!obstacle.empty() && !known.contains(want))
			notes.push_back(why_not(want, obstacle));
		if (!ifindex)
			continue;
		desired.devices[ifindex] = record_of(current, want, ifindex);
	}
	for (auto &[key, endpoint] : desired.endpoints)
		endpoint.device = tunnel_device_for(desired, key.service, Address(key.local));
	for (xovl_peer &peer : desired.peers)
		if (peer.family)
			peer.device = tunnel_device_to(desired, peer);
	return notes;
}

std::vector<std::string> start_tunnel_devices(const std::string &owner, const Tables &tables,
					      const std::function<void(uint32_t ifindex)> &failed)
{
	std::vector<std::string> notes;
	for (const KernelTunnel &tunnel : kernel_tunnels()) {
		if (tunnel.up || !is_owned(tunnel, owner) ||
		    tables.devices.find(tunnel.ifindex) == tables.devices.end())
			continue;
		int err = claim(owner, tunnel.name);
		if (err >= 0)
			err = set_up(tunnel.ifindex);
		if (err >= 0)
			continue;
		const char *reason = err == -NLE_EXIST ? "another socket has the port" : nl_geterror(err); // EADDRINUSE
		notes.push_back(why_not({tunnel.endpoint_service, XOVL_ENCAP_NONE, tunnel.v6}, reason));
		failed(tunnel.ifindex);
		remove_link(tunnel.ifindex);
	}
	return notes;
}

void remove_tunnel_devices(const std::string &owner, const Tables &tables)
{
	for (const KernelTunnel &tunnel : kernel_tunnels())
		if (is_owned(tunnel, owner) && tables.devices.find(tunnel.ifindex) == tables.devices.end())
			remove_link(tunnel.ifindex);
}

uint32_t service_of(const xovl_peer &peer)
{
	return peer.dstport ? xovl_service(IPPROTO_UDP, peer.dstport) : kGreService;
}

uint32_t tunnel_device_to(const Tables &tables, const xovl_peer &peer)
{
	const Address remote(peer.remote);
	// the kernel's device for GRE over IPv6 sends from any local address, and does not copy ECN
	return peer.dstport || remote.is_v4() ? tunnel_device_for(tables, service_of(peer), remote) : 0;
}

uint32_t tunnel_device_for(const Tables &tables, uint32_t service, const Address &address)
{
	for (const auto &[ifindex, device] : tables.devices) {
		const Want of{device.service, XOVL_ENCAP_NONE, (device.flags & XOVL_DEV_IPV6) != 0};
		if (device.role == XOVL_ROLE_TUNNEL && of.is_for(service, !address.is_v4()))
			return ifindex;
	}
	return 0;
}

std::string unmerged_note(const Tables &tables, uint32_t uplink, const std::vector<KernelTunnel> &tunnels)
{
	if (tables.devices.at(uplink).choices & XOVL_UPLINK_GRO_OFF)
		return "";
	std::vector<std::string> ports;
	for (const Want &want : wants_of(tables)) {
		const bool is_merged = want.is_gre() || std::ranges::any_of(tunnels, [&](const KernelTunnel &tunnel) {
					       return tunnel.up && tunnel.endpoint_service == want.service;
				       });
		if (!is_merged)
			ports.push_back(fmt::format("{} ({})", want.port(), want.kind()));
	}
	if (ports.empty())
		return "";
	return fmt::format("tunnel packets to UDP port {} are not merged: no tunnel device of the kernel is there",
			   fmt::join(ports, ", "));
}

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state/by_kernel.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/fd.hpp"
#include "kernel/route.hpp"
#include "state/routes.hpp"
#include "state/tunnel_flows.hpp"

namespace xovl {

namespace {

constexpr uint8_t kXfrmFlags = XOVL_PEER_XFRM_OUT | XOVL_PEER_XFRM_IN | XOVL_PEER_XFRM_IGNORE | XOVL_PEER_XFRM_SEALED;

sockaddr_storage to_sockaddr(const Address &address, uint16_t port, socklen_t &length)
{
	sockaddr_storage out{};
	const xovl_addr raw = address.raw();
	if (address.is_v4()) {
		auto *in = reinterpret_cast<sockaddr_in *>(&out);
		*in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {raw.be32[3]}, .sin_zero = {}};
		length = sizeof(*in);
	} else {
		auto *in6 = reinterpret_cast<sockaddr_in6 *>(&out);
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		std::memcpy(&in6->sin6_addr, &raw, sizeof(raw));
		length = sizeof(*in6);
	}
	return out;
}

uint8_t xfrm_flags(const Tables &tables, const XfrmPolicies &policies, const xovl_peer &peer)
{
	const TunnelFlow flow = flow_of(peer);
	const auto vtep = tables.vteps.find(peer.local);
	if (vtep != tables.vteps.end() && vtep->second.xfrm_ignore && !requires_encryption(peer))
		return XOVL_PEER_XFRM_IGNORE;
	return (xfrm_obstacle(policies, flow, XOVL_OUT).empty() ? 0 : XOVL_PEER_XFRM_OUT) |
	       (xfrm_obstacle(policies, flow, XOVL_IN).empty() ? 0 : XOVL_PEER_XFRM_IN) |
	       (xfrm_seals(policies, flow) ? XOVL_PEER_XFRM_SEALED : 0);
}

bool has_ip_uplink(const Tables &tables)
{
	return std::ranges::any_of(tables.devices,
				   [](const auto &device) { return device.second.flags & XOVL_DEV_IP; });
}

} // namespace

std::optional<uint32_t> kernel_path_mtu(const Address &from, const Address &to, uint16_t dstport)
{
	const int level = to.is_v4() ? IPPROTO_IP : IPPROTO_IPV6;
	const Fd socket(::socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
	socklen_t length = 0;
	const sockaddr_storage local = to_sockaddr(from, 0, length), remote = to_sockaddr(to, dstport, length);
	const int freebind = to.is_v4() ? IP_FREEBIND : IPV6_FREEBIND;
	const int on = 1;
	int mtu = 0;
	socklen_t size = sizeof(mtu);
	// bind() treats an address of a VRF as nonlocal, hence FREEBIND. connect() looks up the route and sends nothing.
	// The MTU of the connected socket is less what IPsec adds.
	if (!socket || setsockopt(socket.get(), level, freebind, &on, sizeof(on)) ||
	    bind(socket.get(), reinterpret_cast<const sockaddr *>(&local), length) ||
	    connect(socket.get(), reinterpret_cast<const sockaddr *>(&remote), length) ||
	    getsockopt(socket.get(), level, to.is_v4() ? IP_MTU : IPV6_MTU, &mtu, &size))
		return std::nullopt;
	return mtu;
}

bool requires_encryption(const xovl_peer &peer)
{
	return peer.family && peer.flags & XOVL_PEER_ENCRYPTED;
}

bool needs_kernel(const xovl_peer &peer)
{
	return peer.family && peer.dstport &&
	       (peer.via == XOVL_VIA_KERNEL || requires_encryption(peer) ||
		(peer.via == XOVL_VIA_AUTO && peer.flags & (XOVL_PEER_XFRM_OUT | XOVL_PEER_XFRM_IN)));
}

bool kernel_way_is_ready(const Tables &tables, const xovl_peer &peer)
{
	const auto is_open = [](const auto &device) {
		return device.second.role == XOVL_ROLE_UPLINK && !(device.second.flags & XOVL_DEV_GUARDED);
	};
	return peer.device && tables.host.by_kernel &&
	       !(requires_encryption(peer) && std::ranges::any_of(tables.devices, is_open));
}

bool goes_by_kernel(const Tables &tables, const xovl_peer &peer)
{
	if (!peer.dstport || peer.via == XOVL_VIA_DIRECT)
		return false;
	const auto device = tables.devices.find(peer.route_ifindex);
	return peer.via == XOVL_VIA_KERNEL || requires_encryption(peer) || peer.flags & XOVL_PEER_XFRM_OUT ||
	       (device != tables.devices.end() && device->second.flags & XOVL_DEV_IP);
}

void note_kernel_way(const Tables &tables, const XfrmPolicies &policies, xovl_peer &peer)
{
	peer.flags = (peer.flags & ~kXfrmFlags) | xfrm_flags(tables, policies, peer);
	peer.kernel_mtu = 0;
	if (has_ip_uplink(tables)) // the current route decides whether the kernel carries the packets
		note_route(tables, peer);
	if (!goes_by_kernel(tables, peer))
		return;
	const auto mtu = kernel_path_mtu(Address(peer.local), Address(peer.remote), ntohs(peer.dstport));
	peer.kernel_mtu = std::min<uint32_t>(mtu.value_or(0), UINT16_MAX);
}

void note_kernel_ways(const XfrmPolicies &policies, Tables &tables)
{
	for (xovl_peer &peer : tables.peers)
		if (peer.family)
			note_kernel_way(tables, policies, peer);
	tables.host.xfrm_policies[XOVL_IN] = policies.count_in;
	tables.host.xfrm_policies[XOVL_OUT] = policies.count_out;
	tables.host.by_kernel = has_ip_uplink(tables) || std::ranges::any_of(tables.peers, needs_kernel);
}

} // namespace xovl

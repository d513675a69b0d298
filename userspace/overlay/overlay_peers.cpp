// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The peers of an overlay, and their path MTUs.
#include <arpa/inet.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "kernel/route.hpp"
#include "overlay/overlay_impl.hpp"
#include "state/by_kernel.hpp"
#include "state/pmtu.hpp"

namespace xovl {

namespace {

/// Returns the names of the networks that each peer is a member of, by the peer's index.
std::map<uint32_t, std::set<std::string>> networks_by_peer(const Tables &tables)
{
	std::map<uint32_t, std::set<std::string>> networks;
	for (const auto &[key, member] : tables.members)
		networks[member.peer].insert(tables.networks.at(key.net).name);
	return networks;
}

ReportedMtu reported_mtu(const Map<xovl_pmtu_key, xovl_pmtu> &pmtus, const xovl_peer &peer)
{
	const auto kept = pmtus.get(pmtu_key(peer));
	if (!kept)
		return {};
	ReportedMtu reported{.seconds = seconds_left(*kept), .believed = kept->believed, .refused = kept->refused};
	if (reported.seconds) {
		reported.mtu = kept->mtu;
		reported.said = kept->reported;
		reported.from = Address(kept->from);
	}
	return reported;
}

/// Returns the MTU of the route, or of the kernel's way to the peer if that is smaller, as the datapath does. 0 if
/// there is no route.
uint32_t way_mtu(const xovl_peer &peer, RouteMtus &routes)
{
	const uint32_t route = routes.mtu(Address(peer.local), Address(peer.remote)).value_or(0);
	return peer.kernel_mtu && (!route || peer.kernel_mtu < route) ? peer.kernel_mtu : route;
}

PeerStatus peer_status(const Tables &tables, const xovl_peer &peer, const Map<xovl_pmtu_key, xovl_pmtu> &pmtus,
		       RouteMtus &routes)
{
	PeerStatus status;
	status.dst = Address(peer.remote);
	status.local = Address(peer.local);
	status.encap = static_cast<xovl_encap>(peer.encap);
	status.dstport = ntohs(peer.dstport);
	status.via = static_cast<xovl_via>(peer.via);
	status.encrypted = peer.flags & XOVL_PEER_ENCRYPTED;
	status.by_kernel = goes_by_kernel(tables, peer);
	status.route_mtu = way_mtu(peer, routes);
	status.reported = reported_mtu(pmtus, peer);
	return status;
}

} // namespace

uint32_t PeerStatus::mtu() const
{
	return reported.mtu && route_mtu ? std::min(reported.mtu, route_mtu) : route_mtu;
}

bool PeerStatus::is_reported() const
{
	return reported.mtu && reported.mtu < route_mtu;
}

std::vector<PeerStatus> OverlayView::peers() const
{
	std::vector<PeerStatus> out;
	if (!impl_->loaded())
		return out;
	const Tables &tables = impl_->tables();
	const auto networks = networks_by_peer(tables);
	RouteMtus routes;
	for (const auto &[index, names] : networks) {
		PeerStatus status = peer_status(tables, tables.peers.at(index), impl_->maps().pmtus, routes);
		status.nets.assign(names.begin(), names.end());
		out.push_back(std::move(status));
	}
	std::ranges::sort(out, {}, [](const PeerStatus &peer) {
		return std::tuple(peer.dst, peer.local, peer.encap, peer.dstport, peer.via, peer.encrypted);
	});
	return out;
}

std::vector<PathMtu> narrower_paths(const NetworkConfig &net, uint32_t mtu, const std::vector<PeerStatus> &peers)
{
	std::vector<PathMtu> paths;
	for (const PeerStatus &peer : peers) {
		if (!peer.mtu() || std::ranges::find(peer.nets, net.name) == peer.nets.end())
			continue;
		const xovl_outer_kind kind = outer_kind(net, peer.encap, peer.dst.family(), port_options_max(net));
		const uint32_t overhead = xovl_outer_len(&kind);
		const uint32_t inner = peer.mtu() > overhead ? peer.mtu() - overhead : 0;
		if (inner < mtu)
			paths.push_back({.dst = peer.dst, .mtu = inner, .path_mtu = peer.mtu()});
	}
	return paths;
}

size_t Overlay::flush_pmtu(const std::optional<Address> &dst)
{
	const Tables &tables = impl_->tables();
	if (dst && std::ranges::none_of(tables.peers, [&](const xovl_peer &peer) {
		    return peer.family && Address(peer.remote) == *dst;
	    }))
		throw request_error(fmt::format("there is no peer {} (xovl peer show)", dst->str()));
	if (!impl_->loaded())
		return 0;
	const size_t count = forget_pmtus(
		impl_->maps(), [&](const xovl_pmtu_key &key) { return !dst || Address(key.remote) == *dst; });
	impl_->maps().next_epoch(); // next hops are looked up again
	return count;
}

} // namespace xovl

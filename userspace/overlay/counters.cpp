// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "overlay/counters.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "overlay/overlay_impl.hpp"

namespace xovl {

namespace {

struct ReasonWords {
	const char *name;
	bool in_network;
	const char *text;
};

constexpr bool kOUTER = false;
constexpr bool kNETWORK = true;

// clang-format off
constexpr std::array<ReasonWords, XOVL_REASON_MAX> kReasons = {{
	{"NONE", false, ""},
#define X(name, stage, text) {#name, k##stage, text},
	XOVL_REASONS(X)
#undef X
}};
// clang-format on

void add(PerCpu<xovl_traffic> &sum, const std::vector<xovl_traffic> &more)
{
	sum.cpu.resize(more.size());
	for (size_t i = 0; i < more.size(); i++) {
		sum.cpu[i].rx_packets += more[i].rx_packets;
		sum.cpu[i].rx_bytes += more[i].rx_bytes;
		sum.cpu[i].tx_packets += more[i].tx_packets;
		sum.cpu[i].tx_bytes += more[i].tx_bytes;
	}
}

/// Fills in a place. Returns false if it is gone.
bool fill_place(const Tables &tables, uint32_t place, DropPlace &out)
{
	const uint32_t index = place & ((1u << XOVL_PLACE_SHIFT) - 1);
	uint32_t ifindex = index;
	out.kind = static_cast<xovl_place_kind>(place >> XOVL_PLACE_SHIFT);
	if (out.kind == XOVL_PLACE_PEER) {
		if (index >= tables.peers.size() || !tables.peers[index].family)
			return false;
		out.peer = Address(tables.peers[index].remote);
		return true;
	}
	if (out.kind == XOVL_PLACE_PORT) {
		if (index >= tables.port_table.size() || !tables.port_table[index].flags)
			return false;
		ifindex = tables.port_table[index].ifindex;
		out.vid = tables.port_table[index].vid;
	}
	auto device = tables.devices.find(ifindex);
	if (device == tables.devices.end())
		return false;
	out.dev = device->second.name;
	return true;
}

/// Returns nullopt if the network or the place is gone.
std::optional<DropPlace> place_of(const Tables &tables, const xovl_drop_key &key)
{
	DropPlace place;
	if (key.net != XOVL_NET_NONE) {
		if (key.net >= tables.networks.size() || !tables.networks[key.net].flags)
			return std::nullopt;
		place.net = tables.networks[key.net].name;
	}
	return fill_place(tables, key.place, place) ? std::optional(place) : std::nullopt;
}

std::vector<DropCounters> drops_of(const Tables &tables, const Maps &maps)
{
	std::vector<DropCounters> drops;
	for (uint32_t reason = 1; reason < XOVL_REASON_MAX; reason++)
		drops.push_back({static_cast<xovl_reason>(reason), {maps.drop_stats.per_cpu(reason)}, {}});
	for (const xovl_drop_key &key : maps.drop_places.keys())
		if (auto place = place_of(tables, key))
			drops.at(key.reason - 1).places.push_back({*place, {maps.drop_places.per_cpu(key)}});
	for (DropCounters &drop : drops)
		std::ranges::sort(drop.places, {}, &std::pair<DropPlace, PerCpu<xovl_drop_stats>>::first);
	return drops;
}

/// Returns the counters of interfaces that leave VLANs to the kernel: all but those of a port that takes tagged frames.
std::vector<InterfaceCounters> interfaces_of(const Tables &tables, const Maps &maps)
{
	std::set<uint32_t> without_tagged;
	for (const auto &[key, port] : tables.ports)
		if (!(port.flags & XOVL_PORT_TAGGED))
			without_tagged.insert(key.ifindex);
	std::vector<InterfaceCounters> interfaces;
	for (uint32_t ifindex : maps.device_stats.keys())
		if (auto device = tables.devices.find(ifindex);
		    device != tables.devices.end() && without_tagged.contains(ifindex))
			interfaces.push_back({device->second.name, {maps.device_stats.per_cpu(ifindex)}});
	std::ranges::sort(interfaces, {}, &InterfaceCounters::dev);
	return interfaces;
}

} // namespace

std::string reason_name(xovl_reason reason)
{
	std::string name = kReasons.at(reason).name;
	std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
	return name;
}

const char *reason_text(xovl_reason reason)
{
	return kReasons.at(reason).text;
}

bool reason_in_network(xovl_reason reason)
{
	return kReasons.at(reason).in_network;
}

Counters OverlayView::counters() const
{
	Counters out;
	if (!impl_->loaded())
		return out;
	const Tables &tables = impl_->tables();
	const Maps &maps = impl_->maps();
	Config config = impl_->running(false);
	const auto indexes = tables.network_indexes();
	for (const auto &net : config.networks) {
		out.networks.push_back({net.name, {maps.net_stats.per_cpu(indexes.at(net.name))}});
		for (const auto &port : net.ports)
			if (auto index = tables.find_port(port.dev, port.vid))
				out.ports.push_back({port.dev, port.vid, {maps.port_stats.per_cpu(*index)}});
	}
	std::map<Address, PerCpu<xovl_traffic>> peers;
	for (uint32_t i = 0; i < tables.peers.size(); i++)
		if (tables.peers[i].family)
			add(peers[Address(tables.peers[i].remote)], maps.peer_stats.per_cpu(i));
	for (auto &[dst, stats] : peers)
		out.peers.push_back({dst, std::move(stats)});
	out.interfaces = interfaces_of(tables, maps);
	out.drops = drops_of(tables, maps);
	return out;
}

} // namespace xovl

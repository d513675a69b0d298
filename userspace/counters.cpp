// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "counters.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "overlay_impl.hpp"

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

Counters Overlay::counters() const
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
	for (uint32_t reason = 1; reason < XOVL_REASON_MAX; reason++)
		out.drops.push_back({static_cast<xovl_reason>(reason), {maps.drop_stats.per_cpu(reason)}});
	return out;
}

} // namespace xovl

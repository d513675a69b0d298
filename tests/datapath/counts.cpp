// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "counts.hpp"

#include <fmt/format.h>

namespace xovl::test {

namespace {

void add(Counts &counts, const std::string &name, uint64_t value)
{
	if (value)
		counts[name] += value;
}

void add_traffic(Counts &counts, const std::string &object, const xovl_traffic &traffic)
{
	add(counts, object + " rx_packets", traffic.rx_packets);
	add(counts, object + " rx_bytes", traffic.rx_bytes);
	add(counts, object + " tx_packets", traffic.tx_packets);
	add(counts, object + " tx_bytes", traffic.tx_bytes);
}

/// "unplaced" counts drops without a place. There are none while all objects stay.
void add_drops(Counts &counts, const DropCounters &drop)
{
	const std::string name = "drop " + reason_name(drop.reason);
	xovl_drop_stats all = {}, placed = {};
	const auto sum = [](xovl_drop_stats &total, const PerCpu<xovl_drop_stats> &stats) {
		for (const xovl_drop_stats &cpu : stats.cpu) {
			total.packets += cpu.packets;
			total.copies += cpu.copies;
		}
	};
	sum(all, drop.stats);
	for (const auto &[place, stats] : drop.places)
		sum(placed, stats);
	add(counts, name + " packets", all.packets);
	add(counts, name + " copies", all.copies);
	add(counts, name + " unplaced", (all.packets - placed.packets) + (all.copies - placed.copies));
}

std::string port_name(const PortCounters &port)
{
	return port.vid ? fmt::format("port {}.{}", port.dev, port.vid) : "port " + port.dev;
}

} // namespace

Counts operator+(Counts a, const Counts &b)
{
	for (const auto &[name, value] : b)
		a[name] += value;
	return a;
}

Counts counts_of(const Counters &counters)
{
	Counts counts;
	for (const NetCounters &net : counters.networks)
		for (const xovl_net_stats &cpu : net.stats.cpu) {
			add_traffic(counts, "net " + net.name, cpu.traffic);
			add(counts, "net " + net.name + " delivered", cpu.delivered);
			add(counts, "net " + net.name + " sent", cpu.sent);
			add(counts, "net " + net.name + " flooded", cpu.flooded);
			add(counts, "net " + net.name + " copies", cpu.copies);
			add(counts, "net " + net.name + " by_kernel", cpu.by_kernel);
		}
	for (const PortCounters &port : counters.ports)
		for (const xovl_traffic &cpu : port.stats.cpu)
			add_traffic(counts, port_name(port), cpu);
	for (const PeerCounters &peer : counters.peers)
		for (const xovl_traffic &cpu : peer.stats.cpu)
			add_traffic(counts, "peer " + peer.dst.str(), cpu);
	for (const InterfaceCounters &interface : counters.interfaces)
		for (const xovl_device_stats &cpu : interface.stats.cpu)
			add(counts, "interface " + interface.dev + " vlan_unknown", cpu.vlan_unknown);
	for (const DropCounters &drop : counters.drops)
		add_drops(counts, drop);
	return counts;
}

} // namespace xovl::test

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.hpp"

namespace xovl {

namespace {

using Values = std::vector<uint64_t>;

Values values_of(const xovl_traffic &t)
{
	return {t.rx_packets, t.rx_bytes, t.tx_packets, t.tx_bytes};
}

Values values_of(const xovl_net_stats &n)
{
	Values values = values_of(n.traffic);
	values.insert(values.end(), {n.delivered, n.sent, n.flooded, n.copies, n.by_xdp, n.by_kernel});
	return values;
}

Values values_of(const xovl_drop_stats &d)
{
	return {d.packets, d.copies};
}

Values values_of(const xovl_device_stats &d)
{
	return {d.vlan_unknown};
}

const std::vector<Column> kTraffic = {
	{"rx_packets", "rx packets"},
	{"rx_bytes", "rx bytes"},
	{"tx_packets", "tx packets"},
	{"tx_bytes", "tx bytes"},
};

bool nothing(const Values &values)
{
	return std::all_of(values.begin(), values.end(), [](uint64_t v) { return v == 0; });
}

template <typename Value> Values sum_of(const PerCpu<Value> &stats)
{
	Values sum = values_of(Value{});
	for (const Value &one : stats.cpu) {
		Values values = values_of(one);
		for (size_t i = 0; i < sum.size(); i++)
			sum[i] += values[i];
	}
	return sum;
}

template <typename Value>
void add_rows(CounterSection &section, const CounterRow &head, const PerCpu<Value> &stats, Cpus cpus)
{
	if (cpus == Cpus::Together) {
		section.rows.push_back({head.id, sum_of(stats), head.remarks});
		return;
	}
	for (size_t cpu = 0; cpu < stats.cpu.size(); cpu++) {
		CounterRow row{head.id, values_of(stats.cpu[cpu]), head.remarks};
		row.id.emplace_back(cpu);
		if (!nothing(row.values))
			section.rows.push_back(std::move(row));
	}
}

CounterSection net_section(const Counters &counters, Cpus cpus)
{
	CounterSection section{.key = "networks", .id = {{"name", "name"}}, .values = kTraffic};
	section.values.insert(section.values.end(), {{"delivered", "delivered"},
						     {"sent", "sent"},
						     {"flooded", "flooded"},
						     {"copies", "copies"},
						     {"by_xdp", "by xdp"},
						     {"by_kernel", "by kernel"}});
	for (const NetCounters &net : counters.networks)
		add_rows(section, {.id = {net.name}}, net.stats, cpus);
	return section;
}

CounterSection port_section(const Counters &counters, Cpus cpus)
{
	CounterSection section{.key = "ports", .id = {{"dev", "dev"}, {"vid", "vid", vid_text}}, .values = kTraffic};
	for (const PortCounters &port : counters.ports)
		add_rows(section, {.id = {port.dev, port.vid}}, port.stats, cpus);
	return section;
}

/// Frames of VLANs without a port, on interfaces that have VLAN ports.
CounterSection interface_section(const Counters &counters, Cpus cpus)
{
	CounterSection section{.key = "interfaces",
			       .id = {{"dev", "dev"}},
			       .values = {{"vlan_unknown", "vlan_unknown"}},
			       .remarks = {{"text", "what happened"}}};
	for (const InterfaceCounters &interface : counters.interfaces)
		add_rows(section, {.id = {interface.dev}, .remarks = {"left to the kernel: no port has their VLAN"}},
			 interface.stats, cpus);
	return section;
}

CounterSection peer_section(const Counters &counters, Cpus cpus)
{
	CounterSection section{.key = "peers", .id = {{"dst", "dst"}}, .values = kTraffic};
	for (const PeerCounters &peer : counters.peers)
		add_rows(section, {.id = {peer.dst.str()}}, peer.stats, cpus);
	return section;
}

/// Returns {"net": "blue", "port": "eth1", "vid": 10, "packets": 3, "copies": 0}.
Json place_json(const DropPlace &place, const PerCpu<xovl_drop_stats> &stats)
{
	Json object = Json::object();
	if (!place.net.empty())
		object["net"] = place.net;
	if (place.kind == XOVL_PLACE_PEER) {
		object["peer"] = place.peer->str();
	} else if (place.kind == XOVL_PLACE_PORT) {
		object["port"] = place.dev;
		object["vid"] = place.vid;
	} else {
		object["uplink"] = place.dev;
	}
	const Values sum = sum_of(stats);
	object["packets"] = sum[0];
	object["copies"] = sum[1];
	return object;
}

/// Returns "blue eth1.10 3": network, place, number of drops.
std::string place_text(const Json &place)
{
	std::string text;
	for (const char *key : {"net", "port", "peer", "uplink"})
		if (place.contains(key))
			text += place[key].get<std::string>() + " ";
	if (place.contains("vid") && place["vid"] != 0)
		text.insert(text.size() - 1, "." + place["vid"].dump());
	return text + std::to_string(place["packets"].get<uint64_t>() + place["copies"].get<uint64_t>());
}

/// Lists the three places with most drops.
std::string places_text(const Json &places)
{
	constexpr size_t kShown = 3;
	std::vector<Json> list(places.begin(), places.end());
	std::ranges::stable_sort(list, std::ranges::greater(), [](const Json &place) {
		return place["packets"].get<uint64_t>() + place["copies"].get<uint64_t>();
	});
	std::string text;
	for (size_t i = 0; i < std::min(list.size(), kShown); i++)
		text += (i ? ", " : "") + place_text(list[i]);
	if (list.size() > kShown)
		text += fmt::format(", {} more", list.size() - kShown);
	return text.empty() ? "-" : text;
}

/// Returns a row for every reason. For text output, snapshot_of() removes the reasons that did not occur.
CounterSection drop_section(const Counters &counters, Cpus cpus)
{
	CounterSection section{.key = "drops",
			       .id = {{"reason", "reason"}},
			       .values = {{"packets", "packets"}, {"copies", "copies"}},
			       .remarks = {{"by", "where", places_text}, {"text", "what happened"}}};
	for (const DropCounters &drop : counters.drops) {
		Json places = cpus == Cpus::Together ? Json::array() : Json();
		if (cpus == Cpus::Together)
			for (const auto &[place, stats] : drop.places)
				places.push_back(place_json(place, stats));
		add_rows(section, {.id = {reason_name(drop.reason)}, .remarks = {places, reason_text(drop.reason)}},
			 drop.stats, cpus);
	}
	return section;
}

constexpr struct {
	std::string_view word;
	CounterSection (*make)(const Counters &, Cpus);
} kSections[] = {{"net", net_section},
		 {"port", port_section},
		 {"port", interface_section},
		 {"peer", peer_section},
		 {"drop", drop_section}};

/// Returns the values of each row by its id.
std::map<std::vector<Json>, const Values *> index_of(const CounterSection &section)
{
	std::map<std::vector<Json>, const Values *> index;
	for (const CounterRow &row : section.rows)
		index[row.id] = &row.values;
	return index;
}

std::string rate_text(const Json &rate)
{
	return fmt::format("{:.0f}", rate.get<double>());
}

std::vector<Column> columns_of(const CounterSection &section, bool rates)
{
	std::vector<Column> columns = section.id;
	for (const Column &value : section.values) {
		columns.push_back(value);
		if (rates)
			columns.push_back({value.key + "_per_second", "/s", rate_text});
	}
	columns.insert(columns.end(), section.remarks.begin(), section.remarks.end());
	return columns;
}

/// Returns null if the counter is new or was reset.
Json rate_of(const Values *before, const Values &now, size_t i, double seconds)
{
	if (!before || (*before)[i] > now[i] || seconds <= 0)
		return {};
	return std::round(10 * static_cast<double>(now[i] - (*before)[i]) / seconds) / 10;
}

} // namespace

std::string parse_section(const std::string &text)
{
	for (const auto &section : kSections)
		if (section.word == text)
			return text;
	throw request_error(fmt::format("unknown section \"{}\" (net, port, peer, drop)", text));
}

Snapshot snapshot_of(const Counters &counters, const std::string &which, Cpus cpus, Zeros zeros)
{
	Snapshot snapshot{std::chrono::steady_clock::now(), {}};
	for (const auto &[word, make] : kSections) {
		if (!which.empty() && which != word)
			continue;
		snapshot.sections.push_back(make(counters, cpus));
		if (word == "drop" && zeros == Zeros::Hidden)
			std::erase_if(snapshot.sections.back().rows,
				      [](const CounterRow &row) { return nothing(row.values); });
		if (cpus == Cpus::Each)
			snapshot.sections.back().id.push_back({"cpu", "cpu"});
	}
	return snapshot;
}

std::vector<Section> tables_of(const Snapshot &now, const Snapshot *before)
{
	double seconds = before ? std::chrono::duration<double>(now.time - before->time).count() : 0;
	std::vector<Section> sections;
	for (size_t s = 0; s < now.sections.size(); s++) {
		const CounterSection &section = now.sections[s];
		auto index = before ? index_of(before->sections[s]) : decltype(index_of(section)){};
		Table table(columns_of(section, before != nullptr));
		for (const CounterRow &row : section.rows) {
			auto old = index.find(row.id);
			std::vector<Json> cells = row.id;
			for (size_t i = 0; i < row.values.size(); i++) {
				cells.emplace_back(row.values[i]);
				if (before)
					cells.push_back(rate_of(old == index.end() ? nullptr : old->second, row.values,
								i, seconds));
			}
			cells.insert(cells.end(), row.remarks.begin(), row.remarks.end());
			table.add(std::move(cells));
		}
		sections.push_back({section.key, std::move(table)});
	}
	return sections;
}

} // namespace xovl

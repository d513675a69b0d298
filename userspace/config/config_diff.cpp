// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Describes the difference between two configurations for people.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "config/config.hpp"
#include "config/settings.hpp"

namespace xovl {

namespace {

/// Returns the changes of an element: " mtu 1450 -> 1400"; nullopt if it is unchanged.
template <typename Item> std::optional<std::string> changes_of(const Item &before, const Item &after)
{
	return before == after ? std::nullopt : std::optional(' ' + differences(before, after));
}

/// Ports, flood list and peers have their own lines. FDB entries have none.
std::optional<std::string> changes_of(const NetworkConfig &before, const NetworkConfig &after)
{
	return changes_of<NetworkSettings>(before, after);
}

/// An address has nothing that could change.
std::optional<std::string> changes_of(const Address &, const Address &)
{
	return std::nullopt;
}

/// Adds a line for each element that is removed ("-"), added ("+") or changed ("~"). name(element) identifies it.
template <typename Item, typename Name>
void diff_lists(std::vector<std::string> &lines, const std::string &what, const std::vector<Item> &before,
		const std::vector<Item> &after, Name name)
{
	std::unordered_map<std::string, const Item *> old, now;
	for (const auto &item : before)
		old.emplace(name(item), &item);
	for (const auto &item : after)
		now.emplace(name(item), &item);
	for (const auto &item : before)
		if (!now.contains(name(item)))
			lines.push_back(fmt::format("- {} {}", what, name(item)));
	for (const auto &item : after) {
		auto known = old.find(name(item));
		if (known == old.end())
			lines.push_back(fmt::format("+ {} {}", what, name(item)));
		else if (auto changes = changes_of(*known->second, item))
			lines.push_back(fmt::format("~ {} {}{}", what, name(item), *changes));
	}
}

/// "fdb 65536 -> 1100000, ports 1024 -> 4096"
std::string limit_changes(const Limits &before, const Limits &after)
{
	std::string text;
	for (const LimitKey &key : kLimitKeys)
		if (before.*key.member != after.*key.member)
			text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", key.range.what,
					    before.*key.member, after.*key.member);
	return text;
}

/// Returns the vteps of config that other has too, in the order of config. The order matters: the first vtep of a
/// family is the default local address.
std::vector<Address> common_vteps(const Config &config, const Config &other)
{
	auto same = [](const VtepConfig &vtep) { return vtep.local; };
	std::vector<Address> common;
	for (const auto &vtep : config.vteps)
		if (std::ranges::find(other.vteps, vtep.local, same) != other.vteps.end())
			common.push_back(vtep.local);
	return common;
}

/// "encap vxlan -> geneve, dstport 4789 -> 6081"
std::string way_changes(const PeerConfig &before, const PeerConfig &after)
{
	std::string text;
	auto tell = [&](const char *key, const auto &was, const auto &is) {
		if (was != is)
			text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", key, was, is);
	};
	tell("encap", std::string_view(name_of(before.encap)), std::string_view(name_of(after.encap)));
	tell("dstport", before.dstport, after.dstport);
	tell("via", std::string_view(name_of(before.via)), std::string_view(name_of(after.via)));
	tell("require", std::string_view(require_word(before.encrypted)),
	     std::string_view(require_word(after.encrypted)));
	return text;
}

/// Adds a line for each peer that is reached in another way than before, unless it only follows its network. A peer
/// that only FDB entries lead to gets a line of its own: "+ net blue peer 10.0.0.3 encap vxlan -> geneve".
void diff_peers(std::vector<std::string> &lines, const NetworkConfig &before, const NetworkConfig &after)
{
	std::map<Address, char> signs;
	for (const auto &peer : before.peers)
		signs.emplace(peer.dst, '-');
	for (const auto &peer : after.peers)
		if (!signs.emplace(peer.dst, '+').second)
			signs[peer.dst] = '~';
	if (signs.empty())
		return;
	const std::set<Address> flood_before(before.flood.begin(), before.flood.end());
	const std::set<Address> flood_after(after.flood.begin(), after.flood.end());
	for (const auto &[dst, sign] : signs) {
		const bool flooded = flood_after.contains(dst);
		const PeerConfig was = peer_of(before, dst), is = peer_of(after, dst);
		if (flooded != flood_before.contains(dst) || was == is || moved_peer(was, before, after) == is)
			continue;
		const std::string changes = way_changes(was, is);
		lines.push_back(flooded ? fmt::format("~ net {} flood {} {}", after.name, dst.str(), changes)
					: fmt::format("{} net {} peer {} {}", sign, after.name, dst.str(), changes));
	}
}

} // namespace

std::vector<std::string> describe_changes(const Config &before, const Config &after)
{
	std::vector<std::string> lines;
	const Limits limits = before.limits.value_or(Limits{});
	if (after.limits && *after.limits != limits)
		lines.push_back("~ limits " + limit_changes(limits, *after.limits));
	auto address = [](const Address &item) { return item.str(); };
	diff_lists(lines, "vtep", before.vteps, after.vteps, [](const VtepConfig &vtep) { return vtep.local.str(); });
	if (common_vteps(before, after) != common_vteps(after, before))
		lines.push_back("~ vtep order");
	diff_lists(lines, "uplink", before.uplinks, after.uplinks,
		   [](const UplinkConfig &uplink) { return uplink.dev; });

	diff_lists(lines, "net", before.networks, after.networks, [](const NetworkConfig &net) { return net.name; });

	const NetworkConfig none;
	std::unordered_map<std::string_view, const NetworkConfig *> nets_before;
	for (const auto &net : before.networks)
		nets_before.emplace(net.name, &net);
	for (const auto &net : after.networks) {
		auto known = nets_before.find(net.name);
		const NetworkConfig &old = known == nets_before.end() ? none : *known->second;
		if (old.ports != net.ports)
			diff_lists(lines, fmt::format("net {} port", net.name), old.ports, net.ports,
				   [](const PortConfig &port) { return port_name(port.dev, port.vid); });
		if (old.flood != net.flood)
			diff_lists(lines, fmt::format("net {} flood", net.name), old.flood, net.flood, address);
		if (old.peers != net.peers)
			diff_peers(lines, old, net);
	}
	return lines;
}

} // namespace xovl

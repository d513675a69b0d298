// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a person is told that a change of the configuration does.
#include <fmt/format.h>

#include <algorithm>

#include "config.hpp"

namespace xovl {

namespace {

/// One line for each element that only one side has ("-", "+"), or that both have and differs ("~"). name(element) identifies it.
template <typename Item, typename Name>
void diff_lists(std::vector<std::string> &lines, const std::string &what, const std::vector<Item> &before,
		const std::vector<Item> &after, Name name)
{
	auto find = [&](const std::vector<Item> &list, const std::string &wanted) {
		return std::ranges::find_if(list, [&](const Item &item) { return name(item) == wanted; });
	};
	for (const auto &item : before)
		if (find(after, name(item)) == after.end())
			lines.push_back(fmt::format("- {} {}", what, name(item)));
	for (const auto &item : after) {
		auto old = find(before, name(item));
		if (old == before.end())
			lines.push_back(fmt::format("+ {} {}", what, name(item)));
		else if (*old != item)
			lines.push_back(fmt::format("~ {} {}", what, name(item)));
	}
}

/// Those addresses that other has too, in order: the first of a family is the default local address.
std::vector<Address> common_vteps(const Config &config, const Config &other)
{
	auto same = [](const VtepConfig &vtep) { return vtep.local; };
	std::vector<Address> common;
	for (const auto &vtep : config.vteps)
		if (std::ranges::find(other.vteps, vtep.local, same) != other.vteps.end())
			common.push_back(vtep.local);
	return common;
}

NetworkConfig without_lists(NetworkConfig net)
{
	net.ports.clear();
	net.flood.clear();
	net.fdb.clear();
	return net;
}

} // namespace

std::vector<std::string> describe_changes(const Config &before, const Config &after)
{
	std::vector<std::string> lines;
	if (after.limits && *after.limits != before.limits.value_or(Limits{}))
		lines.push_back("~ limits");
	auto address = [](const Address &item) { return item.str(); };
	diff_lists(lines, "vtep", before.vteps, after.vteps, [](const VtepConfig &vtep) { return vtep.local.str(); });
	if (common_vteps(before, after) != common_vteps(after, before))
		lines.push_back("~ vtep order");
	diff_lists(lines, "uplink", before.uplinks, after.uplinks,
		   [](const UplinkConfig &uplink) { return uplink.dev; });

	std::vector<NetworkConfig> nets_before, nets_after;
	std::ranges::transform(before.networks, std::back_inserter(nets_before), without_lists);
	std::ranges::transform(after.networks, std::back_inserter(nets_after), without_lists);
	diff_lists(lines, "net", nets_before, nets_after, [](const NetworkConfig &net) { return net.name; });

	const NetworkConfig none;
	for (const auto &net : after.networks) {
		const NetworkConfig *old = before.find_network(net.name);
		diff_lists(lines, fmt::format("net {} port", net.name), (old ? *old : none).ports, net.ports,
			   [](const PortConfig &port) { return port_name(port.dev, port.vid); });
		diff_lists(lines, fmt::format("net {} flood", net.name), (old ? *old : none).flood, net.flood, address);
	}
	return lines;
}

} // namespace xovl

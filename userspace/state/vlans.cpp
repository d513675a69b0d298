// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state/vlans.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace xovl {

namespace {

using Device = std::pair<uint32_t, xovl_device>;

/// Returns the uplink that sends for a VLAN interface; nullptr if the record is of another kind.
const xovl_device *uplink_under(const Tables &tables, const xovl_device &device)
{
	auto uplink = tables.devices.find(device.lower_ifindex);
	return device.role == XOVL_ROLE_VLAN && uplink != tables.devices.end() ? &uplink->second : nullptr;
}

/// True if the tables have the same interface as a VLAN of the same uplink.
bool has_vlan(const Tables &tables, const Device &vlan)
{
	auto same = tables.devices.find(vlan.first);
	return same != tables.devices.end() && same->second.role == XOVL_ROLE_VLAN &&
	       same->second.lower_ifindex == vlan.second.lower_ifindex && same->second.vid == vlan.second.vid &&
	       std::string_view(same->second.name) == vlan.second.name;
}

/// Adds a line for each VLAN interface that is in tables but not in other, if its uplink is in both with the same VLAN.
void describe_missing(std::vector<std::string> &lines, char sign, const Tables &tables, const Tables &other)
{
	for (const Device &device : tables.devices) {
		const xovl_device *uplink = uplink_under(tables, device.second);
		if (!uplink || has_vlan(other, device))
			continue;
		const Device *kept = other.find_device(uplink->name);
		if (kept && kept->second.role == XOVL_ROLE_UPLINK && kept->second.vid == uplink->vid)
			lines.push_back(fmt::format("{} uplink {} via {}", sign, uplink->name, device.second.name));
	}
}

} // namespace

const Device *vlan_over(const Tables &tables, uint32_t uplink)
{
	for (const Device &device : tables.devices)
		if (device.second.role == XOVL_ROLE_VLAN && device.second.lower_ifindex == uplink)
			return &device;
	return nullptr;
}

std::string vlan_note(const Tables &tables, uint32_t uplink, const std::vector<VlanLink> &vlans)
{
	const xovl_device &device = tables.devices.at(uplink);
	auto of_uplink = [&](const VlanLink &vlan) { return vlan.lower == uplink && vlan.vid == device.vid; };
	auto link = std::ranges::find_if(vlans, of_uplink);
	if (!device.vid)
		return "";
	// the kernel resolves neighbours on the uplink itself, where no tag is added
	if (link == vlans.end())
		return fmt::format("no VLAN interface of vid {0}: only permanent neighbours are reached "
				   "(ip link add link {1} name {1}.{0} type vlan id {0}, then xovl apply)",
				   device.vid, device.name);
	auto known = tables.devices.find(link->ifindex);
	if (known == tables.devices.end())
		return fmt::format("{} is not in use yet: packets routed there are dropped (xovl apply)", link->name);
	if (known->second.role == XOVL_ROLE_PORT)
		return fmt::format("{} is a port: what is routed there is dropped (another interface for the port)",
				   link->name);
	return "";
}

std::vector<std::string> describe_vlans(const Tables &current, const Tables &desired)
{
	std::vector<std::string> lines;
	describe_missing(lines, '-', current, desired);
	describe_missing(lines, '+', desired, current);
	return lines;
}

} // namespace xovl

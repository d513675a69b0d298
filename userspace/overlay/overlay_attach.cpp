// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The programs at the interfaces of a configuration: attached, replaced, detached; and the tunnel devices started.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "overlay/overlay_impl.hpp"
#include "state/devices.hpp"
#include "state/tunnel_devices.hpp"

namespace xovl {

namespace {

/// Returns the interfaces where VLAN tags matter.
std::set<uint32_t> trunks(const Tables &tables)
{
	std::set<uint32_t> out;
	for (const auto &[ifindex, device] : tables.devices)
		if (device.vid)
			out.insert(ifindex);
	for (const auto &[key, port] : tables.ports)
		if (key.vid)
			out.insert(key.ifindex);
	return out;
}

bool has_virtual_tenants(Links &links, const Tables &tables)
{
	return std::ranges::any_of(tables.devices, [&](const auto &device) {
		const auto link = find_same_link(links, device.first, device.second);
		return device.second.role == XOVL_ROLE_PORT && link && !link->kind.empty();
	});
}

} // namespace

std::optional<LinkInfo> find_same_link(Links &links, uint32_t ifindex, const xovl_device &device)
{
	auto link = links.find(ifindex);
	return link && link->name == device.name ? link : std::nullopt;
}

uint32_t flags_now(Links &links, const Tables &tables, uint32_t ifindex, const xovl_device &device)
{
	if (device.role == XOVL_ROLE_VLAN)
		return flags_now(links, tables, device.lower_ifindex, tables.devices.at(device.lower_ifindex)) &
		       kLinkFlags;
	auto link = find_same_link(links, ifindex, device);
	return link ? device_flags(device, *link) : device.flags;
}

void Overlay::Impl::attach_returned()
{
	if (std::exchange(has_looked_, true))
		return;
	const auto lacks = [&](const auto &device) {
		const auto &[ifindex, record] = device;
		return record.role != XOVL_ROLE_VLAN && !device_is_live(*dir_, ifindex) &&
		       (record.role == XOVL_ROLE_TUNNEL || link_exists(record.name));
	};
	if (loaded() && std::ranges::any_of(places().devices, lacks))
		commit(running(false), present_refs(), false);
}

void Overlay::Impl::detach_surplus(const Tables &desired)
{
	for (const auto &[ifindex, device] : tables().devices) {
		if (device.role == XOVL_ROLE_VLAN)
			continue;
		auto kept = desired.devices.find(ifindex);
		if (kept != desired.devices.end() && kept->second.role == device.role)
			continue;
		device_detach(*dir_, ifindex, device);
		if (device.mode != XOVL_MODE_TC)
			links_.forget();
	}
}

void Overlay::Impl::refuse_to_mix(const Tables &desired)
{
	if (runs_own_build())
		return;
	for (const auto &[ifindex, device] : desired.devices) {
		const auto known = tables().devices.find(ifindex);
		const bool is_known = known != tables().devices.end() && known->second.role == device.role &&
				      known->second.mode_asked == device.mode_asked;
		if (device.role != XOVL_ROLE_VLAN && !is_known && find_same_link(links_, ifindex, device))
			throw Error(
				Error::Kind::System,
				fmt::format(
					"{} cannot attach with {} while the programs of {} run (xovl down, then apply)",
					device.name, own_build().str(), running_build().str()));
	}
}

Build Overlay::Impl::running_build() const
{
	return build_of(maps().settings.get(0).value());
}

bool Overlay::Impl::runs_own_build() const
{
	return running_build().same_programs(own_build());
}

Asked Overlay::Impl::when_asked(const xovl_device &device) const
{
	const auto before = asked_.find(device.name);
	const bool is_same = before != asked_.end() && before->second == std::pair(device.role, device.mode_asked);
	return is_same ? Asked::Before : Asked::Newly;
}

/// Attaches everything that is not attached as asked for, and records it. Does nothing if the programs of another build
/// run, because builds must not be mixed.
std::vector<std::string> Overlay::Impl::attach_all(Tables &desired)
{
	std::vector<std::string> lines;
	if (!runs_own_build())
		return lines;
	const std::set<uint32_t> with_vlans = trunks(desired);
	const bool virtual_tenants = has_virtual_tenants(links_, desired);
	for (auto &[ifindex, device] : desired.devices) {
		auto link = find_same_link(links_, ifindex, device);
		if (device.role == XOVL_ROLE_VLAN || !link)
			continue;
		const DeviceUse use = {.trunk = with_vlans.contains(ifindex), .virtual_tenants = virtual_tenants};
		if (device_is_settled(*dir_, *link, device, use))
			continue;
		const auto *known = tables().find_device(device.name);
		bool was_attached = known && device_is_attached(*dir_, ifindex, known->second);
		auto record = [&, key = ifindex](const xovl_device &intention) { maps().devices.set(key, intention); };
		xovl_device now = device_attach(*dir_, *link, device, use, when_asked(device), record);
		if (now.mode_asked != XOVL_MODE_AUTO && !device_refusal(now).empty() &&
		    !(known && device_refusal(now) == device_refusal(known->second)))
			add_notes({fmt::format("{}: {}", device.name, device_refusal(now))});
		if (known && (!was_attached || now.mode != known->second.mode))
			lines.push_back(fmt::format("~ {} attached, mode {}", device.name,
						    name_of(static_cast<xovl_mode>(now.mode))));
		device = now;
		maps().devices.set(ifindex, device);
		if (device.mode_asked != XOVL_MODE_TC || (known && known->second.mode != XOVL_MODE_TC))
			links_.forget(); // XDP changes offload features, also at the other end of a veth
	}
	return lines;
}

/// Updates the flags of devices and ports after all programs are attached, because attaching can change which
/// interfaces accept XDP_REDIRECT.
void Overlay::Impl::refresh_xmit(Tables &desired)
{
	bool changed = false;
	for (auto &[ifindex, device] : desired.devices) {
		uint32_t flags = flags_now(links_, desired, ifindex, device);
		if (flags == device.flags)
			continue;
		device.flags = flags;
		maps().devices.set(ifindex, device);
		changed = true;
	}
	for (auto &[key, port] : desired.ports) {
		const uint16_t flags = with_device(port.flags, desired.devices.at(key.ifindex));
		if (flags == port.flags)
			continue;
		port.flags = flags;
		desired.port_table[port.index].flags = flags;
		maps().port_table.set(port.index, desired.port_table[port.index]);
		maps().ports.set(key, port);
		changed = true;
	}
	if (changed)
		maps().next_epoch();
}

/// Writes changed interface names to the maps.
void Overlay::Impl::keep_names()
{
	for (uint32_t ifindex : current(Depth::All).renamed)
		maps().devices.set(ifindex, tables().devices.at(ifindex));
	current(Depth::All).renamed.clear();
}

/// Sets the tunnel devices up, now that they have their program, and removes those that no network needs.
std::vector<std::string> Overlay::Impl::start_tunnels(Tables &desired)
{
	const auto forget = [&](uint32_t ifindex) {
		device_detach(*dir_, ifindex, desired.devices.at(ifindex));
		maps().devices.del(ifindex);
		desired.devices.erase(ifindex);
		for (auto &[key, endpoint] : desired.endpoints) {
			if (endpoint.device != ifindex)
				continue;
			endpoint.device = 0;
			maps().endpoints.set(key, endpoint);
		}
		for (uint32_t i = 0; i < desired.peers.size(); i++) {
			if (desired.peers[i].device != ifindex)
				continue;
			desired.peers[i].device = 0;
			maps().peers.set(i, desired.peers[i]);
		}
	};
	std::vector<std::string> notes;
	if (runs_own_build())
		notes = start_tunnel_devices(dir_->path(), desired, forget);
	remove_tunnel_devices(dir_->path(), desired);
	return notes;
}

/// Attaches guards to the uplinks that are attached, before the tables have a peer that requires encryption.
/// attach_all() does so for the others.
void Overlay::Impl::guard_uplinks(Tables &desired)
{
	for (auto &[ifindex, device] : desired.devices) {
		const auto link = find_same_link(links_, ifindex, device);
		if (!(device.flags & XOVL_DEV_GUARDED) || device.mode == XOVL_MODE_AUTO || !link || !runs_own_build())
			continue;
		device_guard(*dir_, *link, device,
			     [&, key = ifindex](const xovl_device &intention) { maps().devices.set(key, intention); });
	}
}

} // namespace xovl

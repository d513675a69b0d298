// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "overlay/removal.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>

#include "base/error.hpp"
#include "bpf/attach.hpp"
#include "bpf/datapath.hpp"
#include "bpf/pin_names.hpp"
#include "bpf/pin_root.hpp"
#include "kernel/link.hpp"
#include "kernel/netns_id.hpp"
#include "state/devices.hpp"
#include "state/tunnel_devices.hpp"

namespace xovl {

namespace {

/// Returns the devices that may have programs of ours, with the records of what to change back. If another version
/// attached them, the records may not be complete, so every interface is returned.
std::map<uint32_t, xovl_device> devices_to_detach(const PinDir &dir, const std::optional<xovl_settings> &settings)
{
	std::map<uint32_t, xovl_device> devices;
	// no settings: an interrupted load, which has attached nothing, or pins were removed
	if (!settings || is_of_this_netns(*settings))
		devices = read_records<xovl_device>(dir, "devices");
	if (!settings)
		for (const auto &[ifindex, same] : read_records<uint32_t>(dir, "live_devices"))
			devices.try_emplace(ifindex);
	std::erase_if(devices, [](const auto &device) { return device.second.role == XOVL_ROLE_VLAN; });
	if (settings && settings->layout != XOVL_LAYOUT)
		for (uint32_t ifindex : link_indexes())
			devices.try_emplace(ifindex);
	return devices;
}

/// Removes libxdp's pins of our programs for interfaces that are gone.
void forget_xdp(const PinDir &dir)
{
	if (const Fd map = dir.open_map("devices"))
		xdp_forget(map.get());
}

enum class Verdict { InUse, Stale, Unproven, NoSettings };

Verdict judge(const PinDir &dir, ino_t netns)
{
	if (any_device_is_live(dir))
		return Verdict::InUse;
	const auto settings = read_settings(dir);
	if (!settings) // a killed load has no interfaces yet
		return read_records<xovl_device>(dir, "devices").empty() ? Verdict::Stale : Verdict::NoSettings;
	switch (netns_presence(netns, settings->netns_cookie)) {
	case Presence::Present:
		return Verdict::InUse;
	case Presence::Gone:
		return Verdict::Stale;
	case Presence::Unknown:
		// Nothing visible uses the namespace. If it had interfaces, these are gone, too, so it is stale. If it
		// had none, there is no second sign.
		return read_records<xovl_device>(dir, "devices").empty() ? Verdict::Unproven : Verdict::Stale;
	}
	return Verdict::Unproven;
}

/// Detaches from interfaces that outlived their namespace: hardware returns to the initial one.
void detach_moved(const WritablePinDir &dir)
{
	bool moved = false;
	for (const auto &[ifindex, device] : read_records<xovl_device>(dir, "devices")) {
		if (device.role == XOVL_ROLE_VLAN || !device_has_moved(dir, ifindex))
			continue;
		moved = true;
		device_detach_moved(dir, ifindex, device);
	}
	if (!moved)
		return;
	const Fd map = dir.open_map("devices");
	for (const uint32_t ifindex : link_indexes())
		if (xdp_uses_map(ifindex, map.get()))
			xdp_detach(ifindex, {}, map.get());
}

/// Removes a state, and reports what was removed, or what others left in its folder and therefore stays.
void remove_stale(WritablePinDir &dir, const std::string &name, StaleStates &states)
{
	detach_moved(dir);
	forget_xdp(dir);
	const size_t pins = dir.remove();
	std::error_code error;
	if (!std::filesystem::exists(dir.path(), error) && !error) {
		states.removed.push_back(name);
		return;
	}
	const std::vector<std::string> left = dir.names();
	const std::string reason = left.empty() ? "the folder cannot be removed"
						: fmt::format("{} does not belong to xovl", fmt::join(left, ", "));
	states.kept.push_back(fmt::format("{}: {}{}", name, pins ? "all pins of xovl are removed; " : "", reason));
}

void sweep_one(const std::string &root, ino_t netns, StaleStates &states)
{
	WritablePinDir dir(root, netns);
	if (!dir.exists()) // also if another process uses it, so it is not stale
		return;
	const std::string name = std::filesystem::path(dir.path()).filename();
	switch (judge(dir, netns)) {
	case Verdict::InUse:
		return;
	case Verdict::Unproven:
		states.kept.push_back(fmt::format(
			"{}: its network namespace seems unused, but this kernel cannot confirm that it is gone",
			name));
		return;
	case Verdict::NoSettings:
		states.kept.push_back(
			fmt::format("{}: its settings are missing (xovl down in its network namespace)", name));
		return;
	case Verdict::Stale:
		remove_stale(dir, name, states);
	}
}

} // namespace

void take_down(WritablePinDir &dir)
{
	const auto settings = read_settings(dir);
	for (const auto &[ifindex, device] : devices_to_detach(dir, settings))
		device_detach(dir, ifindex, device);
	remove_tunnel_devices(dir.path(), Tables());
	if (settings && is_of_this_netns(*settings))
		restore_forwarding(*settings);
	else
		forget_xdp(dir);
	dir.clear();
}

StaleStates sweep_stale(const std::string &root)
{
	StaleStates states;
	const ino_t own = netns_inode();
	for (const ino_t netns : pinned_namespaces(root)) {
		if (netns == own)
			continue;
		try {
			sweep_one(root, netns, states);
		} catch (const Error &error) {
			states.unseen.push_back(fmt::format("net-{}: {}", netns, error.what()));
		}
	}
	return states;
}

} // namespace xovl

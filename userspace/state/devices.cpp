// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state/devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "bpf/attach.hpp"
#include "bpf/pin_names.hpp"
#include "kernel/namespaces.hpp"

namespace xovl {

namespace {

TcOwn own_at(const PinDir &dir, const std::string &pin, TcPoint point)
{
	TcOwn own{dir.pin(pin), {}, point};
	for (const char *name : kTcNames)
		if (const Fd program = dir.open(name))
			own.programs.push_back(program_id(program.get()));
	return own;
}

TcOwn tc_own(const PinDir &dir, uint32_t ifindex)
{
	return own_at(dir, tc_link_pin(ifindex), TcPoint::Ingress);
}

TcOwn guard_own(const PinDir &dir, uint32_t ifindex)
{
	return own_at(dir, guard_pin(ifindex), TcPoint::Egress);
}

/// True if packets that leave by the interface must be checked. An interface that encrypts needs no check.
bool wants_guard(const xovl_device &device)
{
	return device.flags & XOVL_DEV_GUARDED && !(device.flags & XOVL_DEV_ENCRYPTS);
}

bool has_right_guard(const PinDir &dir, uint32_t ifindex, const xovl_device &device)
{
	return device.role != XOVL_ROLE_UPLINK || tc_attached(ifindex, guard_own(dir, ifindex)) == wants_guard(device);
}

XdpOwn xdp_own(const PinDir &dir, uint32_t ifindex)
{
	return {dir.pin(xdp_pin(ifindex))};
}

Map<uint32_t, uint32_t> live_devices(const PinDir &dir)
{
	return {dir, "live_devices"};
}

/// Layouts before 10 do not have this map.
bool has_live_devices(const PinDir &dir)
{
	return static_cast<bool>(dir.open_map("live_devices"));
}

/// Returns a map that all our programs use (in layouts before 10: that many of them use).
Fd own_map(const PinDir &dir)
{
	return dir.open_map(has_live_devices(dir) ? "live_devices" : "devices");
}

/// Like device_is_live(), for a datapath that another version may have loaded.
bool is_live_in_any_layout(const PinDir &dir, uint32_t ifindex, const xovl_device &device)
{
	if (has_live_devices(dir))
		return device_is_live(dir, ifindex);
	auto link = find_link(ifindex);
	return link && link->name == device.name;
}

/// Tries XDP, and fills in mode, note and refusal of device.
void attach_xdp(const WritablePinDir &dir, const LinkInfo &link, xovl_device &device, const DeviceUse &use, Asked when)
{
	auto asked = static_cast<xovl_mode>(device.mode_asked);
	device.mode = XOVL_MODE_TC;
	device.note = kNoNote;
	std::ranges::fill(device.refusal, 0);
	if (asked != XOVL_MODE_TC)
		device.note = xdp_obstacle(link, device, use);
	if (asked == XOVL_MODE_TC || device.note != kNoNote) {
		xdp_detach(link.ifindex, xdp_own(dir, link.ifindex));
		return;
	}
	xovl_mode mode = asked == XOVL_MODE_GENERIC ? XOVL_MODE_GENERIC : XOVL_MODE_NATIVE;
	XdpOutcome outcome = xdp_attach(
		link, mode, xdp_program_name(static_cast<xovl_role>(device.role)),
		[&] { return open_xdp_object(dir, link, mode, device); }, xdp_own(dir, link.ifindex));
	switch (outcome.result) {
	case XdpResult::Attached:
		device.mode = mode;
		return;
	case XdpResult::Busy:
		if (asked != XOVL_MODE_AUTO && when == Asked::Newly)
			throw Error(Error::Kind::System,
				    fmt::format("XDP on {}: {} (mode tc works beside it)", link.name, outcome.text));
		keep_refusal(device, kBusy, outcome.text);
		return;
	case XdpResult::Unsupported:
		keep_refusal(device, kRefused, outcome.text);
		return;
	}
}

/// True if the interface with this number is the recorded one. Nothing is attached to a VLAN interface, so it is
/// compared by its uplink and VLAN.
bool is_recorded(const PinDir &dir, uint32_t ifindex, const xovl_device &device)
{
	if (device.role != XOVL_ROLE_VLAN)
		return device_is_live(dir, ifindex);
	return std::ranges::any_of(vlan_links(), [&](const VlanLink &vlan) {
		return vlan.ifindex == ifindex && vlan.lower == device.lower_ifindex && vlan.vid == device.vid;
	});
}

const char *tc_name(const LinkInfo &link, const xovl_device &device)
{
	if (device.role == XOVL_ROLE_TUNNEL)
		return kTcTunnel;
	if (device.role == XOVL_ROLE_UPLINK)
		return link.ethernet ? kTcUplink : kTcWay;
	return kTcPort;
}

void set_name(xovl_device &device, const std::string &name)
{
	std::ranges::fill(device.name, 0);
	name.copy(device.name, sizeof(device.name) - 1);
}

bool lacks_promiscuous(const LinkInfo &link, const xovl_device &device)
{
	// a veth passes up all frames anyway
	return device.role == XOVL_ROLE_PORT && !link.is_virtual_pair() && !link.promisc;
}

} // namespace

LinkInfo require_link(const std::string &dev, const std::optional<LinkInfo> &link)
{
	if (!link)
		throw request_error(fmt::format("there is no interface {} (ip link; with optional on, in a file "
						"optional: true, xovl waits for it)",
						dev));
	if (link->loopback)
		throw request_error(fmt::format(
			"{} is the loopback interface (one that leads to other hosts or to a tenant)", dev));
	return *link;
}

void check_ip_link(const std::string &dev, const UplinkConfig *uplink)
{
	if (!uplink)
		throw request_error(
			fmt::format("{} is not an Ethernet interface (one that ip link shows as link/ether)", dev));
	if (uplink->mode == XOVL_MODE_NATIVE || uplink->mode == XOVL_MODE_GENERIC || uplink->vid)
		throw request_error(fmt::format("{} is not an Ethernet interface: XDP and VLANs are not for it (mode "
						"auto or tc, no vid)",
						dev));
}

void check_interfaces(const Config &config, const std::set<std::string> &known, const Where &where)
{
	auto check = [&](const std::string &dev, bool may_be_missing, const UplinkConfig *uplink,
			 const ConfigPath &path) {
		const auto link = find_link(dev);
		if ((may_be_missing || known.contains(dev)) && !link)
			return;
		try {
			if (!require_link(dev, link).ethernet)
				check_ip_link(dev, uplink);
		} catch (const Error &error) {
			throw Error(error.kind(), where(path) + error.what());
		}
	};
	for (size_t i = 0; i < config.uplinks.size(); i++)
		check(config.uplinks[i].dev, config.uplinks[i].optional, &config.uplinks[i], {"uplinks", i, "dev"});
	for (size_t n = 0; n < config.networks.size(); n++)
		for (size_t i = 0; i < config.networks[n].ports.size(); i++)
			check(config.networks[n].ports[i].dev, config.networks[n].ports[i].optional, nullptr,
			      {"networks", n, "ports", i, "dev"});
}

uint32_t device_flags(const xovl_device &device, const LinkInfo &link)
{
	uint32_t kept = device.flags & ~kLinkFlags;
	return kept | (link.can_xdp_xmit() ? XOVL_DEV_XDP_XMIT : 0) | (link.gso_whole ? XOVL_DEV_GSO_WHOLE : 0) |
	       (link.peer_away ? XOVL_DEV_PEER_AWAY : 0) | (link.ethernet ? 0 : XOVL_DEV_IP) |
	       (link.encrypts() ? XOVL_DEV_ENCRYPTS : 0);
}

bool device_is_live(const PinDir &dir, uint32_t ifindex)
{
	return live_devices(dir).get(ifindex).has_value();
}

bool device_has_moved(const PinDir &dir, uint32_t ifindex)
{
	return tc_link_state(tc_own(dir, ifindex)) == TcLink::Attached;
}

void device_detach_moved(const WritablePinDir &dir, uint32_t ifindex, const xovl_device &device)
{
	const TcOwn own = tc_own(dir, ifindex);
	const TcLink state = tc_link_state(own);
	tc_detach_link(own);
	tc_detach_link(guard_own(dir, ifindex));
	// With a tcx link, the kernel tells that the interface was deleted, or that only the link was attached.
	if (state == TcLink::Detached || (state == TcLink::Attached && device.mode == XOVL_MODE_TC))
		return;
	const Fd map = own_map(dir);
	for_each_other_netns([&] {
		for (uint32_t other : link_indexes()) {
			if (xdp_uses_map(other, map.get()))
				xdp_detach(other, {}, map.get());
			clsact_detach(other, own);
			clsact_detach(other, guard_own(dir, ifindex));
		}
	});
}

xovl_mode device_xdp_mode(const PinDir &dir, uint32_t ifindex)
{
	return xdp_attached(ifindex, xdp_own(dir, ifindex));
}

std::vector<uint32_t> follow_names(const PinDir &dir, Image<uint32_t, xovl_device> &devices)
{
	std::vector<uint32_t> changed;
	std::set<std::string> present;
	std::map<uint32_t, xovl_device *> gone;
	for (auto &[ifindex, device] : devices) {
		const std::string name = link_name(ifindex);
		if (name.empty() || !is_recorded(dir, ifindex, device)) {
			gone[ifindex] = &device;
			continue;
		}
		present.insert(name);
		if (name == device.name)
			continue;
		set_name(device, name);
		changed.push_back(ifindex);
	}
	for (auto &[ifindex, device] : gone) {
		if (!present.contains(device->name))
			continue;
		set_name(*device, fmt::format("if{}", ifindex));
		changed.push_back(ifindex);
	}
	return changed;
}

Hooks device_hooks(const PinDir &dir, uint32_t ifindex)
{
	return hooks_of(ifindex, tc_own(dir, ifindex));
}

std::string device_loss(const PinDir &dir, uint32_t ifindex, const xovl_device &device)
{
	if (device.mode == XOVL_MODE_AUTO)
		return "not attached (xovl apply attaches it)";
	const auto mode = static_cast<xovl_mode>(device.mode);
	const bool tc = !tc_attached(ifindex, tc_own(dir, ifindex)) || !has_right_guard(dir, ifindex, device);
	const bool xdp = mode != XOVL_MODE_TC && device_xdp_mode(dir, ifindex) != mode;
	if (!tc && !xdp)
		return "";
	const std::string in_the_way = xdp ? xdp_in_the_way(ifindex, mode, xdp_own(dir, ifindex)) : "";
	if (tc && xdp && in_the_way.empty())
		return "the TC and XDP programs were detached by somebody else (xovl apply attaches them again)";
	if (in_the_way.empty())
		return fmt::format("the {} program was detached by somebody else (xovl apply attaches it again)",
				   tc ? "TC" : "XDP");
	return fmt::format("{}the XDP program was detached by somebody else: {}",
			   tc ? "the TC program was detached by somebody else (xovl apply attaches it again); " : "",
			   in_the_way);
}

bool device_is_attached(const PinDir &dir, uint32_t ifindex, const xovl_device &device)
{
	return device.mode != XOVL_MODE_AUTO && tc_attached(ifindex, tc_own(dir, ifindex)) &&
	       has_right_guard(dir, ifindex, device) && device_xdp_mode(dir, ifindex) == device.mode;
}

bool device_is_settled(const PinDir &dir, const LinkInfo &link, const xovl_device &device, const DeviceUse &use)
{
	if (!device_is_attached(dir, link.ifindex, device))
		return false;
	if (device.mode_asked == XOVL_MODE_TC)
		return device.mode == XOVL_MODE_TC;
	Note obstacle = xdp_obstacle(link, device, use);
	xovl_mode best = device.mode_asked == XOVL_MODE_GENERIC ? XOVL_MODE_GENERIC : XOVL_MODE_NATIVE;
	return obstacle == kNoNote ? device.mode == best : device.mode == XOVL_MODE_TC && device.note == obstacle;
}

void device_open(const WritablePinDir &dir, uint32_t ifindex)
{
	live_devices(dir).set(ifindex, ifindex);
}

void device_guard(const WritablePinDir &dir, const LinkInfo &link, xovl_device &device, const DeviceRecord &record)
{
	if (device.role != XOVL_ROLE_UPLINK)
		return;
	const TcOwn own = guard_own(dir, link.ifindex);
	device.flags = device_flags(device, link);
	if (!wants_guard(device))
		return tc_detach(link.ifindex, own, false);
	if (!tc_attached(link.ifindex, own))
		tc_attach(link, tc_program(dir, kTcGuard).get(), own, [&] {
			device.flags |= XOVL_DEV_MADE_CLSACT;
			record(device);
		});
}

xovl_device device_attach(const WritablePinDir &dir, const LinkInfo &link, xovl_device device, const DeviceUse &use,
			  Asked asked, const DeviceRecord &record)
{
	TcOwn own = tc_own(dir, link.ifindex);
	device_guard(dir, link, device, record);
	// before the programs are attached: they do nothing while the device is not in live_devices
	device_open(dir, link.ifindex);
	if (!tc_attached(link.ifindex, own)) {
		Fd program = tc_program(dir, tc_name(link, device));
		tc_attach(link, program.get(), own, [&] {
			device.flags |= XOVL_DEV_MADE_CLSACT;
			record(device);
		});
	}
	bool promisc = lacks_promiscuous(link, device);
	if (promisc)
		device.flags |= XOVL_DEV_MADE_PROMISC;
	record(device);
	if (promisc)
		set_promisc(link.ifindex, true);
	attach_xdp(dir, link, device, use, asked);
	device.flags = device_flags(device, link);
	return device;
}

void device_detach(const WritablePinDir &dir, uint32_t ifindex, const xovl_device &device)
{
	if (ifindex >= kNoInterface) // the interface has never existed
		return;
	const bool is_live = is_live_in_any_layout(dir, ifindex, device);
	// otherwise the interface that has this number now was never changed
	const uint32_t flags = is_live ? device.flags : 0;
	if (!is_live)
		device_detach_moved(dir, ifindex, device);
	else if (device.flags & XOVL_DEV_GUARDED)
		live_devices(dir).del(ifindex); // stop sending to it before its guard is removed
	xdp_detach(ifindex, xdp_own(dir, ifindex), own_map(dir).get());
	if (device.role == XOVL_ROLE_UPLINK)
		tc_detach(ifindex, guard_own(dir, ifindex), false);
	tc_detach(ifindex, tc_own(dir, ifindex), flags & XOVL_DEV_MADE_CLSACT);
	if (flags & XOVL_DEV_MADE_PROMISC)
		set_promisc(ifindex, false);
	if (is_live && has_live_devices(dir))
		live_devices(dir).del(ifindex);
}

} // namespace xovl

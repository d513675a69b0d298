// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// commit(): makes every change of the running state, except that of a single FDB entry.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "kernel/forwarding.hpp"
#include "overlay/overlay_impl.hpp"
#include "state/by_kernel.hpp"
#include "state/devices.hpp"
#include "state/routes.hpp"
#include "state/tunnel_devices.hpp"
#include "state/vlans.hpp"

namespace xovl {

namespace {

/// Resets the records of interfaces that are gone, because they do not describe the interface that may have the number
/// now. Returns their numbers.
std::vector<uint32_t> forget_others(const PinDir &dir, Tables &tables)
{
	std::vector<uint32_t> gone;
	for (auto &[ifindex, device] : tables.devices) {
		if (device.role == XOVL_ROLE_VLAN || device.mode == XOVL_MODE_AUTO || device_is_live(dir, ifindex))
			continue;
		gone.push_back(ifindex);
		device.mode = XOVL_MODE_AUTO; // not attached
		device.flags = 0;
	}
	return gone;
}

/// Returns the tables of a datapath that has not been loaded yet.
Tables empty_tables(const Limits &limits)
{
	Tables tables;
	tables.limits = limits;
	tables.settings.next_peer_serial = kFirstPeerSerial;
	tables.port_table.resize(limits.ports);
	tables.networks.resize(limits.networks);
	tables.peers.resize(2 * size_t{limits.peers});
	return tables;
}

void describe_fdb(std::vector<std::string> &lines, const FdbChanges &changes)
{
	auto line = [&](char sign, size_t count) {
		if (count)
			lines.push_back(
				fmt::format("{} fdb {} static {}", sign, count, count == 1 ? "entry" : "entries"));
	};
	line('-', changes.deleted);
	line('~', changes.changed);
	line('+', changes.added);
}

/// Returns a number for a device whose interface has never existed.
uint32_t number_of_missing(const Tables &tables, const std::map<uint32_t, std::string> &owner)
{
	uint32_t number = kNoInterface;
	while (tables.devices.find(number) != tables.devices.end() || owner.contains(number))
		number++;
	return number;
}

/// Returns the interfaces that may be missing.
std::set<std::string> optional_names(const Config &config)
{
	std::set<std::string> names;
	for (const auto &uplink : config.uplinks)
		if (uplink.optional)
			names.insert(uplink.dev);
	for (const auto &net : config.networks)
		for (const auto &port : net.ports)
			if (port.optional)
				names.insert(port.dev);
	return names;
}

/// Returns nullptr if dev is not an uplink.
const UplinkConfig *find_uplink(const Config &config, const std::string &dev)
{
	const auto uplink = std::ranges::find(config.uplinks, dev, &UplinkConfig::dev);
	return uplink == config.uplinks.end() ? nullptr : &*uplink;
}

} // namespace

void OverlayView::Impl::add_notes(std::vector<std::string> &&notes)
{
	for (auto &note : notes)
		notes_.push_back(std::move(note));
}

std::set<std::string> device_names(const Config &config)
{
	std::set<std::string> names;
	for (const auto &uplink : config.uplinks)
		names.insert(uplink.dev);
	for (const auto &net : config.networks)
		for (const auto &port : net.ports)
			names.insert(port.dev);
	return names;
}

void Overlay::Impl::load(const Limits &limits)
{
	datapath_load(*dir_, limits);
	learned_.reset();
	maps_.emplace(*dir_);
	current_.reset();
}

bool OverlayView::Impl::needs_load(const Config &wanted)
{
	if (!loaded())
		return true;
	if (!wanted.limits || *wanted.limits == maps().limits())
		return false;
	const Config present = running(false);
	if (present != Config{.limits = present.limits, .vteps = {}, .uplinks = {}, .networks = {}})
		throw request_error("limits are fixed while anything is configured (xovl down first)");
	return true;
}

void Overlay::Impl::load_for(Plan &plan)
{
	if (!plan.loads)
		return;
	if (loaded())
		close();
	load(plan.wanted.limits.value_or(Limits{}));
	// the rest of the settings describes the host at the moment of loading
	const uint32_t next_serial = plan.desired.settings.next_peer_serial;
	plan.before.settings = plan.desired.settings = tables().settings;
	plan.desired.settings.next_peer_serial = next_serial;
}

/// Finds the interfaces of wanted. A known interface that is missing keeps its number; an optional one that is missing
/// gets a number.
Interfaces OverlayView::Impl::resolve(const Config &wanted)
{
	Interfaces interfaces;
	auto &ifindex = interfaces.ifindex;
	std::map<uint32_t, std::string> owner;
	const std::set<std::string> optional = optional_names(wanted);
	std::map<std::string_view, uint32_t> known;
	for (const auto &[number, device] : tables().devices)
		known.emplace(device.name, number);
	for (const auto &name : device_names(wanted)) {
		const auto before = known.find(name);
		const auto link = links_.find(name);
		if (link && !link->ethernet)
			check_ip_link(name, find_uplink(wanted, name));
		if (link || (before == known.end() && !optional.contains(name)))
			ifindex[name] = require_link(name, link).ifindex;
		else
			ifindex[name] = before == known.end() ? number_of_missing(tables(), owner) : before->second;
		if (auto [other, is_first] = owner.emplace(ifindex[name], name); !is_first)
			throw request_error(fmt::format("{} and {} name the same interface {} (remove the old name)",
							other->second, name, ifindex[name]));
	}
	if (std::ranges::any_of(wanted.uplinks, [](const UplinkConfig &uplink) { return uplink.vid != 0; }))
		interfaces.vlans = vlan_links();
	return interfaces;
}

bool OverlayView::Impl::is_back(const std::string &dev)
{
	const auto *device = loaded() ? places().find_device(dev) : nullptr;
	return device && !device_is_live(*dir_, device->first) && link_exists(dev);
}

Plan OverlayView::Impl::plan(const Config &wanted, const Refs &refs)
{
	links_.forget();
	const Interfaces interfaces = resolve(wanted);
	Plan plan{.wanted = wanted, .running = running(false), .loads = needs_load(wanted)};
	const Limits limits = wanted.limits.value_or(Limits{});
	if (plan.loads)
		check_memory(limits);
	plan.before = plan.loads ? empty_tables(limits) : tables();
	plan.gone = forget_others(*dir_, plan.before);
	plan.desired = make_tables(wanted, plan.before, interfaces, refs);
	plan.lines = describe_changes(plan.running, wanted);
	return plan;
}

/// Adds a note for each port that no longer takes tagged frames whole although its configuration is the same.
void note_tagged(const Tables &before, const Tables &desired, std::vector<std::string> &notes)
{
	for (uint32_t i = 0; i < before.port_table.size() && i < desired.port_table.size(); i++) {
		const xovl_port &old = before.port_table[i], &now = desired.port_table[i];
		const auto device = desired.devices.find(now.ifindex);
		if ((old.flags & XOVL_PORT_TAGGED) && (now.flags & XOVL_PORT_USED) && !(now.flags & XOVL_PORT_TAGGED) &&
		    old.ifindex == now.ifindex && now.tagged == XOVL_TAGGED_AUTO && device != desired.devices.end())
			notes.push_back(
				fmt::format("{0} no longer takes tagged frames whole, because VLANs of it are ports "
					    "(xovl port set {0} tagged none says so)",
					    device->second.name));
	}
}

/// All steps are in one function, because their order matters: see docs/architecture.md.
std::vector<std::string> Overlay::Impl::carry_out(Plan &plan, const FdbItems *running_fdb)
{
	const Tables &before = plan.before;
	Tables &desired = plan.desired;
	bool moved = false;
	keep_lo_forwarding();
	keep_names();
	for (const uint32_t ifindex : plan.gone)
		device_detach_moved(*dir_, ifindex, tables().devices.at(ifindex));
	for (auto &[ifindex, device] : desired.devices)
		device.flags = flags_now(links_, desired, ifindex, device);
	note_routes(desired);
	note_kernel_ways(host_.policies(), desired);
	std::vector<std::string> notes;
	if (runs_own_build())
		notes = make_tunnel_devices(dir_->path(), before, desired);
	note_tagged(before, desired, notes);
	host_.require_tunnel_devices(before, desired);
	detach_surplus(desired);
	for (const auto &[ifindex, device] : desired.devices)
		if (device.role == XOVL_ROLE_PORT && device.mode == XOVL_MODE_AUTO &&
		    find_same_link(links_, ifindex, device))
			device_open(*dir_, ifindex); // else copies of a flood would have no target until it is attached
	guard_uplinks(desired);
	write_tables(maps(), before, desired, [&] { moved = fdb_follow(maps(), learned(), before, desired); });
	std::vector<std::string> lines = describe_vlans(before, desired);
	for (auto &line : attach_all(desired))
		lines.push_back(std::move(line));
	refresh_xmit(desired);
	for (auto &note : start_tunnels(desired))
		notes.push_back(std::move(note));
	host_.require_tunnel_devices(before, desired);
	if (running_fdb) {
		const FdbItems afresh = moved ? fdb_read(maps()) : FdbItems();
		FdbChanges changes =
			fdb_replace(maps(), learned(), moved ? afresh : *running_fdb, desired, plan.wanted);
		if (moved) // some of it by fdb_follow()
			changes = fdb_compare(*running_fdb, before, desired, plan.wanted);
		describe_fdb(lines, changes);
	}
	current_.emplace(std::move(desired));
	add_notes(std::move(notes)); // only of what has been done
	return lines;
}

/// Back to the configuration before. running_fdb and refs: as they were then.
void Overlay::Impl::undo(Config &before, const Refs &refs, const FdbItems *running_fdb)
{
	if (running_fdb)
		fdb_to_config(*running_fdb, tables(), before);
	current_.reset();
	before.limits.reset(); // those of the loaded maps stay
	const FdbItems half_way = running_fdb ? fdb_read(maps()) : FdbItems();
	Plan back = plan(before, refs);
	carry_out(back, running_fdb ? &half_way : nullptr);
}

std::vector<std::string> OverlayView::Impl::preview(const Config &wanted)
{
	Plan plan = this->plan(wanted, fdb_refs_of_config());
	std::vector<std::string> lines = std::move(plan.lines);
	add_notes(host_.check(Tables{}, plan.desired));
	for (const auto &dev : device_names(wanted))
		if (is_back(dev))
			lines.push_back(fmt::format("~ {} is attached", dev));
	for (auto &line : describe_vlans(plan.before, plan.desired))
		lines.push_back(std::move(line));
	describe_fdb(lines, fdb_compare(loaded() ? fdb_read(maps()) : FdbItems(), plan.before, plan.desired, wanted));
	return lines;
}

std::vector<std::string> Overlay::Impl::commit(const Config &wanted, const Refs &refs, bool with_fdb)
{
	const bool was_loaded = loaded();
	asked_.clear();
	for (const auto &[ifindex, device] : tables().devices)
		asked_[device.name] = {device.role, device.mode_asked};
	// what can be wrong with the request is found before anything changes
	Plan plan = this->plan(wanted, refs);
	std::vector<std::string> notes = host_.check(with_fdb ? Tables{} : tables(), plan.desired);
	if (!plan.loads)
		refuse_to_mix(plan.desired);

	std::vector<std::string> lines = std::move(plan.lines);
	try {
		load_for(plan);
		const FdbItems running_fdb = with_fdb ? fdb_read(maps()) : FdbItems();
		const Refs refs_before = with_fdb ? fdb_refs_of_config() : present_refs();
		try {
			for (auto &line : carry_out(plan, with_fdb ? &running_fdb : nullptr))
				lines.push_back(std::move(line));
		} catch (...) {
			if (was_loaded)
				undo(plan.running, refs_before, with_fdb ? &running_fdb : nullptr);
			throw;
		}
	} catch (...) {
		if (!was_loaded)
			down();
		throw;
	}
	add_notes(std::move(notes));
	return lines;
}

} // namespace xovl

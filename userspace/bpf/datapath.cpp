// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/datapath.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <ctime>

#include "bpf/pin_names.hpp"
#include "kernel/forwarding.hpp"
#include "kernel/netns_id.hpp"

namespace xovl {

namespace {

/// lo_before, all_before: values when the datapath was loaded. If "all" has changed since, its new value applies to lo,
/// too.
void restore_lo_forwarding(bool ipv6, bool lo_before, bool all_before)
{
	const bool all_now = all_forwarding(ipv6);
	set_lo_forwarding(ipv6, all_now == all_before ? lo_before : all_now);
}

} // namespace

Maps::Maps(const PinDir &dir)
	: settings(dir, "settings"), vteps(dir, "vteps"), ports(dir, "ports"), port_table(dir, "port_table"),
	  port_macs(dir, "port_macs"), port_prefixes(dir, "port_prefixes"), networks(dir, "networks"), fdb(dir, "fdb"),
	  floods(dir, "floods"), peers(dir, "peers"), members(dir, "members"), endpoints(dir, "endpoints"),
	  tunnels(dir, "tunnels"), geneve_ports(dir, "geneve_ports"), host(dir, "host"), options(dir, "options"),
	  sequences(dir, "sequences"), devices(dir, "devices"), live_devices(dir, "live_devices"),
	  port_stats(dir, "port_stats"), peer_stats(dir, "peer_stats"), net_stats(dir, "net_stats"),
	  drop_stats(dir, "drop_stats"), drop_places(dir, "drop_places"), device_stats(dir, "device_stats"),
	  pmtus(dir, "pmtus"), epoch(dir, "epoch"), learned(dir, "learned"), learned_uses(dir, "learned_uses"),
	  learned_owners(dir, "learned_owners"), learned_ports(dir, "learned_ports"),
	  learned_peers(dir, "learned_peers"), fdb_moves(dir, "fdb_moves"), learned_all(dir, "learned_all")
{
}

void Maps::next_epoch() const
{
	epoch.set(0, epoch.get(0).value() + 1);
}

Limits Maps::limits() const
{
	return {.fdb = fdb.max_entries(),
		.networks = networks.max_entries(),
		.peers = peers.max_entries() / 2, // the map has twice the size, see map_sizes()
		.ports = port_table.max_entries(),
		.members = members.max_entries() / 2,
		.guards = port_macs.max_entries() / 2};
}

std::optional<xovl_settings> read_settings(const PinDir &dir)
{
	if (!dir.exists() || !dir.open_map(kSettingsPin))
		return std::nullopt;
	const auto records = read_records<xovl_settings>(dir, kSettingsPin);
	const auto settings = records.find(kSettingsKey);
	return settings == records.end() ? xovl_settings{} : settings->second;
}

bool is_of_this_netns(const xovl_settings &settings)
{
	return settings.netns_cookie == netns_cookie();
}

bool any_device_is_live(const PinDir &dir)
{
	const Fd map = dir.open_map("live_devices");
	uint32_t ifindex = 0;
	if (!map) // layouts before 10 have no live_devices; fall back to the records
		return !read_records<xovl_device>(dir, "devices").empty();
	if (bpf_map_get_next_key(map.get(), nullptr, &ifindex) == 0)
		return true;
	if (errno != ENOENT)
		throw system_error("read", dir.pin("live_devices"), errno);
	return false;
}

void require_no_devices(const PinDir &dir)
{
	if (dir.exists() && (any_device_is_live(dir) || !read_records<xovl_device>(dir, "devices").empty()))
		throw Error(Error::Kind::System,
			    fmt::format("{} is missing, but the datapath beside it runs (xovl down, then apply)",
					dir.pin(kSettingsPin)));
}

bool datapath_is_loaded(const PinDir &dir)
{
	const auto settings = read_settings(dir);
	if (!settings) {
		require_no_devices(dir);
		return false;
	}
	if (!settings->layout)
		throw Error(Error::Kind::System, fmt::format("{} is not what xovl pinned there (xovl down, then apply)",
							     dir.pin(kSettingsPin)));
	if (settings->layout != XOVL_LAYOUT)
		throw Error(
			Error::Kind::System,
			fmt::format(
				"the running datapath has map layout {}, this xovl knows {} (xovl down, then apply)",
				settings->layout, XOVL_LAYOUT));
	return is_of_this_netns(*settings); // false: the settings belong to a namespace that is gone
}

uint64_t coarse_now()
{
	timespec now{};
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec * 1'000'000'000ull + now.tv_nsec;
}

void restore_forwarding(const xovl_settings &settings)
{
	restore_lo_forwarding(false, settings.lo_forwarding4, settings.all_forwarding4);
	restore_lo_forwarding(true, settings.lo_forwarding6, settings.all_forwarding6);
}

Fd tc_program(const PinDir &dir, const char *name)
{
	Fd program = dir.open(name);
	if (!program)
		throw system_error("open", dir.pin(name), ENOENT);
	return program;
}

} // namespace xovl

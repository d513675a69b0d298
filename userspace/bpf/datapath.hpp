// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The loaded datapath of one network namespace: its pins, maps and programs.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "bpf/map.hpp"
#include "bpf/object.hpp"
#include "bpf/pins.hpp"
#include "config/config.hpp"
#include "kernel/link.hpp"
#include "xovl/caches.h"
#include "xovl/counters.h"
#include "xovl/learned.h"

namespace xovl {

/// Returns one more than the highest number in a list of CPUs such as "0-3,8-11". The kernel may leave numbers out.
/// Throws Error(System) if the list cannot be parsed.
uint32_t cpu_numbers(std::string_view list);

/// Size of the maps of interfaces, given the limit of ports. Old and new interfaces exist side by side, and uplinks and
/// VLAN interfaces are included.
constexpr uint64_t devices_max(uint32_t ports)
{
	return 2 * uint64_t{ports};
}

/// Bitmap of the UDP ports at which GENEVE is received.
struct GenevePorts {
	uint64_t words[XOVL_PORT_WORDS];

	/// dstport: network byte order.
	void add(uint16_t dstport) { words[dstport / 64] |= 1ull << dstport % 64; }
};

/// The serial number of the first peer of a load.
inline constexpr uint32_t kFirstPeerSerial = 1;

/// The key of the one element of the map of settings.
inline constexpr uint32_t kSettingsKey = 0;

/// All maps, opened by their pins. See include/xovl/maps.h.
struct Maps {
	explicit Maps(const PinDir &dir);

	Map<uint32_t, xovl_settings> settings;
	Map<xovl_addr, xovl_vtep> vteps;
	Map<xovl_port_key, xovl_port_ref> ports;
	Map<uint32_t, xovl_port> port_table;
	Map<xovl_port_mac, uint32_t> port_macs;
	Map<xovl_port_prefix, uint32_t> port_prefixes;
	Map<uint32_t, xovl_network> networks;
	Map<xovl_fdb_key, xovl_fdb> fdb;
	Map<xovl_flood_key, uint32_t> floods;
	Map<uint32_t, xovl_peer> peers;
	Map<xovl_member_key, xovl_member> members;
	Map<xovl_endpoint_key, xovl_endpoint> endpoints;
	Map<xovl_tunnel_key, xovl_tunnel> tunnels;
	Map<uint32_t, GenevePorts> geneve_ports; ///< one element
	Map<uint32_t, xovl_host> host;           ///< one element
	Map<xovl_options_key, xovl_options> options;
	Map<xovl_sequence_key, xovl_sequence> sequences;
	Map<uint32_t, xovl_device> devices;
	Map<uint32_t, uint32_t> live_devices;
	Map<uint32_t, xovl_traffic> port_stats;
	Map<uint32_t, xovl_traffic> peer_stats;
	Map<uint32_t, xovl_net_stats> net_stats;
	Map<uint32_t, xovl_drop_stats> drop_stats;
	Map<xovl_drop_key, xovl_drop_stats> drop_places;
	Map<uint32_t, xovl_device_stats> device_stats;
	Map<xovl_pmtu_key, xovl_pmtu> pmtus;
	Map<uint32_t, uint64_t> epoch;
	Map<uint32_t, xovl_learned_set> learned;
	Map<uint32_t, xovl_learned_use> learned_uses;
	Map<uint32_t, xovl_learned_owners> learned_owners;
	Map<uint32_t, uint64_t> learned_ports;
	Map<uint32_t, uint64_t> learned_peers;
	Map<xovl_fdb_key, xovl_fdb_moves> fdb_moves;
	Map<uint32_t, xovl_learned_all> learned_all; ///< one element

	/// Invalidates all paths that the datapath remembers, because the tables have changed.
	void next_epoch() const;

	Limits limits() const;
};

/// Returns the settings of a load in dir, whatever its layout; nullopt if no load was completed. layout 0 means that
/// xovl did not make the map. Throws Error(System) if they cannot be read.
std::optional<xovl_settings> read_settings(const PinDir &dir);

/// True if the settings, and with them the records in the same folder, belong to the current network namespace. False
/// for settings of a layout before 2, which have no cookie.
bool is_of_this_netns(const xovl_settings &settings);

/// True if any interface runs the programs. The kernel removes an interface from live_devices when it is deleted or
/// leaves the network namespace.
bool any_device_is_live(const PinDir &dir);

/// For a folder without settings. Without interfaces, nothing is loaded or a load was interrupted. Throws Error(System)
/// if there are interfaces: then the settings of a running datapath were removed.
void require_no_devices(const PinDir &dir);

/// True if a complete datapath of this network namespace is pinned in dir. Throws Error(System) if it has another
/// layout, its settings are missing, or they cannot be read.
bool datapath_is_loaded(const PinDir &dir);

/// Returns the time of the clock that the datapath writes into learned FDB entries, in ns (CLOCK_MONOTONIC_COARSE).
uint64_t coarse_now();

/// Throws Error(System) if the maps would need more memory than is available.
void check_memory(const Limits &limits);

/// Creates the maps, loads the TC programs, and pins both in dir, which must have no datapath. Throws Error(System) if
/// the kernel refuses.
void datapath_load(WritablePinDir &dir, const Limits &limits);

/// Undoes keep_lo_forwarding(): restores the state from when the datapath was loaded.
void restore_forwarding(const xovl_settings &settings);

/// Returns the names of the maps that the programs share.
std::vector<std::string> shared_map_names();

/// Opens a pinned TC program by name. Throws Error(System) if it is missing.
Fd tc_program(const PinDir &dir, const char *name);

/// Live programs forward packets. Shadow programs tell what would become of one: see bpf/shadow.hpp.
enum class Purpose { Live, Shadow };

/// Opens a new copy of the XDP object for one interface: maps shared with dir, constants set, and only the program of
/// the device's role marked for loading. Throws Error(System) if a map is missing.
BpfObject open_xdp_object(const PinDir &dir, const LinkInfo &link, xovl_mode mode, const xovl_device &device,
			  Purpose purpose = Purpose::Live);

/// Opens a new copy of the TC object as shadow programs of those in dir. Throws Error(System) if a map is missing.
BpfObject open_tc_shadow(const PinDir &dir);

const char *xdp_program_name(xovl_role role);

} // namespace xovl

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
#include "bpf/pins.hpp"
#include "config/config.hpp"
#include "kernel/link.hpp"
#include "xovl/caches.h"
#include "xovl/learned.h"

struct bpf_object;

namespace xovl {

/// One more than the highest number in a list of CPUs such as "0-3,8-11": the kernel may leave numbers out. Error(System).
uint32_t cpu_numbers(std::string_view list);

/// Room for interfaces, given the limit of ports: the old and the new ones side by side, uplinks and VLAN interfaces among them.
constexpr uint64_t devices_max(uint32_t ports)
{
	return 2 * uint64_t{ports};
}

/// The UDP ports where GENEVE arrives.
struct GenevePorts {
	uint64_t words[XOVL_PORT_WORDS];

	/// Network byte order.
	void add(uint16_t dstport) { words[dstport / 64] |= 1ull << dstport % 64; }
};

/// Every map, opened by its pin. Documented in xovl/maps.h.
struct Maps {
	explicit Maps(const PinDir &dir);

	Map<uint32_t, xovl_settings> settings;
	Map<xovl_addr, xovl_vtep> vteps;
	Map<xovl_port_key, xovl_port_ref> ports;
	Map<uint32_t, xovl_port> port_table;
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
	Map<uint32_t, xovl_learned_all> learned_all; ///< one element

	/// Paths that the datapath remembers are void from here on: what they say may have changed.
	void next_epoch() const;

	Limits limits() const;
};

/// The settings that a load left in dir, of whatever layout; nullopt: none was completed. layout 0: what is pinned there was not
/// made by xovl. Error(System): they cannot be read.
std::optional<xovl_settings> read_settings(const PinDir &dir);

/// Whether the settings are of the current network namespace, and so the records beside them. (They read as of another
/// one when a layout before 2 wrote them.)
bool is_of_this_netns(const xovl_settings &settings);

/// Whether the programs run on an interface. The kernel removes those from live_devices that are deleted or leave their namespace.
bool any_device_is_live(const PinDir &dir);

/// Where there are no settings: nothing is loaded, or a load was interrupted, which has no interfaces yet. Error(System): there are
/// some, so somebody removed the settings of a datapath that runs.
void require_no_devices(const PinDir &dir);

/// Whether a complete datapath of this network namespace is pinned in dir. Error(System) when it is of another layout, when its settings
/// are missing, or when that cannot be seen.
bool datapath_is_loaded(const PinDir &dir);

/// The clock that the datapath writes into learned FDB entries, ns.
uint64_t coarse_now();

/// Error(System): the maps would not fit into the memory that this machine has left.
void check_memory(const Limits &limits);

/// Create the maps, load the TC programs and pin all of it in dir, which has no datapath.
void datapath_load(WritablePinDir &dir, const Limits &limits);

/// Undo keep_lo_forwarding(): as it was when the datapath was loaded.
void restore_forwarding(const xovl_settings &settings);

/// The names of the maps that the programs share.
std::vector<std::string> shared_map_names();

/// The pinned TC program of that name. Error(System).
Fd tc_program(const PinDir &dir, const char *name);

/// A fresh copy of the XDP object for one interface: maps shared with dir, constants set, only the program of the device's role
/// to be loaded. The caller closes it.
bpf_object *open_xdp_object(const PinDir &dir, const LinkInfo &link, xovl_mode mode, const xovl_device &device);

const char *xdp_program_name(xovl_role role);

} // namespace xovl

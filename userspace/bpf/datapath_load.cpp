// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Loads the datapath: sizes of the maps, memory, constants of the programs.
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/text_file.hpp"
#include "bpf/attach.hpp"
#include "bpf/build_id.hpp"
#include "bpf/datapath.hpp"
#include "bpf/learned_sizes.hpp"
#include "bpf/pin_names.hpp"
#include "kernel/forwarding.hpp"
#include "kernel/netns_id.hpp"
#include "tc.skel.h"
#include "xdp.skel.h"

namespace xovl {

namespace {

/// Cuts a map size to 32 bits. The kernel refuses what does not fit.
uint32_t entries(uint64_t wanted)
{
	return std::min<uint64_t>(wanted, UINT32_MAX);
}

uint32_t twice(uint64_t wanted)
{
	return entries(2 * wanted);
}

/// Returns the number of bits of a line index of fdb_hints. There are at least two hints for each FDB entry, so few
/// lines overflow.
uint32_t hints_bits(uint32_t fdb)
{
	return std::max<uint32_t>(1, std::bit_width(2 * ((fdb - 1) / XOVL_FDB_HINTS)));
}

/// Three elements for each network (sent, required, known options), one for each port (sent).
uint32_t options_max(const Limits &limits)
{
	return entries(3 * uint64_t{limits.networks} + limits.ports);
}

/// Each CPU has its own paths, indexed by CPU number.
uint32_t path_blocks()
{
	return entries(XOVL_PATHS / XOVL_BLOCK_PATHS *
		       uint64_t{cpu_numbers(read_text_file("/sys/devices/system/cpu/possible", Pipes::Refused, 4096))});
}

/// The maps whose size depends on the limits.
std::vector<std::pair<std::string, uint32_t>> map_sizes(const Limits &limits)
{
	return {
		{"ports", limits.ports},
		{"port_table", limits.ports},
		{"port_macs", twice(limits.guards)}, // old and new elements exist side by side during a change
		{"port_prefixes", twice(limits.guards)},
		{"networks", limits.networks},
		{"fdb", limits.fdb},
		{"fdb_hints", entries(uint64_t{1} << hints_bits(limits.fdb))},
		{"learned", learned_sets(limits.fdb)},
		{"learned_uses", limits.networks},
		{"learned_owners", learned_sets(limits.fdb)},
		{"learned_ports", limits.ports},
		{"learned_peers", twice(limits.peers)},
		{"floods", twice(uint64_t{limits.members} + limits.ports)},
		{"members", twice(limits.members)},
		{"devices", entries(devices_max(limits.ports))},
		{"live_devices", entries(devices_max(limits.ports))},
		{"endpoints", entries(tunnels_max(limits.networks))},
		{"tunnels", entries(tunnels_max(limits.networks))},
		{"options", options_max(limits)},
		{"sequences", twice(limits.members)},
		{"icmp_limits", limits.ports},
		{"port_states", limits.ports},
		{"peers", twice(limits.peers)},
		{"paths", path_blocks()},
		{"nexthops", twice(uint64_t{limits.peers} * XOVL_NEXTHOP_BUCKETS)},
		{"port_stats", limits.ports},
		{"peer_stats", twice(limits.peers)},
		{"net_stats", limits.networks},
		{"device_stats", entries(devices_max(limits.ports))},
	};
}

/// Returns the name of a map's pin; empty for global data that each load has for itself. SEC(".data.NAME") is a shared
/// map with the pin NAME.
std::string pin_name(const bpf_map *map)
{
	const std::string name = bpf_map__name(map);
	const std::string shared = ".data.";
	if (name.starts_with(shared))
		return name.substr(shared.size());
	return name.find('.') == std::string::npos ? name : "";
}

/// Returns CONFIG_HZ, derived from the resolution of the coarse clock.
uint32_t jiffies_per_second()
{
	timespec tick = {};
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) != 0 || tick.tv_sec != 0 || tick.tv_nsec <= 0)
		throw system_error("read", "the resolution of the coarse clock", errno);
	return static_cast<uint32_t>(std::lround(1e9 / static_cast<double>(tick.tv_nsec)));
}

/// True if the kernel's BTF has this function, so that programs can call it.
bool kernel_has_function(const char *name)
{
	struct Freer {
		void operator()(btf *types) const { btf__free(types); }
	};
	const std::unique_ptr<btf, Freer> types(btf__load_vmlinux_btf());
	return types && btf__find_by_name_kind(types.get(), name, BTF_KIND_FUNC) > 0;
}

/// Opens the object of a skeleton. The object outlives the skeleton. set(skeleton) sets the constants of this object.
/// fdb: limit of FDB entries.
template <typename Skeleton, typename Set> BpfObject open_object(const char *what, uint32_t fdb, Set set)
{
	struct Destroyer {
		void operator()(Skeleton *skeleton) const { Skeleton::destroy(skeleton); }
	};
	std::unique_ptr<Skeleton, Destroyer> skeleton(Skeleton::open());
	if (!skeleton)
		throw system_error("open", what, errno);
	skeleton->rodata->jiffies_per_second = jiffies_per_second();
	skeleton->rodata->fdb_hints_bits = hints_bits(fdb);
	skeleton->rodata->device_is_readable =
		libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_probe_read_kernel, nullptr) == 1;
	skeleton->rodata->learned_sets = learned_sets(fdb);
	set(*skeleton);
	return BpfObject(std::exchange(*skeleton->skeleton->obj, nullptr));
}

/// Creates and pins a map that only userspace uses, and that no BPF object contains. fill(descriptor) runs before the
/// map is pinned.
template <typename Fill>
void create_pinned(const WritablePinDir &dir, bpf_map_type type, const char *name, uint32_t key_size,
		   uint32_t value_size, uint32_t entries, Fill fill)
{
	Fd map(bpf_map_create(type, name, key_size, value_size, entries, nullptr));
	if (!map)
		throw system_error("create", fmt::format("map {}", name), errno);
	fill(map.get());
	if (bpf_obj_pin(map.get(), dir.pin(name).c_str()) != 0)
		throw system_error("pin", dir.pin(name), errno);
}

/// Returns the memory of a full map in octets, with the kernel's overhead for each hash element and bucket.
uint64_t map_memory(const bpf_map *map, uint64_t cpus)
{
	constexpr uint64_t element = 64, bucket = 16;
	const uint64_t entries = bpf_map__max_entries(map);
	const uint64_t key = bpf_map__key_size(map), value = bpf_map__value_size(map);
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_ARRAY:
		return entries * value;
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return entries * value * cpus;
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return entries * (element + bucket + key + value * cpus);
	default:
		return entries * (element + bucket + key + value);
	}
}

/// Opens the TC programs with the sizes of their maps set. They are not loaded yet.
BpfObject open_tc_object(const Limits &limits)
{
	BpfObject object(open_object<xovl_tc>("the TC programs", limits.fdb, [&](const xovl_tc &skeleton) {
		skeleton.data_learned_all->learned_all = learned_nothing(limits.fdb);
	}));
	for (const auto &[name, entries] : map_sizes(limits))
		bpf_map__set_max_entries(bpf_object__find_map_by_name(object.get(), name.c_str()), entries);
	return object;
}

/// Returns MemAvailable from /proc/meminfo in octets (proc_meminfo(5)); 0 if it is missing.
uint64_t available_memory()
{
	const std::string text = read_text_file("/proc/meminfo", Pipes::Refused, 1 << 16);
	const std::string name = "MemAvailable:";
	const size_t at = text.find(name);
	uint64_t kib = 0;
	if (at != text.npos) {
		const size_t digits = text.find_first_not_of(' ', at + name.size());
		std::from_chars(text.data() + digits, text.data() + text.size(), kib);
	}
	return kib << 10;
}

/// Returns the limits that differ from the defaults: "fdb 4294967295, ports 9".
std::string unusual(const Limits &limits)
{
	std::string text;
	for (const LimitKey &key : kLimitKeys)
		if (limits.*key.member != Limits{}.*key.member)
			text += fmt::format("{}{} {}", text.empty() ? "" : ", ", key.range.what, limits.*key.member);
	return text.empty() ? "the usual limits" : text;
}

/// The maps that shadow programs have for themselves, because the datapath writes them for its own use.
constexpr const char *kShadowMaps[] = {"jumps",       "nexthops", "packets",       "paths", "pmtu_reports",
				       "port_states", "scratch",  "scratch_paths", "steps", "too_big_now"};

/// Makes the object use the maps in dir. Shadow programs get one block of paths and one next hop.
void share_maps(const PinDir &dir, bpf_object *object, Purpose purpose)
{
	bpf_map *map = nullptr;
	bpf_object__for_each_map (map, object) {
		const std::string name = pin_name(map);
		if (name.empty())
			continue;
		if (purpose == Purpose::Shadow && std::ranges::count(kShadowMaps, name)) {
			if (name == "port_states")
				bpf_map__set_max_entries(map, Map<uint32_t, xovl_port_state>(dir, name).max_entries());
			continue;
		}
		const Fd fd = dir.open_map(name);
		if (!fd || bpf_map__reuse_fd(map, fd.get()) != 0)
			throw system_error("reuse", fmt::format("map {}", name), fd ? errno : ENOENT);
	}
}

BpfObject load_tc_object(const WritablePinDir &dir, const Limits &limits)
{
	BpfLog log;
	BpfObject object = open_tc_object(limits);
	bpf_map *map = nullptr;
	bpf_object__for_each_map (map, object.get()) {
		if (const std::string name = pin_name(map); !name.empty())
			bpf_map__set_pin_path(map, dir.pin(name).c_str());
	}
	int err = bpf_object__load(object.get());
	if (err)
		throw Error(Error::Kind::System, fmt::format("load the TC programs: {}", log.reason(-err)));
	return object;
}

} // namespace

void check_memory(const Limits &limits)
{
	const BpfObject object = open_tc_object(limits);
	const auto cpus = uint64_t{possible_cpus()};
	uint64_t octets = 0;
	const bpf_map *map = nullptr;
	while ((map = bpf_object__next_map(object.get(), map)))
		octets += map_memory(map, cpus);
	auto size = [](uint64_t of) {
		return of >> 30 ? fmt::format("{} GiB", of >> 30) : fmt::format("{} MiB", of >> 20);
	};
	const uint64_t available = available_memory();
	if (available && octets > available)
		throw Error(Error::Kind::System,
			    fmt::format("{} would take {} of memory; this machine has {} left (smaller limits)",
					unusual(limits), size(octets), size(available)));
}

std::vector<std::string> shared_map_names()
{
	const BpfObject object = open_object<xovl_tc>("the TC programs", 1, [](const xovl_tc &) {});
	std::vector<std::string> names;
	bpf_map *map = nullptr;
	bpf_object__for_each_map (map, object.get())
		if (std::string name = pin_name(map); !name.empty())
			names.push_back(std::move(name));
	return names;
}

void datapath_load(WritablePinDir &dir, const Limits &limits)
{
	BpfObject object = load_tc_object(dir, limits);
	for (const char *name : kTcNames) {
		bpf_program *program = bpf_object__find_program_by_name(object.get(), name);
		if (bpf_program__pin(program, dir.pin(name).c_str()) != 0)
			throw system_error("pin", dir.pin(name), errno);
	}
	create_pinned(dir, BPF_MAP_TYPE_HASH, kVtepsPin, sizeof(xovl_addr), sizeof(xovl_vtep), kVtepsMax, [](int) {});

	xovl_settings settings{};
	settings.layout = XOVL_LAYOUT;
	settings.next_peer_serial = kFirstPeerSerial;
	settings.lo_forwarding4 = lo_forwarding(false);
	settings.lo_forwarding6 = lo_forwarding(true);
	settings.all_forwarding4 = all_forwarding(false);
	settings.all_forwarding6 = all_forwarding(true);
	settings.netns_cookie = netns_cookie();
	put_build(own_build(), settings);
	create_pinned(dir, BPF_MAP_TYPE_ARRAY, kSettingsPin, sizeof(kSettingsKey), sizeof(settings), 1, [&](int map) {
		if (bpf_map_update_elem(map, &kSettingsKey, &settings, BPF_ANY) != 0)
			throw system_error("write", "map settings", errno);
	});
	keep_lo_forwarding();
}

const char *xdp_program_name(xovl_role role)
{
	return kXdpNames[role == XOVL_ROLE_UPLINK];
}

BpfObject open_tc_shadow(const PinDir &dir)
{
	const uint32_t fdb = Map<xovl_fdb_key, xovl_fdb>(dir, "fdb").max_entries();
	BpfObject object(open_object<xovl_tc>("the TC programs", fdb,
					      [](const xovl_tc &skeleton) { skeleton.rodata->shadow = true; }));
	share_maps(dir, object.get(), Purpose::Shadow);
	return object;
}

BpfObject open_xdp_object(const PinDir &dir, const LinkInfo &link, xovl_mode mode, const xovl_device &device,
			  Purpose purpose)
{
	const uint32_t fdb = Map<xovl_fdb_key, xovl_fdb>(dir, "fdb").max_entries();
	BpfObject object(open_object<xovl_xdp>("the XDP programs", fdb, [&](const xovl_xdp &skeleton) {
		uint64_t mac = 0; // in the format of mac_t in the datapath
		std::memcpy(&mac, link.mac.data(), link.mac.size());
		skeleton.rodata->device_mac = mac;
		skeleton.rodata->device_vid = device.vid;
		static const bool can_cast =
			kernel_has_function("bpf_cast_to_kern_ctx"); // checked once: the BTF has 100,000 types
		skeleton.rodata->device_netns = can_cast ? netns_cookie() : 0;
		skeleton.rodata->device_generic = mode == XOVL_MODE_GENERIC;
		// GRO merges segments before generic XDP runs, and leaves partial checksums on every kind of device.
		skeleton.rodata->device_partial_checksums = mode == XOVL_MODE_GENERIC || link.has_partial_checksums();
		skeleton.rodata->shadow = purpose == Purpose::Shadow;
	}));
	share_maps(dir, object.get(), purpose);
	const char *name = xdp_program_name(static_cast<xovl_role>(device.role));
	bpf_program *program = nullptr;
	bpf_object__for_each_program (program, object.get())
		bpf_program__set_autoload(program, !std::strcmp(bpf_program__name(program), name));
	return object;
}

} // namespace xovl

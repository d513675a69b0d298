// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Writes the difference between two states of the tables into the maps.
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "state/pmtu.hpp"
#include "state/tables_impl.hpp"

namespace xovl {

namespace {

template <typename Key, typename Value>
void write_missing(const Map<Key, Value> &map, const Image<Key, Value> &current, const Image<Key, Value> &desired)
{
	std::vector<Key> keys;
	std::vector<Value> values;
	for (const auto &[key, value] : desired) {
		auto old = current.find(key);
		if (old != current.end() && same_octets(old->second, value))
			continue;
		keys.push_back(key);
		values.push_back(value);
	}
	map.set(std::span<const Key>(keys), std::span<const Value>(values));
}

/// Deletes elements that are not in desired, or that lead elsewhere there. Returns true if any was deleted.
template <typename Key, typename Value, typename Same>
bool delete_surplus(const Map<Key, Value> &map, const Image<Key, Value> &current, const Image<Key, Value> &desired,
		    Same leads_to_same)
{
	bool any = false;
	for (const auto &[key, value] : current) {
		auto kept = desired.find(key);
		if (kept != desired.end() && leads_to_same(value, kept->second))
			continue;
		map.del(key);
		any = true;
	}
	return any;
}

template <typename Key, typename Value>
bool delete_surplus(const Map<Key, Value> &map, const Image<Key, Value> &current, const Image<Key, Value> &desired)
{
	return delete_surplus(map, current, desired, [](const Value &, const Value &) { return true; });
}

template <typename Key, typename Value> bool contains(const Image<Key, Value> &image, const Key &key)
{
	return image.find(key) != image.end();
}

/// Waits until all programs that were running have ended: MEMBARRIER_CMD_GLOBAL waits for an RCU grace period. (With
/// nohz_full the kernel refuses it; a program runs for microseconds.)
void wait_for_programs()
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

/// Writes the elements in use that differ. fresh(index) is called before an element gets another meaning.
template <typename Value, typename InUse, typename Same, typename Fresh>
void write_used(const Map<uint32_t, Value> &map, const std::vector<Value> &current, const std::vector<Value> &desired,
		InUse in_use, Same means_same, Fresh fresh)
{
	for (uint32_t i = 0; i < desired.size(); i++) {
		if (!in_use(desired[i]) || same_octets(current[i], desired[i]))
			continue;
		if (!in_use(current[i]) || !means_same(current[i], desired[i]))
			fresh(i);
		map.set(i, desired[i]);
	}
}

template <typename Value, typename InUse>
void clear_unused(const Map<uint32_t, Value> &map, const std::vector<Value> &current, const std::vector<Value> &desired,
		  InUse in_use)
{
	for (uint32_t i = 0; i < desired.size(); i++)
		if (in_use(current[i]) && !in_use(desired[i]))
			map.set(i, Value{});
}

template <typename Value, typename InUse>
bool has_unused(const std::vector<Value> &current, const std::vector<Value> &desired, InUse in_use)
{
	for (uint32_t i = 0; i < desired.size(); i++)
		if (in_use(current[i]) && !in_use(desired[i]))
			return true;
	return false;
}

bool network_used(const xovl_network &net)
{
	return net.flags != 0;
}

bool port_used(const xovl_port &port)
{
	return port.flags != 0;
}

xovl_host with_kernel(xovl_host host)
{
	host.by_kernel = 1;
	return host;
}

bool peer_used(const xovl_peer &peer)
{
	return peer.family != 0;
}

bool same_network(const xovl_network &a, const xovl_network &b)
{
	return std::string(a.name) == b.name;
}

/// Returns the flood list to use until the new one is written: the old one of the network, or none for a new network.
xovl_flood_head interim_flood(const Tables &current, const Tables &desired, uint32_t index)
{
	if (same_network(current.networks[index], desired.networks[index]))
		return current.networks[index].flood;
	return {};
}

/// Forgets the moves of MACs in networks whose index gets another meaning.
void forget_moves(const Maps &maps, const std::set<uint32_t> &networks)
{
	if (networks.empty())
		return;
	std::vector<xovl_fdb_key> gone;
	maps.fdb_moves.for_each([&](const xovl_fdb_key &key, const xovl_fdb_moves &) {
		if (networks.contains(key.net))
			gone.push_back(key);
	});
	maps.fdb_moves.del(std::span<const xovl_fdb_key>(gone));
}

/// Resets the counters at an index for a new network.
void clear_net_counters(const Maps &maps, uint32_t index)
{
	maps.net_stats.clear_per_cpu(index);
	xovl_learned_use use = maps.learned_uses.get(index).value();
	use.refused = use.moves = use.held = 0;
	maps.learned_uses.set(index, use);
}

bool same_peer(const xovl_peer &a, const xovl_peer &b)
{
	return a.serial == b.serial;
}

bool same_port(const xovl_port &a, const xovl_port &b)
{
	return a.ifindex == b.ifindex && a.vid == b.vid;
}

/// True if the element is in use before and after the change, with the same meaning.
template <typename Value, typename InUse, typename Same>
bool stays(const std::vector<Value> &current, const std::vector<Value> &desired, uint32_t index, InUse in_use,
	   Same means_same)
{
	return index < current.size() && in_use(current[index]) && in_use(desired[index]) &&
	       means_same(current[index], desired[index]);
}

bool place_stays(const Tables &current, const Tables &desired, uint32_t place)
{
	const uint32_t index = place & ((1u << XOVL_PLACE_SHIFT) - 1);
	switch (place >> XOVL_PLACE_SHIFT) {
	case XOVL_PLACE_PORT:
		return stays(current.port_table, desired.port_table, index, port_used, same_port);
	case XOVL_PLACE_PEER:
		return stays(current.peers, desired.peers, index, peer_used, same_peer);
	default:
		return contains(current.devices, index) && contains(desired.devices, index);
	}
}

bool drops_stay(const Tables &current, const Tables &desired, const xovl_drop_key &key)
{
	return place_stays(current, desired, key.place) &&
	       (key.net == XOVL_NET_NONE ||
		stays(current.networks, desired.networks, key.net, network_used, same_network));
}

/// Creates the counters of interfaces that become ports, starting at 0.
void make_device_stats(const Maps &maps, const Tables &current, const Tables &desired)
{
	for (const auto &[ifindex, device] : desired.devices)
		if (device.role == XOVL_ROLE_PORT && !contains(current.devices, ifindex))
			maps.device_stats.clear_per_cpu(ifindex);
}

void delete_devices(const Maps &maps, const Tables &current, const Tables &desired)
{
	delete_surplus(maps.devices, current.devices, desired.devices);
	for (const auto &[ifindex, device] : current.devices)
		if (!contains(desired.devices, ifindex))
			maps.device_stats.del(ifindex);
}

void write_arrays(const Maps &maps, const Tables &current, const Tables &desired)
{
	forget_drops(maps, [&](const xovl_drop_key &key) { return !drops_stay(current, desired, key); });
	write_used(maps.peers, current.peers, desired.peers, peer_used, same_peer,
		   [&](uint32_t i) { maps.peer_stats.clear_per_cpu(i); });
	std::vector<xovl_network> networks = desired.networks;
	for (uint32_t i = 0; i < networks.size(); i++)
		networks[i].flood = interim_flood(current, desired, i);
	std::set<uint32_t> fresh;
	write_used(maps.networks, current.networks, networks, network_used, same_network, [&](uint32_t i) {
		clear_net_counters(maps, i);
		fresh.insert(i);
	});
	forget_moves(maps, fresh);
	write_used(maps.port_table, current.port_table, desired.port_table, port_used, same_port,
		   [&](uint32_t i) { maps.port_stats.clear_per_cpu(i); });
}

void write_floods(const Maps &maps, const Tables &current, const Tables &desired)
{
	write_missing(maps.floods, current.floods, desired.floods);
	for (uint32_t i = 0; i < desired.networks.size(); i++)
		if (network_used(desired.networks[i]) &&
		    !same_octets(interim_flood(current, desired, i), desired.networks[i].flood))
			maps.networks.set(i, desired.networks[i]);
}

/// True if a member can stay until it is overwritten: it is wanted, and its slot is not given to another peer. (That
/// happens only if killed commands have left the table more than half full.)
bool member_stays(const Tables &current, const Tables &desired, const xovl_member &member, const xovl_member &now)
{
	const xovl_peer &later = desired.peers[member.peer];
	return member.peer == now.peer || !peer_used(later) || later.serial == current.peers[member.peer].serial;
}

/// True if a member that stays gets another peer slot.
bool members_move(const Tables &current, const Tables &desired)
{
	return std::ranges::any_of(current.members, [&](const auto &element) {
		auto now = desired.members.find(element.first);
		return now != desired.members.end() && now->second.peer != element.second.peer;
	});
}

/// Deletes the ways in that go, or that lead elsewhere. Members hold the flood lists and the peers of static entries,
/// which a later command would miss if this one is killed; those that stay are overwritten, not deleted.
bool delete_ways_in(const Maps &maps, const Tables &current, const Tables &desired)
{
	bool any = delete_surplus(maps.ports, current.ports, desired.ports,
				  [](const auto &a, const auto &b) { return a.net == b.net && a.index == b.index; });
	any |= delete_surplus(maps.tunnels, current.tunnels, desired.tunnels,
			      [](const auto &a, const auto &b) { return a.net == b.net && a.encap == b.encap; });
	any |= delete_surplus(maps.endpoints, current.endpoints, desired.endpoints,
			      [](const auto &a, const auto &b) { return a.encap == b.encap; });
	any |= delete_surplus(maps.members, current.members, desired.members, [&](const auto &member, const auto &now) {
		return member_stays(current, desired, member, now);
	});
	delete_surplus(maps.vteps, current.vteps, desired.vteps);
	return any;
}

bool has_surplus(const Tables &current, const Tables &desired)
{
	return std::ranges::any_of(current.options,
				   [&](const auto &element) { return !contains(desired.options, element.first); }) ||
	       has_unused(current.port_table, desired.port_table, port_used) ||
	       has_unused(current.peers, desired.peers, peer_used) ||
	       has_unused(current.networks, desired.networks, network_used);
}

bool has_sequences(const Tables &tables)
{
	return std::ranges::any_of(tables.networks, [](const auto &net) { return net.flags & XOVL_NET_SEQ; });
}

/// Deletes the GRE sequence numbers of those who are no longer members of a network that uses them, so that a new
/// member starts anew. The datapath creates them.
void delete_sequences(const Maps &maps, const Tables &current, const Tables &desired)
{
	if (!has_sequences(current) && !current.settings.dirty)
		return;
	Image<xovl_sequence_key, bool> kept;
	for (const auto &[key, member] : desired.members)
		if (desired.networks[key.net].flags & XOVL_NET_SEQ)
			kept[{.net = key.net, .peer = member.peer}] = true;
	std::vector<xovl_sequence_key> gone;
	maps.sequences.for_each([&](const xovl_sequence_key &key, const xovl_sequence &) {
		if (!contains(kept, key))
			gone.push_back(key);
	});
	maps.sequences.del(std::span<const xovl_sequence_key>(gone));
}

/// If the trust settings of a vtep change, the reported path MTUs are forgotten.
void forget_distrusted(const Maps &maps, const Tables &current, const Tables &desired)
{
	auto same = [](const xovl_vtep &a, const xovl_vtep &b) {
		return a.pmtu_distrust == b.pmtu_distrust && a.pmtu_floor == b.pmtu_floor;
	};
	auto has_changed = [&](const auto &vtep) {
		auto now = desired.vteps.find(vtep.first);
		return now == desired.vteps.end() || !same(vtep.second, now->second);
	};
	if (std::ranges::any_of(current.vteps, has_changed))
		forget_pmtus(maps, [&](const xovl_pmtu_key &key) {
			auto vtep = current.vteps.find(key.local);
			return vtep != current.vteps.end() && has_changed(*vtep);
		});
}

} // namespace

void forget_drops(const Maps &maps, const std::function<bool(const xovl_drop_key &)> &is_other)
{
	std::vector<xovl_drop_key> gone = maps.drop_places.keys();
	std::erase_if(gone, [&](const xovl_drop_key &key) { return !is_other(key); });
	maps.drop_places.del(std::span<const xovl_drop_key>(gone));
}

/// All writes are in one function, because their order is what keeps frames from going to a wrong place.
void write_tables(const Maps &maps, const Tables &current, const Tables &desired,
		  const std::function<void()> &update_fdb)
{
	// Serial numbers are stored before they are used, so that a killed command never causes one to be used twice.
	xovl_settings settings = desired.settings;
	settings.dirty = 1;
	maps.settings.set(0, settings);

	// Removal starts with the ways in. No running program may use them when slots change their meaning.
	if (delete_ways_in(maps, current, desired) || current.settings.dirty) {
		maps.next_epoch(); // a remembered path is a way in, too
		wait_for_programs();
	}

	if (!same_octets(current.geneve_ports, desired.geneve_ports))
		maps.geneve_ports.set(0, desired.geneve_ports);
	// before any peer is carried by the kernel, see out/flood.h
	if (desired.host.by_kernel && !current.host.by_kernel)
		maps.host.set(0, with_kernel(current.host));
	write_missing(maps.options, current.options, desired.options);
	revoke_guards(maps, current, desired);
	write_missing(maps.port_macs, current.port_macs, desired.port_macs);
	write_missing(maps.port_prefixes, current.port_prefixes, desired.port_prefixes);
	make_device_stats(maps, current, desired);
	write_missing(maps.devices, current.devices, desired.devices);
	write_arrays(maps, current, desired);
	write_missing(maps.members, current.members, desired.members);
	if (members_move(current, desired)) {
		// Both peer slots are valid now. But a program that has read the old member must not learn it after
		// update_fdb().
		maps.next_epoch();
		wait_for_programs();
	}
	update_fdb();
	write_floods(maps, current, desired);

	// Additions end with the ways in.
	write_missing(maps.vteps, current.vteps, desired.vteps);
	write_missing(maps.endpoints, current.endpoints, desired.endpoints);
	write_missing(maps.tunnels, current.tunnels, desired.tunnels);
	write_missing(maps.ports, current.ports, desired.ports);
	forget_distrusted(maps, current, desired);

	// Flood lists are deleted without waiting: a program that still reads one loses copies of one frame, and adding
	// to lists stays fast.
	maps.next_epoch();
	if (has_surplus(current, desired))
		wait_for_programs();
	delete_surplus(maps.floods, current.floods, desired.floods);
	clear_unused(maps.port_table, current.port_table, desired.port_table, port_used);
	clear_unused(maps.peers, current.peers, desired.peers, peer_used);
	clear_unused(maps.networks, current.networks, desired.networks, network_used);
	delete_surplus(maps.options, current.options, desired.options);
	delete_surplus(maps.port_macs, current.port_macs, desired.port_macs);
	delete_surplus(maps.port_prefixes, current.port_prefixes, desired.port_prefixes);
	delete_sequences(maps, current, desired);
	delete_devices(maps, current, desired);
	if (!same_octets(current.host, desired.host)) // last, because the peers' records are based on these policies
		maps.host.set(0, desired.host);
	maps.settings.set(0, desired.settings);
}

} // namespace xovl

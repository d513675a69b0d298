// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fdb_sync.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace xovl {

namespace {

uint64_t as_number(const xovl_fdb_key &key)
{
	uint64_t number;
	static_assert(sizeof(number) == sizeof(key));
	std::memcpy(&number, &key, sizeof(number));
	return number;
}

/// What an entry of the current tables is in the desired ones: its dst there, or 0 when it has to go.
class Follower {
public:
	Follower(const Tables &current, const Tables &desired) : current_(current), desired_(desired) {}

	uint64_t follow(uint64_t dst) const
	{
		uint32_t net = xovl_fdb_net(dst), index = xovl_fdb_index(dst);
		if (net >= desired_.networks.size() || !same_network(net))
			return 0;
		if (xovl_fdb_target(dst) == XOVL_TARGET_PORT)
			return same_port(net, index) ? dst : 0;
		if (index >= current_.peers.size())
			return 0;
		auto member = desired_.members.find({.remote = current_.peers[index].remote, .net = net, .pad = 0});
		if (member == desired_.members.end())
			return 0;
		return xovl_fdb_dst(net, XOVL_TARGET_PEER, xovl_fdb_state_of(dst), member->second.peer);
	}

	/// Whether any entry can be concerned.
	bool matters() const
	{
		if (current_.settings.dirty)
			return true;
		for (uint32_t i = 0; i < current_.networks.size(); i++)
			if ((current_.networks[i].flags & XOVL_NET_USED) && !same_network(i))
				return true;
		for (uint32_t i = 0; i < current_.port_table.size(); i++)
			if ((current_.port_table[i].flags & XOVL_PORT_USED) &&
			    !same_port(current_.port_table[i].net, i))
				return true;
		return std::ranges::any_of(current_.members, [&](const auto &member) {
			auto now = desired_.members.find(member.first);
			return now == desired_.members.end() || now->second.peer != member.second.peer;
		});
	}

private:
	bool same_network(uint32_t net) const
	{
		const auto &old = current_.networks[net], &now = desired_.networks[net];
		return (now.flags & XOVL_NET_USED) && std::string(old.name) == now.name;
	}

	bool same_port(uint32_t net, uint32_t index) const
	{
		if (index >= current_.port_table.size())
			return false;
		const auto &old = current_.port_table[index], &now = desired_.port_table[index];
		return (now.flags & XOVL_PORT_USED) && now.net == net && old.vid == now.vid &&
		       device_name(current_, old) == device_name(desired_, now);
	}

	/// An interface that was deleted and made anew is the same one.
	static std::string device_name(const Tables &tables, const xovl_port &port)
	{
		auto device = tables.devices.find(port.ifindex);
		return device == tables.devices.end() ? std::string() : device->second.name;
	}

	const Tables &current_;
	const Tables &desired_;
};

/// Carry out what visiting found: nothing is written while the map is read.
struct Pending {
	std::vector<std::pair<xovl_fdb_key, xovl_fdb>> writes;
	std::vector<xovl_fdb_key> deletes;

	void carry_out(const Maps &maps) const
	{
		for (const auto &key : deletes)
			maps.fdb.del(key);
		for (const auto &[key, entry] : writes)
			fdb_write(maps, key, entry);
		maps.next_generation();
	}
};

/// Delete a learned entry, an expired one for preference. False: there is none.
bool make_room(const Maps &maps)
{
	std::vector<std::pair<uint64_t, xovl_fdb_key>> learned;
	maps.fdb.for_each([&](const xovl_fdb_key &key, const xovl_fdb &entry) {
		if (xovl_fdb_state_of(entry.dst) == XOVL_FDB_LEARNED)
			learned.push_back({entry.seen, key});
	});
	constexpr size_t kAtOnce = 1024; // the next writers find room, too
	auto older = [](const auto &a, const auto &b) { return a.first < b.first; };
	size_t count = std::min(kAtOnce, learned.size());
	std::partial_sort(learned.begin(), learned.begin() + count, learned.end(), older);
	for (size_t i = 0; i < count; i++)
		maps.fdb.del(learned[i].second);
	maps.next_generation();
	return count > 0;
}

} // namespace

xovl_fdb_key fdb_key(uint32_t net_index, const Mac &mac)
{
	xovl_fdb_key key{.net = static_cast<uint16_t>(net_index), .mac = {}};
	std::ranges::copy(mac.bytes(), key.mac);
	return key;
}

uint64_t fdb_dst(const Tables &tables, uint32_t net_index, const FdbConfig &entry)
{
	if (entry.dst)
		return xovl_fdb_dst(net_index, XOVL_TARGET_PEER, XOVL_FDB_STATIC,
				    tables.members.at({.remote = entry.dst->raw(), .net = net_index, .pad = 0}).peer);
	return xovl_fdb_dst(net_index, XOVL_TARGET_PORT, XOVL_FDB_STATIC,
			    tables.find_port(entry.dev, entry.vid).value());
}

void fdb_write(const Maps &maps, const xovl_fdb_key &key, const xovl_fdb &entry)
{
	while (!maps.fdb.try_set(key, entry))
		if (!make_room(maps))
			throw request_error(
				fmt::format("more than {} static FDB entries (limits)", maps.fdb.max_entries()));
}

void fdb_follow(const Maps &maps, const Tables &current, const Tables &desired)
{
	Follower follower(current, desired);
	if (!follower.matters())
		return;
	Pending pending;
	maps.fdb.for_each([&](const xovl_fdb_key &key, const xovl_fdb &entry) {
		uint64_t dst = follower.follow(entry.dst);
		if (!dst)
			pending.deletes.push_back(key);
		else if (dst != entry.dst)
			pending.writes.push_back({key, {.dst = dst, .seen = entry.seen}});
	});
	pending.carry_out(maps);
}

FdbChanges fdb_replace(const Maps *maps, const Tables &current, const Tables &desired, const Config &wanted,
		       bool dry_run)
{
	std::unordered_map<uint64_t, std::pair<xovl_fdb_key, uint64_t>> missing;
	for (const auto &net : wanted.networks) {
		uint32_t net_index = desired.find_network(net.name).value();
		for (const auto &entry : net.fdb) {
			xovl_fdb_key key = fdb_key(net_index, entry.mac);
			missing.emplace(as_number(key), std::pair{key, fdb_dst(desired, net_index, entry)});
		}
	}

	Follower follower(current, desired);
	FdbChanges changes;
	Pending pending;
	auto visit = [&](const xovl_fdb_key &key, const xovl_fdb &entry) {
		uint64_t dst = follower.follow(entry.dst);
		bool is_static = xovl_fdb_state_of(entry.dst) == XOVL_FDB_STATIC;
		auto want = missing.find(as_number(key));
		if (want != missing.end() && is_static) {
			if (want->second.second != dst)
				changes.changed++;
			if (want->second.second != entry.dst)
				pending.writes.push_back({key, {.dst = want->second.second, .seen = 0}});
			missing.erase(want);
		} else if (want == missing.end() && (!dst || is_static)) {
			pending.deletes.push_back(key);
			changes.deleted += is_static;
		} else if (want == missing.end() && dst != entry.dst) {
			pending.writes.push_back({key, {.dst = dst, .seen = entry.seen}});
		}
	};
	if (maps)
		maps->fdb.for_each(visit);
	changes.added = missing.size();
	for (const auto &[number, entry] : missing)
		pending.writes.push_back({entry.first, {.dst = entry.second, .seen = 0}});
	if (!dry_run && maps)
		pending.carry_out(*maps);
	return changes;
}

} // namespace xovl

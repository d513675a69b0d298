// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state/fdb_sync.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace xovl {

namespace {

constexpr unsigned kMacBits = 48;

uint64_t as_number(const xovl_fdb_key &key)
{
	uint64_t number = key.net;
	for (uint8_t octet : key.mac)
		number = number << 8 | octet;
	return number;
}

xovl_fdb_key as_key(uint64_t number)
{
	xovl_fdb_key key{.net = static_cast<uint16_t>(number >> kMacBits), .mac = {}};
	for (unsigned i = 0; i < sizeof(key.mac); i++)
		key.mac[i] = static_cast<uint8_t>(number >> (kMacBits - 8 * (i + 1)));
	return key;
}

/// Translates entries of the current tables to the desired tables. follow() returns the new dst, or 0 if the entry must
/// be deleted.
class Follower {
public:
	Follower(const Tables &current, const Tables &desired) : current_(current), desired_(desired) {}

	uint64_t follow(uint64_t dst)
	{
		auto [known, is_new] = known_.try_emplace(dst);
		if (is_new)
			known->second = look_up(dst);
		return known->second;
	}

	/// True if any entry may have to change.
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
	uint64_t look_up(uint64_t dst) const
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

	/// Ports are compared by interface name: an interface that was deleted and created again is the same.
	static std::string device_name(const Tables &tables, const xovl_port &port)
	{
		auto device = tables.devices.find(port.ifindex);
		return device == tables.devices.end() ? std::string() : device->second.name;
	}

	const Tables &current_;
	const Tables &desired_;
	std::unordered_map<uint64_t, uint64_t> known_;
};

/// Calls visit(old, now) for every key. A pointer is nullptr if that side does not have the key.
template <typename Visit> void pair_up(const FdbItems &have, const FdbItems &want, Visit visit)
{
	auto old = have.begin(), now = want.begin();
	while (old != have.end() || now != want.end()) {
		const bool added = old == have.end() || (now != want.end() && now->key < old->key);
		const bool deleted = now == want.end() || (old != have.end() && old->key < now->key);
		visit(added ? nullptr : &*old, deleted ? nullptr : &*now);
		old += !added;
		now += !deleted;
	}
}

FdbItems wanted_items(const Tables &tables, const Config &wanted)
{
	FdbItems items;
	size_t count = 0;
	for (const auto &net : wanted.networks)
		count += net.fdb.size();
	items.reserve(count);
	const auto indexes = tables.network_indexes();
	for (const auto &net : wanted.networks) {
		const uint32_t net_index = indexes.at(net.name);
		std::map<FdbTarget, uint64_t> known;
		for (const auto &entry : net.fdb) {
			auto [dst, is_new] = known.try_emplace(entry.target);
			if (is_new)
				dst->second = fdb_dst(tables, net_index, entry.target);
			items.push_back({as_number(fdb_key(net_index, entry.mac)), dst->second});
		}
	}
	std::ranges::sort(items, {}, &FdbItem::key);
	return items;
}

/// Deletes at least count learned entries: all expired ones, and the oldest others as needed. Returns false if there
/// are none.
bool make_room(const Maps &maps, Learned &learned, size_t count)
{
	struct Item {
		uint64_t seen;
		xovl_fdb_key key;
	};
	std::vector<Item> items;
	size_t expired = 0;
	const std::vector<xovl_network> networks = maps.networks.array();
	const auto now = static_cast<int64_t>(coarse_now());
	maps.fdb.for_each([&](const xovl_fdb_key &key, const xovl_fdb &entry) {
		if (xovl_fdb_state_of(entry.dst) != XOVL_FDB_LEARNED)
			return;
		const auto ageing = static_cast<int64_t>(networks.at(key.net).ageing_ns);
		const bool is_over = ageing && now - static_cast<int64_t>(entry.seen) > ageing;
		expired += is_over;
		items.push_back({is_over ? 0 : entry.seen, key});
	});
	count = std::min(std::max(count, expired), items.size());
	std::ranges::nth_element(items, items.begin() + static_cast<ptrdiff_t>(count), {}, &Item::seen);
	items.resize(count);
	for (const Item &item : items)
		learned.del(item.key);
	maps.next_epoch();
	return count > 0;
}

constexpr size_t kBatch = 4096;

/// Writes static entries in batches. If the table is full, learned entries are deleted to make room.
class Writer {
public:
	/// expected: approximate number of entries to write.
	Writer(const Maps &maps, Learned &learned, size_t expected)
		: maps_(maps), learned_(learned), expected_(expected)
	{
	}

	void write(const xovl_fdb_key &key, const xovl_fdb &entry)
	{
		keys_.push_back(key);
		entries_.push_back(entry);
		if (keys_.size() == kBatch)
			flush();
	}

	/// Must be called at the end. Throws Error(Request) if the table is full of static entries.
	void flush()
	{
		std::span keys(keys_);
		std::span entries(entries_);
		while (!keys.empty()) {
			const size_t done = maps_.fdb.try_set(keys, entries);
			for (size_t i = 0; i < done; i++)
				if (!learned_.release(keys[i]))
					maps_.fdb.set(keys[i], entries[i]);
			keys = keys.subspan(done);
			entries = entries.subspan(done);
			expected_ -= std::min(done, expected_);
			if (!keys.empty() && !make_room(maps_, learned_, std::max(expected_, keys.size())))
				throw request_error(fmt::format("more than {} static FDB entries (limits)",
								maps_.fdb.max_entries()));
		}
		keys_.clear();
		entries_.clear();
	}

private:
	const Maps &maps_;
	Learned &learned_;
	size_t expected_;
	std::vector<xovl_fdb_key> keys_;
	std::vector<xovl_fdb> entries_;
};

class Deleter {
public:
	explicit Deleter(const Maps &maps) : maps_(maps) {}

	void del(const xovl_fdb_key &key)
	{
		keys_.push_back(key);
		if (keys_.size() == kBatch)
			flush();
	}

	/// Must be called at the end.
	void flush()
	{
		maps_.fdb.del(std::span<const xovl_fdb_key>(keys_));
		keys_.clear();
	}

private:
	const Maps &maps_;
	std::vector<xovl_fdb_key> keys_;
};

} // namespace

xovl_fdb_key fdb_key(uint32_t net_index, const Mac &mac)
{
	xovl_fdb_key key{.net = static_cast<uint16_t>(net_index), .mac = {}};
	std::ranges::copy(mac.bytes(), key.mac);
	return key;
}

uint64_t fdb_dst(const Tables &tables, uint32_t net_index, const FdbTarget &target)
{
	if (const auto *dst = std::get_if<Address>(&target))
		return xovl_fdb_dst(net_index, XOVL_TARGET_PEER, XOVL_FDB_STATIC,
				    tables.members.at({.remote = dst->raw(), .net = net_index, .pad = 0}).peer);
	const auto &port = std::get<FdbPort>(target);
	return xovl_fdb_dst(net_index, XOVL_TARGET_PORT, XOVL_FDB_STATIC,
			    tables.find_port(std::string(port.dev()), port.vid()).value());
}

std::optional<FdbTarget> fdb_target(const Tables &tables, uint64_t dst)
{
	const uint32_t index = xovl_fdb_index(dst);
	if (xovl_fdb_target(dst) == XOVL_TARGET_PEER) {
		if (index >= tables.peers.size() || !tables.peers[index].family)
			return std::nullopt;
		return Address(tables.peers[index].remote);
	}
	if (index >= tables.port_table.size() || !(tables.port_table[index].flags & XOVL_PORT_USED))
		return std::nullopt;
	auto device = tables.devices.find(tables.port_table[index].ifindex);
	if (device == tables.devices.end())
		return std::nullopt;
	return FdbPort(device->second.name, tables.port_table[index].vid);
}

FdbItems fdb_read(const Maps &maps)
{
	FdbItems items;
	maps.fdb.for_each([&](const xovl_fdb_key &key, const xovl_fdb &entry) {
		if (xovl_fdb_state_of(entry.dst) == XOVL_FDB_STATIC)
			items.push_back({as_number(key), entry.dst});
	});
	std::ranges::sort(items, {}, &FdbItem::key);
	return items;
}

void fdb_to_config(const FdbItems &items, const Tables &tables, Config &config)
{
	std::map<uint32_t, NetworkConfig *> nets;
	const auto indexes = tables.network_indexes();
	for (auto &net : config.networks)
		nets[indexes.at(net.name)] = &net;
	for (const auto &item : items) {
		const xovl_fdb_key key = as_key(item.key);
		auto net = nets.find(key.net);
		auto target = fdb_target(tables, item.dst);
		if (net != nets.end() && target)
			net->second->fdb.push_back({Mac(std::to_array(key.mac)), *target});
	}
}

void fdb_write(const Maps &maps, Learned &learned, const xovl_fdb_key &key, const xovl_fdb &entry)
{
	Writer writer(maps, learned, 1);
	writer.write(key, entry);
	writer.flush();
}

bool fdb_follow(const Maps &maps, Learned &learned, const Tables &current, const Tables &desired)
{
	Follower follower(current, desired);
	learned.repair();
	if (!follower.matters())
		return false;
	// nothing may be written while the map is read
	std::vector<std::pair<xovl_fdb_key, xovl_fdb>> moved;
	std::vector<xovl_fdb_key> gone, forgotten;
	size_t others = 0;
	maps.fdb.for_each([&](const xovl_fdb_key &key, const xovl_fdb &entry) {
		const uint64_t dst = follower.follow(entry.dst);
		const bool is_learned = xovl_fdb_state_of(entry.dst) == XOVL_FDB_LEARNED;
		others += dst && !is_learned;
		if (!dst)
			(is_learned ? forgotten : gone).push_back(key);
		else if (dst != entry.dst)
			moved.push_back({key, {.dst = dst, .seen = entry.seen}});
	});
	Deleter deleter(maps);
	for (const auto &key : gone)
		deleter.del(key);
	deleter.flush();
	for (const auto &key : forgotten)
		learned.del(key);
	Writer writer(maps, learned, moved.size());
	for (const auto &[key, entry] : moved)
		if (xovl_fdb_state_of(entry.dst) == XOVL_FDB_LEARNED)
			learned.move(key, entry);
		else
			writer.write(key, entry);
	writer.flush();
	learned.set_others(others);
	maps.next_epoch();
	return true;
}

FdbChanges fdb_replace(const Maps &maps, Learned &learned, const FdbItems &running, const Tables &tables,
		       const Config &wanted)
{
	const FdbItems want = wanted_items(tables, wanted);
	FdbChanges changes;
	Deleter deleter(maps);
	pair_up(running, want, [&](const FdbItem *old, const FdbItem *now) {
		changes.deleted += !now;
		changes.added += !old;
		changes.changed += old && now && old->dst != now->dst;
		if (!now)
			deleter.del(as_key(old->key));
	});
	deleter.flush();
	if (changes.deleted)
		maps.next_epoch();
	learned.set_others(want.size());
	Writer writer(maps, learned, changes.added);
	pair_up(running, want, [&](const FdbItem *old, const FdbItem *now) {
		if (now && (!old || old->dst != now->dst))
			writer.write(as_key(now->key), {.dst = now->dst, .seen = 0});
	});
	writer.flush();
	if (changes.changed || changes.added)
		maps.next_epoch();
	return changes;
}

FdbChanges fdb_compare(const FdbItems &running, const Tables &current, const Tables &desired, const Config &wanted)
{
	Follower follower(current, desired);
	FdbChanges changes;
	pair_up(running, wanted_items(desired, wanted), [&](const FdbItem *old, const FdbItem *now) {
		changes.deleted += !now;
		changes.added += !old;
		changes.changed += old && now && follower.follow(old->dst) != now->dst;
	});
	return changes;
}

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// BPF maps as typed containers.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/image.hpp"
#include "bpf/pins.hpp"

namespace xovl {

/// Returns the number of possible CPUs. Throws Error(System) if it cannot be read.
uint32_t possible_cpus();

/// The descriptor, name and size of a map of any type.
class MapBase {
public:
	/// Opens a map pinned in dir. Throws Error(System) if it is missing or its key or value size is different.
	MapBase(const PinDir &dir, const std::string &name, uint32_t key_size, uint32_t value_size);

	int fd() const { return fd_.get(); }
	uint32_t max_entries() const { return max_entries_; }

protected:
	[[noreturn]] void fail(const char *operation, int err) const
	{
		throw system_error(operation, "map " + name_, err);
	}

private:
	Fd fd_;
	std::string name_;
	uint32_t max_entries_ = 0;
};

/// A hash or array map. All methods throw Error(System) if the kernel refuses.
template <typename Key, typename Value> class Map : public MapBase {
public:
	Map(const PinDir &dir, const std::string &name) : MapBase(dir, name, sizeof(Key), sizeof(Value)) {}

	std::optional<Value> get(const Key &key) const
	{
		Value value;
		if (bpf_map_lookup_elem(fd(), &key, &value) == 0)
			return value;
		if (errno != ENOENT)
			fail("read", errno);
		return std::nullopt;
	}

	/// Returns false if the map is full.
	bool try_set(const Key &key, const Value &value, uint64_t flags = BPF_ANY) const
	{
		if (bpf_map_update_elem(fd(), &key, &value, flags) == 0)
			return true;
		if (errno != E2BIG && errno != ENOSPC)
			fail("write", errno);
		return false;
	}

	/// Overwrites an element. Does nothing if the key is missing.
	void replace(const Key &key, const Value &value) const
	{
		if (bpf_map_update_elem(fd(), &key, &value, BPF_EXIST) != 0 && errno != ENOENT)
			fail("write", errno);
	}

	void set(const Key &key, const Value &value) const
	{
		if (!try_set(key, value))
			fail("write", ENOSPC);
	}

	/// Writes elements in order, in one batch. Returns how many were written: fewer than given if the map is full.
	size_t try_set(std::span<const Key> keys, std::span<const Value> values) const
	{
		uint32_t count = keys.size();
		if (bpf_map_update_batch(fd(), keys.data(), values.data(), &count, nullptr) != 0 && errno != E2BIG &&
		    errno != ENOSPC)
			fail("write", errno);
		return count;
	}

	void set(std::span<const Key> keys, std::span<const Value> values) const
	{
		if (try_set(keys, values) < keys.size())
			fail("write", ENOSPC);
	}

	void del(const Key &key) const
	{
		if (bpf_map_delete_elem(fd(), &key) != 0 && errno != ENOENT)
			fail("delete from", errno);
	}

	/// Deletes many keys in batches. Missing keys are skipped.
	void del(std::span<const Key> keys) const
	{
		while (!keys.empty()) {
			uint32_t count = keys.size();
			int err = bpf_map_delete_batch(fd(), keys.data(), &count, nullptr) ? errno : 0;
			if (err && err != ENOENT)
				fail("delete from", err);
			keys = keys.subspan(count + (err ? 1 : 0)); // a missing key ends the batch
		}
	}

	/// Calls visit(key, value) for every element, read in batches.
	template <typename Visit> void for_each(Visit visit) const
	{
		std::vector<Key> keys(std::min<uint32_t>(max_entries(), 4096));
		std::vector<Value> values(keys.size());
		// fit the bucket number of a hash, and the key of other maps
		std::array<uint8_t, std::max(sizeof(Key), sizeof(uint64_t))> cursor{}, next{};
		void *from = nullptr;
		for (bool more = true; more;) {
			uint32_t count = keys.size();
			int err = bpf_map_lookup_batch(fd(), from, next.data(), keys.data(), values.data(), &count,
						       nullptr)
					  ? errno
					  : 0;
			if (err == ENOSPC) { // one bucket has more elements than the buffer
				keys.resize(2 * keys.size());
				values.resize(keys.size());
				continue;
			}
			if (err && err != ENOENT)
				fail("read", err);
			more = !err;
			for (uint32_t i = 0; i < count; i++)
				visit(keys[i], values[i]);
			cursor = next;
			from = cursor.data();
		}
	}

	Image<Key, Value> image() const
	{
		Image<Key, Value> all;
		for_each([&](const Key &key, const Value &value) { all[key] = value; });
		return all;
	}

	/// Returns all values of an array map. Keys are 0 … max_entries()-1.
	std::vector<Value> array() const
	{
		std::vector<Value> all(max_entries());
		for_each([&](const Key &key, const Value &value) { all.at(key) = value; });
		return all;
	}

	/// Returns all keys. Only for a hash from which no other process deletes.
	std::vector<Key> keys() const
	{
		std::vector<Key> all;
		Key key;
		for (const Key *at = nullptr; bpf_map_get_next_key(fd(), at, &key) == 0; at = &all.back())
			all.push_back(key);
		if (errno != ENOENT)
			fail("read", errno);
		return all;
	}

	/// Returns the value for each possible CPU of a per-CPU map.
	std::vector<Value> per_cpu(const Key &key) const
	{
		static_assert(sizeof(Value) % 8 == 0);
		std::vector<Value> all(possible_cpus());
		if (bpf_map_lookup_elem(fd(), &key, all.data()) != 0)
			fail("read", errno);
		return all;
	}

	void clear_per_cpu(const Key &key) const
	{
		std::vector<Value> zero(possible_cpus());
		if (bpf_map_update_elem(fd(), &key, zero.data(), BPF_ANY) != 0)
			fail("write", errno);
	}
};

/// Reads a pinned map that may be from another version of xovl. All versions only add fields at the end: unknown fields
/// are cut off, and missing fields are 0. Empty if there is no such map. Throws Error(System) if it cannot be read.
template <typename Value> std::map<uint32_t, Value> read_records(const PinDir &dir, const std::string &name)
{
	std::map<uint32_t, Value> records;
	const Fd map = dir.open_map(name);
	if (!map)
		return records;
	bpf_map_info info{};
	uint32_t length = sizeof(info);
	if (bpf_obj_get_info_by_fd(map.get(), &info, &length) != 0)
		throw system_error("inspect", dir.pin(name), errno);
	if (info.key_size != sizeof(uint32_t))
		return records;
	std::vector<uint8_t> octets(std::max<size_t>(info.value_size, sizeof(Value)));
	uint32_t key = 0;
	void *last = nullptr;
	for (; bpf_map_get_next_key(map.get(), last, &key) == 0; last = &key) {
		if (bpf_map_lookup_elem(map.get(), &key, octets.data()) == 0)
			std::memcpy(&records[key], octets.data(), sizeof(Value));
		else if (errno != ENOENT)
			throw system_error("read", dir.pin(name), errno);
	}
	if (errno != ENOENT)
		throw system_error("read", dir.pin(name), errno);
	return records;
}

} // namespace xovl

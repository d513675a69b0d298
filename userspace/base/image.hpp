// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The contents of a BPF hash map, held in userspace.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace xovl {

template <typename T> bool same_octets(const T &a, const T &b)
{
	return std::memcmp(&a, &b, sizeof(T)) == 0;
}

/// A hash map for keys that are plain structs without padding, compared byte by byte. The elements are in one vector,
/// in insertion order. Half a million elements take a third of the memory of std::map, and less time.
template <typename Key, typename Value> class Image {
public:
	using Element = std::pair<Key, Value>;
	using iterator = typename std::vector<Element>::iterator;
	using const_iterator = typename std::vector<Element>::const_iterator;

	iterator begin() { return elements_.begin(); }
	iterator end() { return elements_.end(); }
	const_iterator begin() const { return elements_.begin(); }
	const_iterator end() const { return elements_.end(); }
	size_t size() const { return elements_.size(); }

	const_iterator find(const Key &key) const
	{
		const uint32_t number = slots_.empty() ? 0 : slots_[slot_of(key)];
		return number ? begin() + (number - 1) : end();
	}
	iterator find(const Key &key)
	{
		return begin() + (std::as_const(*this).find(key) - std::as_const(*this).begin());
	}

	/// The key must be present.
	const Value &at(const Key &key) const
	{
		auto found = find(key);
		if (found == end())
			throw std::out_of_range("Image::at");
		return found->second;
	}

	/// Copies all other elements: linear time.
	void erase(const Key &key)
	{
		Image rest;
		for (const auto &[other, value] : elements_)
			if (!same_octets(other, key))
				rest[other] = value;
		*this = std::move(rest);
	}

	/// Returns the value for the key, inserted if it is missing. The next insertion invalidates the reference, as
	/// it does iterators.
	Value &operator[](const Key &key)
	{
		if (2 * (elements_.size() + 1) > slots_.size())
			grow();
		uint32_t &number = slots_[slot_of(key)];
		if (!number) {
			elements_.emplace_back(key, Value{});
			number = static_cast<uint32_t>(elements_.size());
		}
		return elements_[number - 1].second;
	}

private:
	/// Returns the slot that holds the key, or the free slot for it.
	size_t slot_of(const Key &key) const
	{
		const std::string_view octets(reinterpret_cast<const char *>(&key), sizeof(key));
		size_t slot = std::hash<std::string_view>()(octets) & (slots_.size() - 1);
		while (slots_[slot] && !same_octets(elements_[slots_[slot] - 1].first, key))
			slot = (slot + 1) & (slots_.size() - 1);
		return slot;
	}

	void grow()
	{
		slots_.assign(slots_.empty() ? 16 : 2 * slots_.size(), 0);
		for (uint32_t i = 0; i < elements_.size(); i++)
			slots_[slot_of(elements_[i].first)] = i + 1;
	}

	std::vector<Element> elements_;
	/// Index in elements_ plus 1; 0 means free. The size is a power of two.
	std::vector<uint32_t> slots_;
};

} // namespace xovl

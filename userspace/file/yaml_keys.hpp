// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reads maps with known keys, and lists, from a YAML tree. Every error tells the place in the file.
#pragma once

#include <fmt/format.h>

#include <bitset>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/text_file.hpp"
#include "file/yaml_tree.hpp"

namespace xovl {

/// A node together with its tree.
struct Value {
	const YamlTree &tree;
	YamlTree::Index node;

	Value at(YamlTree::Index other) const { return {tree, other}; }
	YamlKind kind() const { return tree.kind(node); }
	[[noreturn]] void fail(const std::string &text) const { throw PlacedError(tree.place(node), text); }
	[[noreturn]] void fail_kind(const std::string &expected) const
	{
		fail(fmt::format("this is {} ({})", tree.kind_name(node), expected));
	}

	std::string_view text() const
	{
		if (kind() != YamlKind::Scalar)
			fail_kind("a single value");
		return tree.text(node);
	}
};

/// Runs read(). An error without a position gets the position of value.
template <typename Read> void read_placed(const Value &value, Read &&read)
{
	try {
		read();
	} catch (const PlacedError &) {
		throw;
	} catch (const Error &e) {
		value.fail(e.what());
	}
}

template <typename Object> struct Key {
	std::string_view name;
	std::function<void(Object &, const Value &)> read;
	bool required = false;
};

template <typename Object> using Keys = std::vector<Key<Object>>;

template <typename Object> std::string key_names(const Keys<Object> &keys, bool required_only = false)
{
	std::string names;
	for (const auto &key : keys) {
		if (key.required || !required_only)
			names += (names.empty() ? "" : ", ") + std::string(key.name);
	}
	return names;
}

template <typename Object> size_t find_key(const Keys<Object> &keys, const Value &name)
{
	if (name.kind() != YamlKind::Scalar)
		name.fail_kind("a key: " + key_names(keys));
	for (size_t i = 0; i < keys.size(); i++) {
		if (keys[i].name == name.text())
			return i;
	}
	name.fail(fmt::format("unknown key {} ({})", in_quotes(name.text()), key_names(keys)));
}

template <typename Object> void read_map(Object &object, const Value &map, const Keys<Object> &keys)
{
	const YamlTree &tree = map.tree;
	std::bitset<64> seen;

	if (map.kind() != YamlKind::Map)
		map.fail_kind(fmt::format("a map of {}", key_names(keys)));
	for (auto name = tree.first(map.node); name != tree.end(map.node);) {
		const Value value = map.at(tree.next(name));
		const size_t i = find_key(keys, map.at(name));

		if (seen[i])
			map.at(name).fail(fmt::format("key \"{}\" is given twice (once)", keys[i].name));
		seen.set(i);
		read_placed(value, [&] { keys[i].read(object, value); });
		name = tree.next(value.node);
	}
	for (size_t i = 0; i < keys.size(); i++) {
		if (keys[i].required && !seen[i])
			map.fail(
				fmt::format("key \"{}\" is missing (needed: {})", keys[i].name, key_names(keys, true)));
	}
}

/// Reads a list. An empty list may also be written without a value: "ports:".
template <typename Item, typename Read> void read_list(std::vector<Item> &items, const Value &list, Read &&read)
{
	const YamlTree &tree = list.tree;

	if (list.kind() == YamlKind::Null)
		return;
	if (list.kind() != YamlKind::List)
		list.fail_kind("a list");
	for (auto item = tree.first(list.node); item != tree.end(list.node); item = tree.next(item))
		read_placed(list.at(item), [&] { read(items.emplace_back(), list.at(item)); });
}

template <typename Item> void read_maps(std::vector<Item> &items, const Value &list, const Keys<Item> &keys)
{
	read_list(items, list, [&](Item &item, const Value &value) { read_map(item, value, keys); });
}

} // namespace xovl

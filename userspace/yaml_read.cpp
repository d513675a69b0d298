// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The file as a Config: one table of keys for each kind of map.
#include <fmt/format.h>

#include <bitset>
#include <filesystem>
#include <iterator>
#include <utility>

#include "config.hpp"
#include "error.hpp"
#include "fdb_file.hpp"
#include "policy.hpp"
#include "text_file.hpp"
#include "yaml_tree.hpp"

namespace xovl {

namespace {

/// A node with its tree.
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

/// read, with the value's place in front of what it complains about
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
	void (*read)(Object &, const Value &);
	bool required = false;
};

template <typename Object, size_t N> std::string key_names(const Key<Object> (&keys)[N], bool required_only = false)
{
	std::string names;
	for (const auto &key : keys) {
		if (key.required || !required_only)
			names += (names.empty() ? "" : ", ") + std::string(key.name);
	}
	return names;
}

template <typename Object, size_t N> size_t find_key(const Key<Object> (&keys)[N], const Value &name)
{
	if (name.kind() != YamlKind::Scalar)
		name.fail_kind("a key: " + key_names(keys));
	for (size_t i = 0; i < N; i++) {
		if (keys[i].name == name.text())
			return i;
	}
	name.fail(fmt::format("unknown key {} ({})", in_quotes(name.text()), key_names(keys)));
}

template <typename Object, size_t N> void read_map(Object &object, const Value &map, const Key<Object> (&keys)[N])
{
	const YamlTree &tree = map.tree;
	std::bitset<N> seen;

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
	for (size_t i = 0; i < N; i++) {
		if (keys[i].required && !seen[i])
			map.fail(
				fmt::format("key \"{}\" is missing (needed: {})", keys[i].name, key_names(keys, true)));
	}
}

/// A list without anything may be left open: "ports:".
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

template <typename Item, size_t N>
void read_maps(std::vector<Item> &items, const Value &list, const Key<Item> (&keys)[N])
{
	read_list(items, list, [&](Item &item, const Value &value) { read_map(item, value, keys); });
}

template <typename Number> Number read_number(const NumberRange &range, const Value &value)
{
	return static_cast<Number>(parse_number(range, value.text()));
}

template <typename Object> void read_vid(Object &object, const Value &value)
{
	object.vid = read_number<uint16_t>(kVlanRange, value);
}

template <typename Object> void read_dev(Object &object, const Value &value)
{
	object.dev = parse_dev_name(value.text());
}

template <typename Object> void read_mode(Object &object, const Value &value)
{
	object.mode = parse_mode(value.text());
}

constexpr Key<VtepConfig> kVtepKeys[] = {
	{"ip", [](VtepConfig &vtep, const Value &v) { vtep.local = Address::parse(v.text()); }, true},
	{"foreign", [](VtepConfig &vtep, const Value &v) { vtep.foreign_pass = parse_foreign(v.text()); }},
};

void read_vtep(VtepConfig &vtep, const Value &value)
{
	if (value.kind() == YamlKind::Map)
		read_map(vtep, value, kVtepKeys);
	else
		vtep.local = Address::parse(value.text());
}

constexpr Key<UplinkConfig> kUplinkKeys[] = {
	{"dev", read_dev<UplinkConfig>, true},
	{"vid", read_vid<UplinkConfig>},
	{"mode", read_mode<UplinkConfig>},
};

/// Of a key that takes a list of options: that, or a single text of them with commas as the command takes it. The latter is returned.
std::string options_text(const Value &value)
{
	const YamlTree &tree = value.tree;
	std::string joined;

	if (value.kind() != YamlKind::List)
		return std::string(value.text());
	for (auto item = tree.first(value.node); item != tree.end(value.node); item = tree.next(item)) {
		const std::string_view text = value.at(item).text();
		read_placed(value.at(item), [&] { parse_options(text); });
		joined.append(joined.empty() ? "" : ",").append(text);
	}
	return joined.empty() ? "none" : joined;
}

constexpr Key<PortConfig> kPortKeys[] = {
	{"dev", read_dev<PortConfig>, true},
	{"vid", read_vid<PortConfig>},
	{"mode", read_mode<PortConfig>},
	{"geneve-opt", [](PortConfig &port, const Value &v) { port.options = parse_options(options_text(v)); }},
	{"group", [](PortConfig &port, const Value &v) { port.group = read_number<uint16_t>(kGroupRange, v); }},
};

template <typename Object> void read_peer_encap(Object &object, const Value &value)
{
	object.peer.encap = parse_encap(value.text());
}

template <typename Object> void read_peer_dstport(Object &object, const Value &value)
{
	object.peer.dstport = read_number<uint16_t>(kDstportRange, value);
}

constexpr Key<FdbWords> kFdbKeys[] = {
	{"mac", [](FdbWords &words, const Value &v) { words.mac = Mac::parse(v.text()); }, true},
	{"dst", [](FdbWords &words, const Value &v) { words.dst = Address::parse(v.text()); }},
	{"dev", [](FdbWords &words, const Value &v) { words.dev = check_dev_name(v.text()); }},
	{"vid", read_vid<FdbWords>},
	{"encap", read_peer_encap<FdbWords>},
	{"dstport", read_peer_dstport<FdbWords>},
};

struct FloodWords {
	Address dst;
	PeerWords peer;
};

constexpr Key<FloodWords> kFloodKeys[] = {
	{"dst", [](FloodWords &words, const Value &v) { words.dst = Address::parse(v.text()); }, true},
	{"encap", read_peer_encap<FloodWords>},
	{"dstport", read_peer_dstport<FloodWords>},
};

/// A network, and what is understood only when all of it is read.
struct NetworkWords {
	struct Said {
		Address dst;
		PeerWords peer;
		EntryPosition entry;
		YamlTree::Index node;
	};

	NetworkConfig net;
	std::optional<YamlTree::Index> vni;
	std::optional<uint16_t> dstport;
	std::vector<Said> said;
	PeerStatements peers; ///< of said

	void say(const Address &dst, const PeerWords &peer, const EntryPosition &entry, const Value &value)
	{
		if (!peer.empty())
			said.push_back({dst, peer, entry, value.node});
	}
};

void read_fdb(NetworkWords &network, const Value &list)
{
	read_list(network.net.fdb, list, [&](FdbConfig &entry, const Value &value) {
		FdbWords words;
		read_map(words, value, kFdbKeys);
		entry = to_entry(words);
		if (words.dst)
			network.say(*words.dst, words.peer, {"fdb", network.net.fdb.size() - 1}, value);
	});
}

/// Of addresses, or maps that begin with one.
void read_flood(NetworkWords &network, const Value &list)
{
	read_list(network.net.flood, list, [&](Address &dst, const Value &value) {
		FloodWords words;
		if (value.kind() == YamlKind::Map)
			read_map(words, value, kFloodKeys);
		else
			words.dst = Address::parse(value.text());
		dst = words.dst;
		network.say(dst, words.peer, {"flood", network.net.flood.size() - 1}, value);
	});
}

void read_policy(const PolicyKey &key, NetworkConfig &net, const Value &value)
{
	if (key.is_list)
		key.parse(net, options_text(value));
	else
		key.parse(net, key.is_switch ? switch_word(value.text()) : value.text());
}

template <size_t I> Key<NetworkWords> policy_key()
{
	return {kPolicyKeys[I].name,
		[](NetworkWords &network, const Value &value) { read_policy(kPolicyKeys[I], network.net, value); }};
}

template <size_t... I> const auto &network_keys(std::index_sequence<I...>)
{
	using W = NetworkWords;
	static const Key<W> keys[] = {
		{"name", [](W &w, const Value &v) { w.net.name = parse_net_name(v.text()); }, true},
		{"encap", [](W &w, const Value &v) { w.net.encap = parse_encap(v.text()); }, true},
		{"vni", [](W &w, const Value &v) { w.vni = v.node; }},
		{"local", [](W &w, const Value &v) { w.net.local = Address::parse(v.text()); }},
		{"dstport", [](W &w, const Value &v) { w.dstport = read_number<uint16_t>(kDstportRange, v); }},
		{"mtu", [](W &w, const Value &v) { w.net.mtu = read_number<uint16_t>(kMtuRange, v); }},
		{"learning",
		 [](W &w, const Value &v) { w.net.learning = parse_on_off("learning", switch_word(v.text())); }},
		{"ageing", [](W &w, const Value &v) { w.net.ageing = read_number<uint32_t>(kAgeingRange, v); }},
		policy_key<I>()...,
		{"ports", [](W &w, const Value &v) { read_maps(w.net.ports, v, kPortKeys); }},
		{"flood", read_flood},
		{"fdb", read_fdb},
	};
	return keys;
}

void read_network(NetworkWords &network, const Value &map)
{
	NetworkConfig &net = network.net;

	read_map(network, map, network_keys(std::make_index_sequence<std::size(kPolicyKeys)>()));
	net.dstport = network.dstport.value_or(default_dstport(net.encap));
	net.vni.reset();
	if (network.vni) {
		const Value vni = map.at(*network.vni);
		read_placed(vni, [&] { net.vni = parse_id(net.encap, vni.text()); });
	}
	for (const auto &said : network.said)
		read_placed(map.at(said.node), [&] { network.peers.add(net.name, said.dst, said.peer, said.entry); });
}

template <size_t I> constexpr Key<Limits> limit_key()
{
	return {kLimitKeys[I].range.what, [](Limits &limits, const Value &value) {
			limits.*kLimitKeys[I].member = read_number<uint32_t>(kLimitKeys[I].range, value);
		}};
}

template <size_t... I> void read_limits(Limits &limits, const Value &map, std::index_sequence<I...>)
{
	static constexpr Key<Limits> keys[] = {limit_key<I>()...};
	read_map(limits, map, keys);
}

constexpr Key<Config> kVtepSectionKeys[] = {
	{"local", [](Config &config, const Value &v) { read_list(config.vteps, v, read_vtep); }, true},
};

/// The whole file.
struct Document {
	Config config; ///< but for the networks
	std::vector<NetworkWords> networks;
	std::vector<YamlTree::Index> fdb_files;
};

void read_fdb_file_name(YamlTree::Index &name, const Value &value)
{
	if (value.text().empty())
		throw request_error("\"\" is not a file name (a file of FDB entries)");
	name = value.node;
}

constexpr Key<Document> kDocumentKeys[] = {
	{"limits",
	 [](Document &doc, const Value &v) {
		 read_limits(doc.config.limits.emplace(), v, std::make_index_sequence<std::size(kLimitKeys)>());
	 }},
	{"vtep", [](Document &doc, const Value &v) { read_map(doc.config, v, kVtepSectionKeys); }},
	{"uplinks", [](Document &doc, const Value &v) { read_maps(doc.config.uplinks, v, kUplinkKeys); }},
	{"networks", [](Document &doc, const Value &v) { read_list(doc.networks, v, read_network); }},
	{"fdb_files", [](Document &doc, const Value &v) { read_list(doc.fdb_files, v, read_fdb_file_name); }},
};

using Step = ConfigPath::value_type;

bool is_key(const Step &step, std::string_view name)
{
	const auto *key = std::get_if<const char *>(&step);
	return key && *key == name;
}

/// The path in the file: what is said of a peer stands beside a flood or FDB entry. peers: of each network
ConfigPath path_in_file(ConfigPath path, const Config &config, const std::vector<PeerStatements> &peers)
{
	if (path.size() < 5 || !is_key(path[0], "networks") || !is_key(path[2], "peers"))
		return path;
	const size_t n = std::get<size_t>(path[1]);
	const Address &dst = config.networks[n].peers[std::get<size_t>(path[3])].dst;
	const EntryPosition entry = peers[n].who_says(dst, is_key(path[4], "dstport"));
	path[2] = entry.list;
	path[3] = entry.index;
	return path;
}

/// The child of node that a step of a path names; node itself when it has none.
YamlTree::Index step_down(const YamlTree &tree, YamlTree::Index node, const Step &step)
{
	const auto *key = std::get_if<const char *>(&step);
	size_t position = 0;

	if (tree.kind(node) != (key ? YamlKind::Map : YamlKind::List))
		return node;
	for (auto child = tree.first(node); child != tree.end(node); child = tree.next(child)) {
		if (!key && position++ == std::get<size_t>(step))
			return child;
		if (!key)
			continue;
		const auto name = child;
		child = tree.next(name);
		if (tree.text(name) == *key)
			return child;
	}
	return node;
}

} // namespace

Config parse_yaml(const std::string &text, const std::string &name, const ConfigCheck &also, const Limits &in_force)
{
	const YamlTree tree(text, name);
	Document doc;

	read_map(doc, Value{tree, tree.root()}, kDocumentKeys);
	std::vector<PeerStatements> peers;
	for (auto &network : doc.networks) {
		doc.config.networks.push_back(std::move(network.net));
		peers.push_back(std::move(network.peers));
	}
	FdbFiles fdb_files(doc.config, peers);
	const std::filesystem::path folder = std::filesystem::path(name).parent_path();
	for (auto node : doc.fdb_files) {
		const Value file{tree, node};
		read_placed(file, [&] { fdb_files.read(folder / file.text()); });
	}
	for (size_t n = 0; n < peers.size(); n++)
		peers[n].into(doc.config.networks[n]);
	const Where where = [&](const ConfigPath &of) {
		const ConfigPath path = path_in_file(of, doc.config, peers);
		if (auto place = fdb_files.place(path))
			return *place;
		auto node = tree.root();
		for (const auto &step : path)
			node = step_down(tree, node, step);
		return tree.place(node);
	};
	validate(doc.config, where, in_force);
	if (also)
		also(doc.config, where);
	return std::move(doc.config);
}

Config read_yaml_file(const std::string &path, const ConfigCheck &also, const Limits &in_force)
{
	return parse_yaml(read_text_file(path), path, also, in_force);
}

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The file as a Config: one table of keys for each kind of map.
#include <fmt/format.h>

#include <bitset>
#include <filesystem>

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

bool read_bool(const Value &value)
{
	const std::string_view text = value.text();

	if (text == "true" || text == "on")
		return true;
	if (text == "false" || text == "off")
		return false;
	throw request_error(fmt::format("{} is neither true nor false (true|false)", in_quotes(text)));
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

/// A list of options, or a single text of them with commas, as the command takes it.
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
		YamlTree::Index node;
	};

	NetworkConfig net;
	std::optional<YamlTree::Index> vni;
	std::optional<uint16_t> dstport;
	std::vector<Said> said;
	PeerStatements peers; ///< of said

	void say(const Address &dst, const PeerWords &peer, const Value &value)
	{
		if (!peer.empty())
			said.push_back({dst, peer, value.node});
	}
};

void read_fdb(NetworkWords &network, const Value &list)
{
	read_list(network.net.fdb, list, [&](FdbConfig &entry, const Value &value) {
		FdbWords words;
		read_map(words, value, kFdbKeys);
		entry = to_entry(words);
		if (words.dst)
			network.say(*words.dst, words.peer, value);
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
		network.say(dst, words.peer, value);
	});
}

template <size_t I> Key<NetworkWords> policy_key()
{
	return {kPolicyKeys[I].name, [](NetworkWords &network, const Value &value) {
			const PolicyKey &key = kPolicyKeys[I];
			const std::string text = options_text(value);
			key.parse(network.net, key.is_switch ? switch_word(text) : text);
		}};
}

const auto &network_keys()
{
	using W = NetworkWords;
	static const Key<W> keys[] = {
		{"name", [](W &w, const Value &v) { w.net.name = parse_net_name(v.text()); }, true},
		{"encap", [](W &w, const Value &v) { w.net.encap = parse_encap(v.text()); }, true},
		{"vni", [](W &w, const Value &v) { w.vni = v.node; }},
		{"local", [](W &w, const Value &v) { w.net.local = Address::parse(v.text()); }},
		{"dstport", [](W &w, const Value &v) { w.dstport = read_number<uint16_t>(kDstportRange, v); }},
		{"mtu", [](W &w, const Value &v) { w.net.mtu = read_number<uint16_t>(kMtuRange, v); }},
		{"learning", [](W &w, const Value &v) { w.net.learning = read_bool(v); }},
		{"ageing", [](W &w, const Value &v) { w.net.ageing = read_number<uint32_t>(kAgeingRange, v); }},
		policy_key<0>(),
		policy_key<1>(),
		policy_key<2>(),
		policy_key<3>(),
		policy_key<4>(),
		policy_key<5>(),
		policy_key<6>(),
		policy_key<7>(),
		policy_key<8>(),
		policy_key<9>(),
		policy_key<10>(),
		policy_key<11>(),
		policy_key<12>(),
		policy_key<13>(),
		{"ports", [](W &w, const Value &v) { read_maps(w.net.ports, v, kPortKeys); }},
		{"flood", read_flood},
		{"fdb", read_fdb},
	};
	static_assert(kNrPolicyKeys == 14);
	return keys;
}

void read_network(NetworkWords &network, const Value &map)
{
	NetworkConfig &net = network.net;

	read_map(network, map, network_keys());
	net.dstport = network.dstport.value_or(default_dstport(net.encap));
	net.vni.reset();
	if (network.vni) {
		const Value vni = map.at(*network.vni);
		read_placed(vni, [&] { net.vni = parse_id(net.encap, vni.text()); });
	}
	for (const auto &said : network.said)
		read_placed(map.at(said.node), [&] { network.peers.add(net.name, said.dst, said.peer); });
}

template <size_t I> constexpr Key<Limits> limit_key()
{
	return {kLimitKeys[I].range.what, [](Limits &limits, const Value &value) {
			limits.*kLimitKeys[I].member = read_number<uint32_t>(kLimitKeys[I].range, value);
		}};
}

constexpr Key<Limits> kLimitsKeys[] = {
	limit_key<0>(), limit_key<1>(), limit_key<2>(), limit_key<3>(), limit_key<4>(),
};

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
	{"limits", [](Document &doc, const Value &v) { read_map(doc.config.limits.emplace(), v, kLimitsKeys); }},
	{"vtep", [](Document &doc, const Value &v) { read_map(doc.config, v, kVtepSectionKeys); }},
	{"uplinks", [](Document &doc, const Value &v) { read_maps(doc.config.uplinks, v, kUplinkKeys); }},
	{"networks", [](Document &doc, const Value &v) { read_list(doc.networks, v, read_network); }},
	{"fdb_files", [](Document &doc, const Value &v) { read_list(doc.fdb_files, v, read_fdb_file_name); }},
};

/// The child of node that a step of a path names; node itself when it has none.
YamlTree::Index step_down(const YamlTree &tree, YamlTree::Index node, const std::variant<const char *, size_t> &step)
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
	const Where where = [&](const ConfigPath &path) {
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

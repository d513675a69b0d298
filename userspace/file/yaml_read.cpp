// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reads a YAML file into a Config. Each kind of map has a table of its keys.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "base/text_file.hpp"
#include "config/config.hpp"
#include "config/settings.hpp"
#include "file/fdb_file.hpp"
#include "file/yaml_keys.hpp"

namespace xovl {

namespace {

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

/// Returns the value of a list setting as the command writes it, separated by commas. The file may have a YAML list, or
/// this text.
template <typename Object> std::string list_text(const Setting<Object> &setting, const Value &value)
{
	const YamlTree &tree = value.tree;
	std::string joined;

	if (value.kind() != YamlKind::List)
		return std::string(value.text());
	for (auto item = tree.first(value.node); item != tree.end(value.node); item = tree.next(item)) {
		const std::string_view text = value.at(item).text();
		read_placed(value.at(item), [&] {
			Object any;
			setting.parse(any, text);
		});
		joined.append(joined.empty() ? "" : ",").append(text);
	}
	return joined.empty() ? "none" : joined;
}

template <typename Object> void read_setting(const Setting<Object> &setting, Object &object, const Value &value)
{
	if (is_list(setting))
		setting.parse(object, list_text(setting, value));
	else
		setting.parse(object, is_switch(setting) ? switch_word(value.text()) : value.text());
}

/// Returns keys, followed by the keys of the object's settings.
template <typename Object> Keys<Object> with_settings(Keys<Object> keys)
{
	for (const auto &setting : settings_of<Object>())
		keys.push_back({setting.name, [&setting](Object &object, const Value &value) {
					read_setting(setting, object, value);
				}});
	return keys;
}

const Keys<VtepConfig> kVtepKeys = with_settings<VtepConfig>({
	{"ip", [](VtepConfig &vtep, const Value &v) { vtep.local = Address::parse(v.text()); }, true},
});

void read_vtep(VtepConfig &vtep, const Value &value)
{
	if (value.kind() == YamlKind::Map)
		read_map(vtep, value, kVtepKeys);
	else
		vtep.local = Address::parse(value.text());
}

const Keys<UplinkConfig> kUplinkKeys = with_settings<UplinkConfig>({
	{"dev", read_dev<UplinkConfig>, true},
});

const Keys<PortConfig> kPortKeys = with_settings<PortConfig>({
	{"dev", read_dev<PortConfig>, true},
	{"vid", read_vid<PortConfig>},
});

template <typename Object> void read_peer_encap(Object &object, const Value &value)
{
	object.peer.encap = parse_encap(value.text());
}

template <typename Object> void read_peer_dstport(Object &object, const Value &value)
{
	object.peer.dstport = read_number<uint16_t>(kDstportRange, value);
}

template <typename Object> void read_peer_via(Object &object, const Value &value)
{
	object.peer.via = parse_via(value.text());
}

template <typename Object> void read_peer_require(Object &object, const Value &value)
{
	object.peer.encrypted = parse_require(value.text());
}

/// Returns keys, followed by the keys that say how a peer is reached.
template <typename Object> Keys<Object> with_peer(Keys<Object> keys)
{
	keys.push_back({"encap", read_peer_encap<Object>});
	keys.push_back({"dstport", read_peer_dstport<Object>});
	keys.push_back({"via", read_peer_via<Object>});
	keys.push_back({"require", read_peer_require<Object>});
	return keys;
}

const Keys<FdbWords> kFdbKeys = with_peer<FdbWords>({
	{"mac", [](FdbWords &words, const Value &v) { words.mac = Mac::parse(v.text()); }, true},
	{"dst", [](FdbWords &words, const Value &v) { words.dst = Address::parse(v.text()); }},
	{"dev", [](FdbWords &words, const Value &v) { words.dev = check_dev_name(v.text()); }},
	{"vid", read_vid<FdbWords>},
});

struct FloodWords {
	Address dst;
	PeerWords peer;
};

const Keys<FloodWords> kFloodKeys = with_peer<FloodWords>({
	{"dst", [](FloodWords &words, const Value &v) { words.dst = Address::parse(v.text()); }, true},
});

/// A network while it is read. Its settings and the keys of its peers are interpreted after all keys have been read.
struct NetworkWords {
	struct Said {
		Address dst;
		PeerWords peer;
		EntryPosition entry;
		YamlTree::Index node;
	};

	NetworkConfig net;
	/// node of each setting, in the order of the settings table
	std::map<const Setting<NetworkSettings> *, YamlTree::Index> settings;
	std::vector<Said> said;
	PeerStatements peers; ///< collected from said

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

/// Reads a list of addresses, or of maps with the key dst.
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

Keys<NetworkWords> network_keys()
{
	using W = NetworkWords;
	Keys<W> keys = {{"name", [](W &w, const Value &v) { w.net.name = parse_net_name(v.text()); }, true}};
	for (const auto &setting : settings_of<NetworkSettings>())
		keys.push_back({setting.name, [&setting](W &w, const Value &v) { w.settings[&setting] = v.node; },
				setting.is_fixed()});
	keys.push_back({"ports", [](W &w, const Value &v) { read_maps(w.net.ports, v, kPortKeys); }});
	keys.push_back({"flood", read_flood});
	keys.push_back({"fdb", read_fdb});
	return keys;
}

void read_network(NetworkWords &network, const Value &map)
{
	static const Keys<NetworkWords> keys = network_keys();
	NetworkConfig &net = network.net;

	net.vni.reset();
	read_map(network, map, keys);
	for (const auto &[setting, node] : network.settings) {
		const Value &value = map.at(node);
		read_placed(value, [&, setting = setting] { read_setting<NetworkSettings>(*setting, net, value); });
	}
	for (const auto &said : network.said)
		read_placed(map.at(said.node), [&] { network.peers.add(net.name, said.dst, said.peer, said.entry); });
}

void read_limits(Limits &limits, const Value &map)
{
	Keys<Limits> keys;
	for (const LimitKey &key : kLimitKeys)
		keys.push_back({key.range.what, [&key](Limits &read, const Value &value) {
					read.*key.member = read_number<uint32_t>(key.range, value);
				}});
	read_map(limits, map, keys);
}

const Keys<Config> kVtepSectionKeys = {
	{"local", [](Config &config, const Value &v) { read_list(config.vteps, v, read_vtep); }, true},
};

/// The whole file, as read.
struct Document {
	Config config; ///< without the networks
	std::vector<NetworkWords> networks;
	std::vector<YamlTree::Index> fdb_files;
};

void read_fdb_file_name(YamlTree::Index &name, const Value &value)
{
	if (value.text().empty())
		throw request_error("\"\" is not a file name (a file of FDB entries)");
	name = value.node;
}

const Keys<Document> kDocumentKeys = {
	{"limits", [](Document &doc, const Value &v) { read_limits(doc.config.limits.emplace(), v); }},
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

/// Translates a path to one in the file: the values of a peer are in the flood or FDB entry that gave them. peers: one
/// element for each network.
ConfigPath path_in_file(ConfigPath path, const Config &config, const std::vector<PeerStatements> &peers)
{
	if (path.size() < 5 || !is_key(path[0], "networks") || !is_key(path[2], "peers"))
		return path;
	const size_t n = std::get<size_t>(path[1]);
	const Address &dst = config.networks[n].peers[std::get<size_t>(path[3])].dst;
	const auto *key = std::get_if<const char *>(&path[4]);
	const EntryPosition entry = peers[n].who_says(dst, key ? *key : "");
	path[2] = entry.list;
	path[3] = entry.index;
	return path;
}

/// Returns the child of node that a step of the path leads to, or node itself if there is none.
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

Config parse_yaml(const std::string &text, const std::string &name, const Limits &in_force, const ConfigCheck &also)
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
	validate(doc.config, in_force, where);
	if (also)
		also(doc.config, where);
	return std::move(doc.config);
}

Config read_yaml_file(const std::string &path, const Limits &in_force, const ConfigCheck &also)
{
	return parse_yaml(read_text_file(path, Pipes::Allowed, kYamlMost), path, in_force, also);
}

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reads a YAML file into a Config. Each kind of map has a table of its keys.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/text_file.hpp"
#include "config/config.hpp"
#include "config/trunk.hpp"
#include "file/fdb_file.hpp"
#include "file/yaml_settings.hpp"

namespace xovl {

namespace {

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

/// A trunk, and its node.
struct TrunkWords {
	TrunkConfig trunk;
	YamlTree::Index node;
};

/// Returns the keys of a trunk: its own, and the settings of its ports.
Keys<TrunkConfig> trunk_keys()
{
	using T = TrunkConfig;
	Keys<T> keys = {
		{"dev", [](T &trunk, const Value &v) { read_dev(trunk.port, v); }, true},
		{"vids", [](T &trunk, const Value &v) { trunk.vids = parse_vids(v.text()); }, true},
		{"vni-base", [](T &trunk, const Value &v) { trunk.vni_base = read_number<uint32_t>(kVniBaseRange, v); },
		 true},
		{"encap", [](T &trunk, const Value &v) { trunk.encap = parse_encap(v.text()); }},
		{"native", [](T &trunk, const Value &v) { trunk.native = read_number<uint16_t>(kVlanRange, v); }},
		{"flood",
		 [](T &trunk, const Value &v) {
			 read_list(trunk.flood, v,
				   [](Address &dst, const Value &item) { dst = Address::parse(item.text()); });
		 }},
	};
	for (const auto &setting : settings_of<PortConfig>())
		keys.push_back({setting.name, [&setting](T &trunk, const Value &value) {
					read_setting(setting, trunk.port, value);
				}});
	return keys;
}

void read_trunk(TrunkWords &words, const Value &map)
{
	static const Keys<TrunkConfig> keys = trunk_keys();

	read_map(words.trunk, map, keys);
	words.node = map.node;
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
	std::vector<TrunkWords> trunks;
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
	{"trunks", [](Document &doc, const Value &v) { read_list(doc.trunks, v, read_trunk); }},
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

/// The networks and ports of trunks, which have no node of their own.
class TrunkPorts {
public:
	/// Adds them to the configuration.
	void add(Config &config, const TrunkWords &words, const Value &value)
	{
		const size_t listed = config.networks.size();
		read_placed(value, [&] {
			for (const MadePort &port : add_trunk(config, words.trunk))
				ports_[port] = words.node;
		});
		for (size_t n = listed; n < config.networks.size(); n++)
			networks_[n] = words.node;
	}

	/// Returns the node of the trunk that the value at a path comes from.
	std::optional<YamlTree::Index> node_of(const ConfigPath &path) const
	{
		if (path.size() < 2 || !is_key(path[0], "networks"))
			return std::nullopt;
		const size_t n = std::get<size_t>(path[1]);
		if (path.size() >= 4 && is_key(path[2], "ports"))
			if (auto port = ports_.find({n, std::get<size_t>(path[3])}); port != ports_.end())
				return port->second;
		const auto network = networks_.find(n);
		return network == networks_.end() ? std::nullopt : std::optional(network->second);
	}

private:
	std::map<size_t, YamlTree::Index> networks_;
	std::map<MadePort, YamlTree::Index> ports_;
};

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
	TrunkPorts trunk_ports;
	for (const TrunkWords &words : doc.trunks)
		trunk_ports.add(doc.config, words, {tree, words.node});
	peers.resize(doc.config.networks.size());
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
		if (auto node = trunk_ports.node_of(path))
			return tree.place(*node);
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

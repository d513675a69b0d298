// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl net: the networks.
#include "command.hpp"
#include "setting_words.hpp"

namespace xovl {

namespace {

void add(Context &context, Args &args)
{
	NetworkConfig network;
	network.name = parse_net_name(args.next("NAME"));
	network.vni.reset();
	SettingWords<NetworkSettings> words;
	args.keys(words.keys(true));
	words.into(network);
	context.edit([&](Config &config) { config.networks.push_back(network); });
}

/// Checks the values before the overlay is opened, as far as possible without knowing the network. GRE is assumed,
/// because it accepts the widest range of identifiers.
void set(Context &context, Args &args)
{
	std::string name = args.next("NAME");
	SettingWords<NetworkSettings> words;
	if (args.empty())
		args.next("KEY VALUE");
	args.keys(words.keys(false));
	NetworkSettings any;
	any.encap = XOVL_ENCAP_GRE;
	words.into(any);
	context.edit([&](Config &config) {
		NetworkConfig &network = network_of(config, name);
		const NetworkSettings before = network;
		words.into(network);
		move_peers(network, before);
	});
}

void del(Context &context, Args &args)
{
	std::string name = args.next("NAME");
	args.end();
	context.edit([&](Config &config) {
		if (std::erase_if(config.networks,
				  [&](const NetworkConfig &network) { return network.name == name; }) == 0)
			throw no_network(name);
	});
}

/// Returns the paths with a smaller MTU than the network's.
Json paths_of(const NetworkStatus &net)
{
	Json paths = Json::array();
	for (const PathMtu &path : net.paths)
		paths.push_back({{"dst", path.dst.str()}, {"mtu", path.mtu}, {"path_mtu", path.path_mtu}});
	return paths.empty() ? Json() : paths;
}

/// Returns "1350 to 192.0.2.2, 1290 to 192.0.2.3".
std::string paths_text(const Json &paths)
{
	std::string text;
	for (const Json &path : paths)
		text += fmt::format("{}{} to {}", text.empty() ? "" : ", ", path.at("mtu").get<uint32_t>(),
				    path.at("dst").get<std::string>());
	return text;
}

void show(Context &context, Args &args)
{
	std::string name = args.empty() ? "" : args.next("NAME");
	args.end();
	Table table({{"name", "name"},
		     {"encap", "encap"},
		     {"vni", "vni"},
		     {"local", "local"},
		     {"dstport", "dstport"},
		     {"mtu", "mtu"},
		     {"mtu_from", "mtu from"},
		     {"narrower", "narrower", paths_text},
		     {"learning", "learning"},
		     {"ageing", "ageing"},
		     {"learned", "learned"},
		     {"learn_refused", "not learned"},
		     {"moves", "moves"},
		     {"moves_held", "held"},
		     {"options", "options", options_text}});
	for (const NetworkStatus &net : context.overlay().networks()) {
		const NetworkConfig &config = net.config;
		if (!name.empty() && config.name != name)
			continue;
		table.add({config.name, name_of(config.encap), config.vni ? Json(*config.vni) : Json(),
			   net.local ? Json(net.local->str()) : Json(), number_or_none(config.dstport),
			   number_or_none(net.mtu.mtu), net.mtu.from.empty() ? Json() : Json(net.mtu.from),
			   paths_of(net), config.learning, config.ageing, net.learned.entries, net.learned.refused,
			   net.learned.moves, net.learned.held, options_of<NetworkSettings>(config)});
	}
	if (!name.empty() && table.empty())
		throw no_network(name);
	context.out.table(table);
}

const std::string kAddUsage = "net add NAME" + settings_usage<NetworkSettings>(true);
const std::string kSetUsage = "net set NAME" + settings_usage<NetworkSettings>(false);

const Command kCommands[] = {
	{"add", kAddUsage, add},
	{"set", kSetUsage, set},
	{"del", "net del NAME", del},
	{"show", "net show [NAME]", show},
};

} // namespace

const Object kNetObject{"net", kCommands};

} // namespace xovl

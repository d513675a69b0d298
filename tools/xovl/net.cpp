// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl net: the networks.
#include <fmt/format.h>

#include "command.hpp"
#include "policy.hpp"

namespace xovl {

namespace {

/// What the keys ask for, to be carried out on a network later.
using Changes = std::vector<std::function<void(NetworkConfig &)>>;

/// The identifiers of all encapsulations.
constexpr NumberRange kAnyIdRange{"vni", 0, UINT32_MAX};

template <typename Int> auto number(const NumberRange &range)
{
	return [range](const std::string &text) { return static_cast<Int>(parse_number(range, text)); };
}

/// As in ip, "local any" is no local address of its own.
std::optional<Address> parse_local(const std::string &text)
{
	if (text == "any")
		return std::nullopt;
	return Address::parse(text);
}

bool parse_learning(const std::string &text)
{
	return parse_on_off("learning", text);
}

using CheckId = void (*)(const std::string &);

/// For what is wrong whatever the network's encapsulation is.
void check_any_id(const std::string &text)
{
	if (text != "none")
		parse_number(kAnyIdRange, text);
}

/// All values are parsed when they are given, before anything is opened, but for the identifier: its range is that of the encapsulation.
/// check_id: what is known of it before.
std::vector<Key> net_keys(Changes &changes, CheckId check_id)
{
	auto set = [&changes](auto member, auto parse) {
		return [&changes, member, parse](const std::string &text) {
			changes.push_back(
				[member, value = parse(text)](NetworkConfig &network) { network.*member = value; });
		};
	};
	auto set_id = [&changes, check_id](const std::string &text) {
		check_id(text);
		changes.push_back([text](NetworkConfig &network) { network.vni = parse_id(network.encap, text); });
	};
	using N = NetworkConfig;
	std::vector<Key> keys = {
		{"vni", Need::Optional, set_id},
		{"local", Need::Optional, set(&N::local, parse_local)},
		{"dstport", Need::Optional, set(&N::dstport, number<uint16_t>(kDstportRange))},
		{"mtu", Need::Optional, set(&N::mtu, number<uint16_t>(kMtuRange))},
		{"learning", Need::Optional, set(&N::learning, parse_learning)},
		{"ageing", Need::Optional, set(&N::ageing, number<uint32_t>(kAgeingRange))},
	};
	for (const PolicyKey &policy : kPolicyKeys) {
		auto set_policy = [&changes, &policy](const std::string &text) {
			NetworkConfig any;
			policy.parse(any, text);
			changes.push_back([text, &policy](NetworkConfig &network) { policy.parse(network, text); });
		};
		keys.push_back({policy.name, Need::Optional, set_policy, policy.is_list});
	}
	return keys;
}

void carry_out(const Changes &changes, NetworkConfig &network)
{
	for (const auto &change : changes)
		change(network);
	normalize_peers(network);
}

void add(Context &context, Args &args)
{
	NetworkConfig network{.name = parse_net_name(args.next("NAME")), .vni = std::nullopt};
	Changes changes;
	std::vector<Key> keys = net_keys(changes, [](const std::string &) {}); // encap is given, too
	auto set_encap = [&](const std::string &text) {
		network.encap = parse_encap(text);
		network.dstport = default_dstport(network.encap);
	};
	keys.insert(keys.begin(), {"encap", Need::Mandatory, set_encap});
	args.keys(keys);
	carry_out(changes, network);
	context.edit([&](Config &config) { config.networks.push_back(network); });
}

void set(Context &context, Args &args)
{
	std::string name = args.next("NAME");
	Changes changes;
	if (args.empty())
		args.next("KEY VALUE");
	args.keys(net_keys(changes, check_any_id));
	context.edit([&](Config &config) { carry_out(changes, network_of(config, name)); });
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

Json options_of(const NetworkConfig &network)
{
	Json options = Json::object();
	for (const PolicyKey &policy : kPolicyKeys)
		if (!is_default(policy, network))
			options[policy.name] =
				std::visit([](const auto &value) { return Json(value); }, policy.value(network));
	return options;
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
		     {"learning", "learning"},
		     {"ageing", "ageing"},
		     {"options", "options", options_text}});
	for (const NetworkStatus &net : context.overlay().networks()) {
		const NetworkConfig &config = net.config;
		if (!name.empty() && config.name != name)
			continue;
		table.add({config.name, name_of(config.encap), config.vni ? Json(*config.vni) : Json(),
			   net.local ? Json(net.local->str()) : Json(), number_or_none(config.dstport),
			   number_or_none(net.mtu.mtu), net.mtu.from.empty() ? Json() : Json(net.mtu.from),
			   config.learning, config.ageing, options_of(config)});
	}
	if (!name.empty() && table.empty())
		throw no_network(name);
	context.out.table(table);
}

/// The keys of add and set as their usage shows them.
std::string keys_usage()
{
	std::string usage = " [vni N|none] [local IP|any] [dstport P] [mtu N] [learning on|off] [ageing SECONDS]";
	for (const PolicyKey &policy : kPolicyKeys)
		usage += fmt::format(" [{} {}]", policy.name, policy.values);
	return usage;
}

const std::string kAddUsage = "net add NAME encap vxlan|geneve|gre|nvgre" + keys_usage();
const std::string kSetUsage = "net set NAME" + keys_usage();

const Command kCommands[] = {
	{"add", kAddUsage, add},
	{"set", kSetUsage, set},
	{"del", "net del NAME", del},
	{"show", "net show [NAME]", show},
};

} // namespace

const Object kNetObject{"net", kCommands};

} // namespace xovl

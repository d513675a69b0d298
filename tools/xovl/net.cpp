// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl net: the networks.
#include <fmt/format.h>

#include "command.hpp"

namespace xovl {

namespace {

/// What the keys ask for, to be carried out on a network later.
using Changes = std::vector<std::function<void(NetworkConfig &)>>;

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

std::vector<Key> net_keys(Changes &changes, bool is_new)
{
	auto set = [&changes](auto member, auto parse) {
		return [&changes, member, parse](const std::string &text) {
			changes.push_back(
				[member, value = parse(text)](NetworkConfig &network) { network.*member = value; });
		};
	};
	using N = NetworkConfig;
	std::vector<Key> keys = {
		{"vni", is_new ? Need::Mandatory : Need::Optional, set(&N::vni, number<uint32_t>(kVniRange))},
		{"local", Need::Optional, set(&N::local, parse_local)},
		{"dstport", Need::Optional, set(&N::dstport, number<uint16_t>(kDstportRange))},
		{"mtu", Need::Optional, set(&N::mtu, number<uint16_t>(kMtuRange))},
		{"learning", Need::Optional, set(&N::learning, parse_learning)},
		{"ageing", Need::Optional, set(&N::ageing, number<uint32_t>(kAgeingRange))},
	};
	if (is_new)
		keys.insert(keys.begin(), {"encap", Need::Mandatory,
					   set(&N::encap, [](const std::string &v) { return parse_encap(v); })});
	return keys;
}

void carry_out(const Changes &changes, NetworkConfig &network)
{
	for (const auto &change : changes)
		change(network);
}

void add(Context &context, Args &args)
{
	NetworkConfig network{.name = parse_net_name(args.next("NAME"))};
	Changes changes;
	args.keys(net_keys(changes, true));
	carry_out(changes, network);
	context.edit([&](Config &config) { config.networks.push_back(network); });
}

void set(Context &context, Args &args)
{
	std::string name = args.next("NAME");
	Changes changes;
	if (args.empty())
		args.next("KEY VALUE");
	args.keys(net_keys(changes, false));
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
		     {"learning", "learning"},
		     {"ageing", "ageing"}});
	for (const NetworkStatus &net : context.overlay().networks()) {
		const NetworkConfig &config = net.config;
		if (!name.empty() && config.name != name)
			continue;
		table.add({config.name, name_of(config.encap), config.vni, net.local ? Json(net.local->str()) : Json(),
			   config.dstport, net.mtu ? Json(net.mtu) : Json(), config.learning, config.ageing});
	}
	if (!name.empty() && table.empty())
		throw no_network(name);
	context.out.table(table);
}

constexpr Command kCommands[] = {
	{"add", "net add NAME encap vxlan vni N [local IP|any] [dstport P] [mtu N] [learning on|off] [ageing SECONDS]",
	 add},
	{"set", "net set NAME [vni N] [local IP|any] [dstport P] [mtu N] [learning on|off] [ageing SECONDS]", set},
	{"del", "net del NAME", del},
	{"show", "net show [NAME]", show},
};

} // namespace

const Object kNetObject{"net", kCommands};

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl flood: the peers that get a network's broadcast, multicast and unknown unicast frames.
#include <fmt/format.h>

#include "command.hpp"

namespace xovl {

namespace {

struct Flood {
	std::string net;
	Address dst;
};

Flood parse(Args &args)
{
	Flood flood;
	args.keys({
		{"net", Need::Mandatory, [&](const std::string &v) { flood.net = v; }},
		{"dst", Need::Mandatory, [&](const std::string &v) { flood.dst = Address::parse(v); }},
	});
	return flood;
}

void add(Context &context, Args &args)
{
	Flood flood = parse(args);
	context.edit([&](Config &config) { network_of(config, flood.net).flood.push_back(flood.dst); });
}

void del(Context &context, Args &args)
{
	Flood flood = parse(args);
	context.edit([&](Config &config) {
		if (std::erase(network_of(config, flood.net).flood, flood.dst) == 0)
			throw request_error(
				fmt::format("{} is not on the flood list of network \"{}\" (xovl flood show net {})",
					    flood.dst.str(), flood.net, flood.net));
	});
}

void show(Context &context, Args &args)
{
	std::string net = net_filter(context, args);
	Table table({{"net", "net"}, {"dst", "dst"}});
	for (const NetworkConfig &network : context.overlay().running(false).networks)
		for (const Address &dst : network.flood)
			if (net.empty() || network.name == net)
				table.add({network.name, dst.str()});
	context.out.table(table);
}

constexpr Command kCommands[] = {
	{"add", "flood add net NAME dst IP", add},
	{"del", "flood del net NAME dst IP", del},
	{"show", "flood show [net NAME]", show},
};

} // namespace

const Object kFloodObject{"flood", kCommands};

} // namespace xovl

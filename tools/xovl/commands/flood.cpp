// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl flood: the peers that get a network's broadcast, multicast and unknown unicast frames.
#include <fmt/format.h>

#include "command.hpp"

namespace xovl {

namespace {

struct Flood {
	std::string net;
	Address dst;
	PeerWords peer;
};

std::vector<Key> flood_keys(Flood &flood)
{
	return {
		{"net", Need::Mandatory, [&](const std::string &v) { flood.net = v; }},
		{"dst", Need::Mandatory, [&](const std::string &v) { flood.dst = Address::parse(v); }},
	};
}

void add(Context &context, Args &args)
{
	Flood flood;
	std::vector<Key> keys = flood_keys(flood);
	for (Key &key : peer_keys(flood.peer))
		keys.push_back(std::move(key));
	args.keys(keys);
	context.edit([&](Config &config) {
		NetworkConfig &network = network_of(config, flood.net);
		set_peer(network, flood.dst, flood.peer);
		network.flood.push_back(flood.dst);
	});
}

void del(Context &context, Args &args)
{
	Flood flood;
	args.keys(flood_keys(flood));
	context.edit([&](Config &config) {
		NetworkConfig &network = network_of(config, flood.net);
		std::erase_if(network.peers, [&](const PeerConfig &peer) { return peer.dst == flood.dst; });
		if (std::erase(network.flood, flood.dst) == 0)
			throw request_error(
				fmt::format("{} is not on the flood list of network \"{}\" (xovl flood show net {})",
					    flood.dst.str(), flood.net, flood.net));
	});
}

void show(Context &context, Args &args)
{
	std::string net = net_filter(context, args);
	Table table({{"net", "net"},
		     {"dst", "dst"},
		     {"encap", "encap"},
		     {"dstport", "dstport"},
		     {"via", "via"},
		     {"require", "require"},
		     {"note", "note"}});
	const auto notes = context.overlay().peer_notes();
	for (const NetworkConfig &network : context.overlay().running(false).networks) {
		if (!net.empty() && network.name != net)
			continue;
		for (const Address &dst : network.flood) {
			const PeerConfig peer = peer_of(network, dst);
			auto note = notes.find({network.name, dst});
			table.add({network.name, dst.str(), name_of(peer.encap), number_or_none(peer.dstport),
				   name_of(peer.via), require_word(peer.encrypted),
				   note == notes.end() ? "" : note->second});
		}
	}
	context.out.table(table);
}

constexpr Command kCommands[] = {
	{"add", "flood add net NAME dst IP [encap KIND] [dstport P] [via direct|kernel|auto] [require encrypted|none]",
	 add},
	{"del", "flood del net NAME dst IP", del},
	{"show", "flood show [net NAME]", show},
};

} // namespace

const Object kFloodObject{"flood", kCommands};

} // namespace xovl

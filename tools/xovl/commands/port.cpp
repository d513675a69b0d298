// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl port: the interfaces, or VLANs of them, that face tenants.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "command.hpp"
#include "setting_words.hpp"

namespace xovl {

namespace {

/// Returns the number of removed ports.
size_t erase(Config &config, const std::string &dev, uint16_t vid)
{
	size_t erased = 0;
	for (NetworkConfig &network : config.networks)
		erased += std::erase_if(network.ports,
					[&](const PortConfig &port) { return port.dev == dev && port.vid == vid; });
	return erased;
}

/// The network that has a port of that interface and VLAN; nullptr: none has.
const NetworkConfig *network_with(const Config &config, const PortConfig &wanted)
{
	const auto is_same = [&](const PortConfig &port) { return port.dev == wanted.dev && port.vid == wanted.vid; };
	for (const NetworkConfig &net : config.networks)
		if (std::ranges::any_of(net.ports, is_same))
			return &net;
	return nullptr;
}

void add(Context &context, Args &args)
{
	PortConfig port{.dev = parse_dev_name(args.next("DEV"))};
	std::string net;
	SettingWords<PortConfig> words;
	std::vector<Key> keys = {
		{"net", Need::Mandatory, [&](const std::string &v) { net = v; }},
		{"vid", Need::Optional, [&](const std::string &v) { port.vid = parse_vid(v); }},
	};
	std::ranges::move(words.keys(true), std::back_inserter(keys));
	args.keys(keys);
	words.into(port);
	context.edit([&](Config &config) {
		std::vector<PortConfig> &ports = network_of(config, net).ports;
		const NetworkConfig *known = network_with(config, port);
		if (!known)
			ports.push_back(port);
		else if (!context.overlay().is_back(port.dev))
			throw request_error(
				fmt::format("port {} exists already in network \"{}\" (another interface or VLAN)",
					    port_name(port.dev, port.vid), known->name));
		else if (std::ranges::find(ports, port) == ports.end()) // an equal port is attached again
			throw request_error(fmt::format("port {} exists already with other settings, and its interface "
							"is back (xovl apply or any "
							"change attaches it; xovl port del, then port add, changes it)",
							port_name(port.dev, port.vid)));
	});
}

void del(Context &context, Args &args)
{
	std::string dev = args.next("DEV");
	uint16_t vid = 0;
	args.keys({{"vid", Need::Optional, [&](const std::string &v) { vid = parse_vid(v); }}});
	context.edit([&](Config &config) {
		if (erase(config, dev, vid) == 0)
			throw request_error(fmt::format("there is no port {} (xovl port show)", port_name(dev, vid)));
	});
}

void show(Context &context, Args &args)
{
	std::string net = net_filter(context, args);
	Table table({{"dev", "dev"},
		     {"vid", "vid", vid_text},
		     {"net", "net"},
		     {"mode_asked", "mode asked"},
		     {"mode", "mode"},
		     {"note", "note"},
		     {"options", "options", options_text},
		     {"programs", "programs", hooks_text}});
	for (const auto &[config, of_net, device] : context.overlay().ports())
		if (net.empty() || of_net == net)
			table.add({config.dev, config.vid, of_net, name_of(config.mode), name_of(device.mode),
				   device.note, options_of(config), hooks_json(device.hooks)});
	context.out.table(table);
}

const std::string kAddUsage = "port add DEV net NAME [vid V]" + settings_usage<PortConfig>(true);

const Command kCommands[] = {
	{"add", kAddUsage, add},
	{"del", "port del DEV [vid V]", del},
	{"show", "port show [net NAME]", show},
};

} // namespace

const Object kPortObject{"port", kCommands};

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl port: the interfaces, or VLANs of them, that face tenants.
#include <fmt/format.h>

#include "command.hpp"

namespace xovl {

namespace {

/// How many were removed.
size_t erase(Config &config, const std::string &dev, uint16_t vid)
{
	size_t erased = 0;
	for (NetworkConfig &network : config.networks)
		erased += std::erase_if(network.ports,
					[&](const PortConfig &port) { return port.dev == dev && port.vid == vid; });
	return erased;
}

uint16_t parse_group(const std::string &text)
{
	return static_cast<uint16_t>(parse_number(kGroupRange, text));
}

Json options_of(const DeviceStatus &port)
{
	Json options = Json::object();
	if (!port.options.empty())
		options["geneve-opt"] = words_of(port.options);
	if (port.group)
		options["group"] = *port.group;
	return options;
}

void add(Context &context, Args &args)
{
	PortConfig port{.dev = parse_dev_name(args.next("DEV"))};
	std::string net;
	args.keys({
		{"net", Need::Mandatory, [&](const std::string &v) { net = v; }},
		{"vid", Need::Optional, [&](const std::string &v) { port.vid = parse_vid(v); }},
		{"mode", Need::Optional, [&](const std::string &v) { port.mode = parse_mode(v); }},
		{"geneve-opt", Need::Optional, [&](const std::string &v) { port.options = parse_options(v); }, true},
		{"group", Need::Optional, [&](const std::string &v) { port.group = parse_group(v); }},
	});
	context.edit([&](Config &config) { network_of(config, net).ports.push_back(port); });
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
		     {"options", "options", options_text}});
	for (const DeviceStatus &port : context.overlay().ports())
		if (net.empty() || port.net == net)
			table.add({port.dev, port.vid, port.net, name_of(port.mode_asked), name_of(port.mode),
				   port.note, options_of(port)});
	context.out.table(table);
}

constexpr Command kCommands[] = {
	{"add", "port add DEV net NAME [vid V] [mode auto|native|generic|tc] [geneve-opt LIST|none] [group N]", add},
	{"del", "port del DEV [vid V]", del},
	{"show", "port show [net NAME]", show},
};

} // namespace

const Object kPortObject{"port", kCommands};

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl port: the interfaces, or VLANs of them, that face tenants.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/split.hpp"
#include "command.hpp"
#include "config/trunk.hpp"
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

/// Splits "A,B" into addresses.
std::vector<Address> parse_addresses(const std::string &text)
{
	std::vector<Address> list;
	for (const std::string_view word : split_at_commas(text))
		list.push_back(Address::parse(word));
	return list;
}

/// What a new port is: one port, or with vids a trunk.
struct NewPort {
	TrunkConfig trunk;
	std::string net;
	bool has_base = false;
	std::vector<std::string> trunk_only; ///< given keys that only a trunk has

	std::vector<Key> keys()
	{
		auto of_trunk = [this](const char *name, const std::function<void(const std::string &)> &set,
				       bool is_list) {
			return Key{name, Need::Optional,
				   [this, name, set](const std::string &v) {
					   trunk_only.emplace_back(name);
					   set(v);
				   },
				   is_list};
		};
		return {
			{"net", Need::Optional, [&](const std::string &v) { net = v; }},
			{"vid", Need::Optional, [&](const std::string &v) { trunk.port.vid = parse_vid(v); }},
			{"vids", Need::Optional, [&](const std::string &v) { trunk.vids = parse_vids(v); }, true},
			of_trunk(
				"vni-base",
				[&](const std::string &v) {
					trunk.vni_base = static_cast<uint32_t>(parse_number(kVniBaseRange, v));
					has_base = true;
				},
				false),
			of_trunk(
				"encap", [&](const std::string &v) { trunk.encap = parse_encap(v); }, false),
			of_trunk(
				"native", [&](const std::string &v) { trunk.native = parse_vid(v); }, false),
			of_trunk(
				"flood", [&](const std::string &v) { trunk.flood = parse_addresses(v); }, true),
		};
	}

	bool is_trunk() const { return !trunk.vids.empty(); }

	void check() const
	{
		if (is_trunk() && (!net.empty() || trunk.port.vid))
			throw request_error(
				"vids is for a trunk, whose networks are found by rule (vids LIST vni-base N, "
				"without net and vid)");
		if (is_trunk() && !has_base)
			throw request_error("vni-base is missing (vids LIST vni-base N)");
		if (!is_trunk() && !trunk_only.empty())
			throw request_error(fmt::format("{0} is for a trunk (vids LIST vni-base N)", trunk_only[0]));
		if (!is_trunk() && net.empty())
			throw request_error("net is missing (port add DEV net NAME, or vids LIST vni-base N)");
	}
};

void add_one(Context &context, const std::string &net, const PortConfig &port)
{
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
							"change attaches it; xovl port set changes it)",
							port_name(port.dev, port.vid)));
	});
}

void add(Context &context, Args &args)
{
	NewPort made;
	made.trunk.port.dev = parse_dev_name(args.next("DEV"));
	SettingWords<PortConfig> words;
	std::vector<Key> keys = made.keys();
	std::ranges::move(words.keys(true), std::back_inserter(keys));
	args.keys(keys);
	made.check();
	words.into(made.trunk.port);
	if (made.is_trunk())
		context.edit([&](Config &config) { add_trunk(config, made.trunk); });
	else
		add_one(context, made.net, made.trunk.port);
}

Error no_port(const std::string &dev, uint16_t vid)
{
	return request_error(fmt::format("there is no port {} (xovl port show)", port_name(dev, vid)));
}

void set(Context &context, Args &args)
{
	const std::string dev = args.next("DEV");
	uint16_t vid = 0;
	SettingWords<PortConfig> words;
	std::vector<Key> keys = {{"vid", Need::Optional, [&](const std::string &v) { vid = parse_vid(v); }}};
	std::ranges::move(words.keys(false), std::back_inserter(keys));
	args.keys(keys);
	if (words.empty())
		args.next("KEY VALUE");
	PortConfig any;
	words.into(any);
	context.edit([&](Config &config) {
		for (NetworkConfig &net : config.networks)
			for (PortConfig &port : net.ports)
				if (port.dev == dev && port.vid == vid)
					return words.into(port);
		throw no_port(dev, vid);
	});
}

void del(Context &context, Args &args)
{
	const std::string dev = args.next("DEV");
	std::vector<uint16_t> vids;
	args.keys({{"vid", Need::Optional, [&](const std::string &v) { vids.push_back(parse_vid(v)); }},
		   {"vids", Need::Optional, [&](const std::string &v) { vids = parse_vids(v); }, true}});
	if (vids.empty())
		vids.push_back(0);
	context.edit([&](Config &config) {
		for (uint16_t vid : vids)
			if (erase(config, dev, vid) == 0)
				throw no_port(dev, vid);
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

const std::string kAddUsage =
	"port add DEV net NAME [vid V] | vids LIST vni-base N [encap KIND] [native V] [flood LIST]" +
	settings_usage<PortConfig>(true);

const std::string kSetUsage = "port set DEV [vid V]" + settings_usage<PortConfig>(false);

const Command kCommands[] = {
	{"add", kAddUsage, add},
	{"set", kSetUsage, set},
	{"del", "port del DEV [vid V | vids LIST]", del},
	{"show", "port show [net NAME]", show},
};

} // namespace

const Object kPortObject{"port", kCommands};

} // namespace xovl

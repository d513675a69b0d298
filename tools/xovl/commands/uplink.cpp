// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl uplink: the interfaces that face the underlay.
#include <fmt/format.h>

#include <algorithm>

#include "command.hpp"
#include "setting_words.hpp"

namespace xovl {

namespace {

Error no_uplink(const std::string &dev)
{
	return request_error(fmt::format("there is no uplink {} (xovl uplink show)", dev));
}

void add(Context &context, Args &args)
{
	UplinkConfig uplink{.dev = parse_dev_name(args.next("DEV"))};
	SettingWords<UplinkConfig> words;
	args.keys(words.keys(true));
	words.into(uplink);
	context.edit([&](Config &config) {
		const auto known = std::ranges::find(config.uplinks, uplink.dev, &UplinkConfig::dev);
		if (known == config.uplinks.end() || !context.overlay().is_back(uplink.dev))
			config.uplinks.push_back(uplink);
		else if (*known != uplink) // an equal uplink is attached again
			throw request_error(
				fmt::format("uplink {0} exists already with other settings, and its interface "
					    "is back (xovl apply or any "
					    "change attaches it; xovl uplink set {0} changes it)",
					    uplink.dev));
	});
}

void set(Context &context, Args &args)
{
	std::string dev = args.next("DEV");
	SettingWords<UplinkConfig> words;
	if (args.empty())
		args.next("KEY VALUE");
	args.keys(words.keys(false));
	context.edit([&](Config &config) {
		auto uplink = std::ranges::find(config.uplinks, dev, &UplinkConfig::dev);
		if (uplink == config.uplinks.end())
			throw no_uplink(dev);
		words.into(*uplink);
	});
}

void del(Context &context, Args &args)
{
	std::string dev = args.next("DEV");
	args.end();
	context.edit([&](Config &config) {
		if (std::erase_if(config.uplinks, [&](const UplinkConfig &uplink) { return uplink.dev == dev; }) == 0)
			throw no_uplink(dev);
	});
}

void show(Context &context, Args &args)
{
	args.end();
	Table table({{"dev", "dev"},
		     {"vid", "vid", vid_text},
		     {"mode_asked", "mode asked"},
		     {"mode", "mode"},
		     {"rp_filter", "rp-filter"},
		     {"note", "note"},
		     {"options", "options", options_text},
		     {"programs", "programs", hooks_text}});
	for (const auto &[config, device, rp_filter] : context.overlay().uplinks())
		table.add({config.dev, config.vid, name_of(config.mode), name_of(device.mode), name_of(rp_filter),
			   device.note, options_of(config), hooks_json(device.hooks)});
	context.out.table(table);
}

const std::string kAddUsage = "uplink add DEV" + settings_usage<UplinkConfig>(true);

const std::string kSetUsage = "uplink set DEV" + settings_usage<UplinkConfig>(false);

const Command kCommands[] = {
	{"add", kAddUsage, add},
	{"set", kSetUsage, set},
	{"del", "uplink del DEV", del},
	{"show", "uplink show", show},
};

} // namespace

const Object kUplinkObject{"uplink", kCommands};

} // namespace xovl

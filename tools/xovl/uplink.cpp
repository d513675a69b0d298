// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl uplink: the interfaces that face the underlay.
#include <fmt/format.h>

#include "command.hpp"
#include "setting_words.hpp"

namespace xovl {

namespace {

void add(Context &context, Args &args)
{
	UplinkConfig uplink{.dev = parse_dev_name(args.next("DEV"))};
	SettingWords<UplinkConfig> words;
	args.keys(words.keys(true));
	words.into(uplink);
	context.edit([&](Config &config) { config.uplinks.push_back(uplink); });
}

void del(Context &context, Args &args)
{
	std::string dev = args.next("DEV");
	args.end();
	context.edit([&](Config &config) {
		if (std::erase_if(config.uplinks, [&](const UplinkConfig &uplink) { return uplink.dev == dev; }) == 0)
			throw request_error(fmt::format("there is no uplink {} (xovl uplink show)", dev));
	});
}

void show(Context &context, Args &args)
{
	args.end();
	Table table({{"dev", "dev"},
		     {"vid", "vid", vid_text},
		     {"mode_asked", "mode asked"},
		     {"mode", "mode"},
		     {"note", "note"},
		     {"options", "options", options_text},
		     {"programs", "programs", hooks_text}});
	for (const auto &[config, device] : context.overlay().uplinks())
		table.add({config.dev, config.vid, name_of(config.mode), name_of(device.mode), device.note,
			   options_of(config), hooks_json(device.hooks)});
	context.out.table(table);
}

const std::string kAddUsage = "uplink add DEV" + settings_usage<UplinkConfig>(true);

const Command kCommands[] = {
	{"add", kAddUsage, add},
	{"del", "uplink del DEV", del},
	{"show", "uplink show", show},
};

} // namespace

const Object kUplinkObject{"uplink", kCommands};

} // namespace xovl

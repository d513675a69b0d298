// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl uplink: the interfaces that face the underlay.
#include <fmt/format.h>

#include "command.hpp"

namespace xovl {

namespace {

void add(Context &context, Args &args)
{
	UplinkConfig uplink{.dev = parse_dev_name(args.next("DEV"))};
	args.keys({
		{"vid", Need::Optional, [&](const std::string &v) { uplink.vid = parse_vid(v); }},
		{"mode", Need::Optional, [&](const std::string &v) { uplink.mode = parse_mode(v); }},
	});
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
		     {"note", "note"}});
	for (const DeviceStatus &uplink : context.overlay().uplinks())
		table.add({uplink.dev, uplink.vid, name_of(uplink.mode_asked), name_of(uplink.mode), uplink.note});
	context.out.table(table);
}

constexpr Command kCommands[] = {
	{"add", "uplink add DEV [vid V] [mode auto|native|generic|tc]", add},
	{"del", "uplink del DEV", del},
	{"show", "uplink show", show},
};

} // namespace

const Object kUplinkObject{"uplink", kCommands};

} // namespace xovl

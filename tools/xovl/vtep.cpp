// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl vtep: the local tunnel addresses.
#include <fmt/format.h>

#include "command.hpp"
#include "setting_words.hpp"

namespace xovl {

namespace {

void add(Context &context, Args &args)
{
	VtepConfig vtep{.local = Address::parse(args.next("IP"))};
	SettingWords<VtepConfig> words;
	args.keys(words.keys(true));
	words.into(vtep);
	context.edit([&](Config &config) { config.vteps.push_back(vtep); });
}

void del(Context &context, Args &args)
{
	Address local = Address::parse(args.next("IP"));
	args.end();
	context.edit([&](Config &config) {
		if (std::erase_if(config.vteps, [&](const VtepConfig &vtep) { return vtep.local == local; }) == 0)
			throw request_error(fmt::format("there is no vtep {} (xovl vtep show)", local.str()));
	});
}

void show(Context &context, Args &args)
{
	args.end();
	Table table({{"local", "local"}, {"foreign", "foreign"}, {"options", "options", options_text}});
	for (const VtepConfig &vtep : context.overlay().running(false).vteps)
		table.add({vtep.local.str(), vtep.foreign_pass ? "pass" : "drop", options_of(vtep)});
	context.out.table(table);
}

const std::string kAddUsage = "vtep add IP" + settings_usage<VtepConfig>(true);

const Command kCommands[] = {
	{"add", kAddUsage, add},
	{"del", "vtep del IP", del},
	{"show", "vtep show", show},
};

} // namespace

const Object kVtepObject{"vtep", kCommands};

} // namespace xovl

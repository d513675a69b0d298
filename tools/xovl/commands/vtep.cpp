// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl vtep: the local tunnel addresses.
#include <fmt/format.h>

#include <algorithm>

#include "command.hpp"
#include "setting_words.hpp"

namespace xovl {

namespace {

Error no_vtep(const Address &local)
{
	return request_error(fmt::format("there is no vtep {} (xovl vtep show)", local.str()));
}

void add(Context &context, Args &args)
{
	VtepConfig vtep{.local = Address::parse(args.next("IP"))};
	SettingWords<VtepConfig> words;
	args.keys(words.keys(true));
	words.into(vtep);
	context.edit([&](Config &config) { config.vteps.push_back(vtep); });
	context.warn_of_absent_vteps("vtep add", vtep.local);
}

void set(Context &context, Args &args)
{
	Address local = Address::parse(args.next("IP"));
	SettingWords<VtepConfig> words;
	if (args.empty())
		args.next("KEY VALUE");
	args.keys(words.keys(false));
	context.edit([&](Config &config) {
		auto vtep = std::ranges::find(config.vteps, local, &VtepConfig::local);
		if (vtep == config.vteps.end())
			throw no_vtep(local);
		words.into(*vtep);
	});
}

void del(Context &context, Args &args)
{
	Address local = Address::parse(args.next("IP"));
	args.end();
	context.edit([&](Config &config) {
		if (std::erase_if(config.vteps, [&](const VtepConfig &vtep) { return vtep.local == local; }) == 0)
			throw no_vtep(local);
	});
}

void show(Context &context, Args &args)
{
	args.end();
	Table table({{"local", "local"},
		     {"foreign", "foreign"},
		     {"state", "state"},
		     {"options", "options", options_text},
		     {"note", "note"}});
	for (const auto &[vtep, note, is_here] : context.overlay().vteps())
		table.add({vtep.local.str(), name_of(vtep.foreign), is_here ? "local" : "absent", options_of(vtep),
			   note});
	context.out.table(table);
}

const std::string kAddUsage = "vtep add IP" + settings_usage<VtepConfig>(true);

const std::string kSetUsage = "vtep set IP" + settings_usage<VtepConfig>(false);

const Command kCommands[] = {
	{"add", kAddUsage, add},
	{"set", kSetUsage, set},
	{"del", "vtep del IP", del},
	{"show", "vtep show", show},
};

} // namespace

const Object kVtepObject{"vtep", kCommands};

} // namespace xovl

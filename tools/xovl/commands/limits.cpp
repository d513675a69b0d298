// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl limits: the sizes of the tables, fixed when the datapath is loaded.
#include <cstdint>

#include "command.hpp"

namespace xovl {

namespace {

void show(Context &context, Args &args)
{
	args.end();
	const Limits limits = context.overlay().limits();
	const Limits use = context.overlay().use();
	std::vector<Column> columns;
	std::vector<Json> row;
	for (const LimitKey &limit : kLimitKeys) {
		columns.push_back({limit.range.what, limit.range.what});
		row.emplace_back(limits.*limit.member);
	}
	for (const LimitKey &limit : kLimitKeys) {
		const std::string name = limit.range.what;
		columns.push_back({name + "_used", name + " used"});
		row.emplace_back(use.*limit.member);
	}
	Table table(columns);
	table.add(row);
	context.out.table(table);
}

void set(Context &context, Args &args)
{
	Limits wanted;
	std::vector<uint32_t Limits::*> given;
	std::vector<Key> keys;
	for (const LimitKey &limit : kLimitKeys)
		keys.push_back({limit.range.what, Need::Optional, [&](const std::string &text) {
					wanted.*limit.member = static_cast<uint32_t>(parse_number(limit.range, text));
					given.push_back(limit.member);
				}});
	if (args.empty())
		args.next("KEY VALUE");
	args.keys(keys);
	Limits limits = context.overlay_to_change().limits();
	for (auto member : given)
		limits.*member = wanted.*member;
	context.edit([&](Config &config) { config.limits = limits; });
}

constexpr Command kCommands[] = {
	{"set", "limits set [fdb N] [networks N] [peers N] [ports N] [members N]", set},
	{"show", "limits show", show},
};

} // namespace

const Object kLimitsObject{"limits", kCommands};

} // namespace xovl

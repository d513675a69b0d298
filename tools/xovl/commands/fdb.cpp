// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl fdb: the FDB entries.
#include <fmt/format.h>

#include <cmath>

#include "command.hpp"

namespace xovl {

namespace {

void put(Context &context, Args &args, bool replace)
{
	FdbWords words{.mac = Mac::parse(args.next("MAC"))};
	std::string net, dev;
	std::vector<Key> keys = {
		{"net", Need::Mandatory, [&](const std::string &v) { net = v; }},
		{"dst", Need::Optional, [&](const std::string &v) { words.dst = Address::parse(v); }},
		{"dev", Need::Optional, [&](const std::string &v) { dev = parse_dev_name(v); }},
		{"vid", Need::Optional, [&](const std::string &v) { words.vid = parse_vid(v); }},
	};
	for (Key &key : peer_keys(words.peer))
		keys.push_back(std::move(key));
	args.keys(keys);
	words.dev = dev;
	context.overlay_to_change().fdb_add(net, to_entry(words), replace, words.peer);
	context.tell(fmt::format("{} net {} fdb {}", replace ? "~" : "+", net, words.mac.str()));
}

void add(Context &context, Args &args)
{
	put(context, args, false);
}

void replace(Context &context, Args &args)
{
	put(context, args, true);
}

void del(Context &context, Args &args)
{
	Mac mac = Mac::parse(args.next("MAC"));
	std::string net;
	args.keys({{"net", Need::Mandatory, [&](const std::string &v) { net = v; }}});
	context.overlay_to_change().fdb_del(net, mac);
	context.tell(fmt::format("- net {} fdb {}", net, mac.str()));
}

const char *state_name(xovl_fdb_state state)
{
	switch (state) {
	case XOVL_FDB_STATIC:
		return "static";
	case XOVL_FDB_LEARNED:
		return "learned";
	case XOVL_FDB_CONTROL:
		return "control";
	}
	return "unknown";
}

std::string age_text(const Json &age)
{
	return fmt::format("{:.1f} s", age.get<double>());
}

void show(Context &context, Args &args)
{
	std::string net = net_filter(context, args);
	Table table({{"mac", "mac"},
		     {"net", "net"},
		     {"dst", "dst"},
		     {"dev", "dev"},
		     {"vid", "vid", vid_text},
		     {"state", "state"},
		     {"age", "age", age_text}});
	for (const FdbEntry &entry : context.overlay().fdb(net)) {
		bool learned = entry.state == XOVL_FDB_LEARNED;
		bool remote = entry.dst.has_value();
		table.add({entry.mac.str(), entry.net, remote ? Json(entry.dst->str()) : Json(),
			   remote ? Json() : Json(entry.dev), remote ? Json() : Json(entry.vid),
			   state_name(entry.state), learned ? Json(std::round(entry.age * 1000) / 1000) : Json()});
	}
	context.out.table(table);
}

void flush(Context &context, Args &args)
{
	std::string net;
	args.keys({{"net", Need::Mandatory, [&](const std::string &v) { net = v; }}});
	size_t flushed = context.overlay_to_change().fdb_flush(net);
	context.tell(fmt::format("- net {} fdb {} learned {}", net, flushed, flushed == 1 ? "entry" : "entries"));
}

constexpr Command kCommands[] = {
	{"add",
	 "fdb add MAC net NAME dst IP [encap KIND] [dstport P] [via direct|kernel|auto] [require encrypted|none] | dev "
	 "DEV [vid V]",
	 add},
	{"replace",
	 "fdb replace MAC net NAME dst IP [encap KIND] [dstport P] [via direct|kernel|auto] [require encrypted|none] | "
	 "dev DEV [vid V]",
	 replace},
	{"del", "fdb del MAC net NAME", del},
	{"show", "fdb show [net NAME]", show},
	{"flush", "fdb flush net NAME", flush},
};

} // namespace

const Object kFdbObject{"fdb", kCommands};

} // namespace xovl

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

xovl_fdb_state parse_state(const std::string &text)
{
	for (xovl_fdb_state state : {XOVL_FDB_STATIC, XOVL_FDB_LEARNED, XOVL_FDB_CONTROL})
		if (text == state_name(state))
			return state;
	throw request_error(fmt::format("{} is not a state (static|learned|control)", in_quotes(text)));
}

/// Returns the keys that say which entries are meant.
std::vector<Key> filter_keys(FdbFilter &filter, bool &any)
{
	auto given = [&any](auto set) {
		return [&any, set](const std::string &text) {
			set(text);
			any = true;
		};
	};
	return {
		{"net", Need::Optional, given([&](const std::string &v) { filter.net = v; })},
		{"dev", Need::Optional, given([&](const std::string &v) { filter.dev = parse_dev_name(v); })},
		{"vid", Need::Optional, [&](const std::string &v) { filter.vid = parse_vid(v); }},
		{"dst", Need::Optional, given([&](const std::string &v) { filter.dst = Address::parse(v); })},
	};
}

void check_filter(const FdbFilter &filter)
{
	if (filter.vid && filter.dev.empty())
		throw request_error("vid without dev (dev DEV vid V)");
}

void print(Context &context, const std::vector<FdbEntry> &entries)
{
	Table table({{"mac", "mac"},
		     {"net", "net"},
		     {"dst", "dst"},
		     {"dev", "dev"},
		     {"vid", "vid", vid_text},
		     {"state", "state"},
		     {"age", "age", age_text},
		     {"moves", "moves"},
		     {"held", "held"}});
	for (const FdbEntry &entry : entries) {
		bool learned = entry.state == XOVL_FDB_LEARNED;
		bool remote = entry.dst.has_value();
		table.add({entry.mac.str(), entry.net, remote ? Json(entry.dst->str()) : Json(),
			   remote ? Json() : Json(entry.dev), remote ? Json() : Json(entry.vid),
			   state_name(entry.state), learned ? Json(std::round(entry.age * 1000) / 1000) : Json(),
			   learned ? Json(entry.moves) : Json(), learned ? Json(entry.held) : Json()});
	}
	context.out.table(table);
}

void show(Context &context, Args &args)
{
	FdbFilter filter;
	bool any = false;
	std::vector<Key> keys = filter_keys(filter, any);
	keys.push_back({"state", Need::Optional, [&](const std::string &v) { filter.state = parse_state(v); }});
	args.keys(keys);
	check_filter(filter);
	print(context, context.overlay().fdb(filter));
}

void get(Context &context, Args &args)
{
	FdbFilter filter{.mac = Mac::parse(args.next("MAC"))};
	args.keys({{"net", Need::Mandatory, [&](const std::string &v) { filter.net = v; }}});
	const std::vector<FdbEntry> entries = context.overlay().fdb(filter);
	if (entries.empty())
		throw request_error(fmt::format("{} is not in network \"{}\" (xovl fdb show net {})", filter.mac->str(),
						filter.net, filter.net));
	print(context, entries);
}

void flush(Context &context, Args &args)
{
	FdbFilter filter;
	bool any = false;
	std::vector<Key> keys = filter_keys(filter, any);
	keys.push_back({"learned", Need::Optional, [&](const std::string &v) { any |= parse_on_off("learned", v); },
			false, true});
	args.keys(keys);
	check_filter(filter);
	if (!any)
		throw request_error("which entries? (net NAME, dev DEV, dst IP, or learned for all)");
	const size_t flushed = context.overlay_to_change().fdb_flush(filter);
	context.tell(fmt::format("- {} learned {}", flushed, flushed == 1 ? "entry" : "entries"));
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
	{"get", "fdb get MAC net NAME", get},
	{"show", "fdb show [net NAME] [dev DEV [vid V]] [dst IP] [state static|learned|control]", show},
	{"flush", "fdb flush [net NAME] [dev DEV [vid V]] [dst IP] [learned]", flush},
};

} // namespace

const Object kFdbObject{"fdb", kCommands};

} // namespace xovl

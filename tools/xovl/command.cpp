// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

namespace xovl {

namespace {

void version(Context &context, Args &args)
{
	args.end();
	std::optional<Build> running;
	std::string unseen;
	try {
		running = context.running_build();
	} catch (const Error &error) {
		unseen = error.what();
	}
	const Build &own = own_build();
	if (context.out.is_json()) {
		Json json = {{"version", own.version}, {"build", own.id_str()}, {"running", nullptr}};
		if (running)
			json["running"] = {{"version", running->version}, {"build", running->id_str()}};
		if (!unseen.empty())
			json["running_unseen"] = unseen;
		context.out.json(json);
	} else {
		context.out.text(fmt::format("xovl {}\n", own.str()));
		if (running)
			context.out.text(fmt::format("running: {}\n",
						     running->same_programs(own) ? "this build" : running->str()));
	}
	if (unseen.empty())
		return;
	context.flush();
	throw Error(Error::Kind::System, fmt::format("the running build cannot be read: {}", unseen));
}

void help(Context &context, Args &args)
{
	std::string object = args.empty() ? "" : args.next("OBJECT");
	args.end();
	context.out.text(help_text(object));
}

constexpr Command kVersion[] = {{"", "version", version}};
constexpr Command kHelp[] = {{"", "help [OBJECT]", help}};
const Object kVersionObject{"version", kVersion};
const Object kHelpObject{"help", kHelp};

const Object *const kObjects[] = {
	&kVtepObject,  &kUplinkObject, &kNetObject,  &kPortObject, &kFdbObject,    &kFloodObject,   &kPeerObject,
	&kStatsObject, &kApplyObject,  &kSaveObject, &kDownObject, &kLimitsObject, &kVersionObject, &kHelpObject,
};

constexpr std::string_view kOptions =
	"options:\n"
	"  -n NETNS        in this network namespace: a name, a path or a process id\n"
	"  -j              print JSON\n"
	"  -p              print JSON over several lines\n"
	"  -v              say on stderr what is done\n"
	"  -b FILE         run the commands of FILE, one on each line; - is standard input\n"
	"  --pin-root DIR  keep the pins below DIR (default: XOVL_PIN_ROOT, else /sys/fs/bpf/xovl)\n"
	"Names of objects and commands may be shortened as long as they are unique (not \"down\").\n";

struct Word {
	std::string_view name;
	bool abbreviable = true;
};

/// Returns the index of the word that equals given, or of the only word that starts with it. Throws Error(Request)
/// 'unknown object "x" (…)' otherwise.
size_t find_word(std::string_view what, std::string_view given, const std::vector<Word> &words)
{
	std::vector<std::string_view> names, begun;
	size_t found = 0;
	for (size_t i = 0; i < words.size(); i++) {
		if (words[i].name == given)
			return i;
		names.push_back(words[i].name);
		if (words[i].abbreviable && !given.empty() && words[i].name.starts_with(given)) {
			begun.push_back(words[i].name);
			found = i;
		}
	}
	if (begun.size() == 1)
		return found;
	throw request_error(begun.empty() ? fmt::format("unknown {} \"{}\" ({})", what, given, fmt::join(names, ", "))
					  : fmt::format("\"{}\" is not unique ({})", given, fmt::join(begun, ", ")));
}

const Object &find_object(const std::string &given)
{
	std::vector<Word> words;
	for (const Object *object : kObjects)
		words.push_back({object->name, object->abbreviable});
	return *kObjects[find_word("object", given, words)];
}

const Command &find_command(const Object &object, const std::string &given)
{
	std::vector<Word> words;
	for (const Command &command : object.commands)
		words.push_back({command.name});
	return object.commands[find_word("command", given, words)];
}

/// Breaks text into lines of at most 110 columns, where possible before a key in brackets.
std::string wrapped(std::string_view text)
{
	constexpr size_t columns = 110;
	std::string out, line;
	for (size_t begin = 0; begin < text.size();) {
		const size_t end = std::min(text.find(" [", begin + 1), text.size());
		if (!line.empty() && line.size() + end - begin > columns) {
			out += line + "\n";
			line = "       ";
		}
		line += text.substr(begin, end - begin);
		begin = end;
	}
	return out + line + "\n";
}

std::string usage_lines(const Object &object)
{
	std::string lines;
	for (const Command &command : object.commands)
		lines += wrapped(fmt::format("  xovl {}", command.usage));
	return lines;
}

} // namespace

std::string help_text(const std::string &object)
{
	if (!object.empty())
		return usage_lines(find_object(object));
	std::string text = "usage: xovl [OPTIONS] OBJECT COMMAND [KEY VALUE ...]\n";
	for (const Object *each : kObjects)
		text += usage_lines(*each);
	return text.append(kOptions);
}

void run_command(Context &context, const std::vector<std::string> &words)
{
	const Object &object = find_object(words[0]);
	std::string name(object.name);
	try {
		// no COMMAND means show, as in ip(8)
		bool alone = object.commands.front().name.empty();
		const std::string given = alone ? "" : words.size() > 1 ? words[1] : "show";
		if (words.size() == 2 && words[1] == "help") { // a file of that name is ./help
			context.out.text(usage_lines(object));
			return;
		}
		const Command &command = find_command(object, given);
		if (!alone)
			name += fmt::format(" {}", command.name);
		auto rest = words.begin() + (alone || words.size() < 2 ? 1 : 2);
		Args args({rest, words.end()}, command.usage);
		command.run(context, args);
		for (const std::string &note : context.take_notes())
			fmt::print(stderr, "xovl: {}: note: {}\n", name, note);
	} catch (const Error &error) {
		throw Error(error.kind(), fmt::format("{}: {}", name, error.what()));
	}
}

NetworkConfig &network_of(Config &config, const std::string &name)
{
	NetworkConfig *network = config.find_network(name);
	if (!network)
		throw no_network(name);
	return *network;
}

std::string net_filter(Context &context, Args &args)
{
	std::string net;
	args.keys({{"net", Need::Optional, [&](const std::string &v) { net = v; }}});
	if (!net.empty()) {
		Config config = context.overlay().running(false);
		network_of(config, net);
	}
	return net;
}

std::vector<Key> peer_keys(PeerWords &words)
{
	return {
		{"encap", Need::Optional, [&](const std::string &v) { words.encap = parse_encap(v); }},
		{"dstport", Need::Optional,
		 [&](const std::string &v) { words.dstport = static_cast<uint16_t>(parse_number(kDstportRange, v)); }},
		{"via", Need::Optional, [&](const std::string &v) { words.via = parse_via(v); }},
		{"require", Need::Optional, [&](const std::string &v) { words.encrypted = parse_require(v); }},
	};
}

uint16_t parse_vid(const std::string &text)
{
	return static_cast<uint16_t>(parse_number(kVlanRange, text));
}

const OverlayView &Context::overlay()
{
	if (overlay_)
		return *overlay_;
	if (!view_)
		view_.emplace(options_.pin_root);
	return *view_;
}

Overlay &Context::overlay_to_change()
{
	view_.reset();
	if (!overlay_)
		overlay_.emplace(options_.pin_root);
	return *overlay_;
}

std::vector<std::string> Context::take_notes()
{
	if (overlay_)
		return overlay_->take_notes();
	return view_ ? view_->take_notes() : std::vector<std::string>();
}

void Context::release()
{
	view_.reset();
	overlay_.reset();
}

void Context::flush()
{
	if (out.empty())
		return;
	release();
	out.flush();
}

void Context::down()
{
	release();
	Overlay::down(options_.pin_root);
}

StaleStates Context::down_stale()
{
	release();
	return Overlay::down_stale(options_.pin_root);
}

std::optional<Build> Context::running_build()
{
	release();
	return xovl::running_build(options_.pin_root);
}

void Context::edit(const std::function<void(Config &)> &change)
{
	if (!options_.verbose)
		return overlay_to_change().edit(change);
	Config before, after;
	overlay_to_change().edit([&](Config &config) {
		before = config;
		change(config);
		after = config;
	});
	for (const std::string &line : describe_changes(before, after))
		tell(line);
}

void Context::warn_of_absent_vteps(const std::string &command, const std::optional<Address> &only)
{
	for (const VtepStatus &vtep : overlay().vteps())
		if (!vtep.is_here && (!only || *only == vtep.config.local))
			fmt::print(stderr, "xovl: {}: note: no interface has address {} (xovl waits for it)\n", command,
				   vtep.config.local.str());
}

void Context::tell(const std::string &line) const
{
	if (options_.verbose)
		fmt::print(stderr, "{}\n", printable(line));
}

} // namespace xovl

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl apply, save and down: the complete configuration.
#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>
#include <set>

#include "base/text_file.hpp"
#include "command.hpp"
#include "file/fdb_file.hpp"

namespace xovl {

namespace {

Config read_config(Context &context, const std::string &file)
{
	const Limits in_force = context.overlay().limits();
	const std::set<std::string> known = device_names(context.overlay().running(false));
	context.release(); // the writer of the file may be slow
	const ConfigCheck check = [&](const Config &config, const Where &where) {
		check_interfaces(config, known, where);
	};
	if (file != "-")
		return read_yaml_file(file, in_force, check);
	return parse_yaml(read_text(STDIN_FILENO, "<stdin>", kYamlMost), "<stdin>", in_force, check);
}

/// Prints a note for each missing interface. An interface that was configured before may be missing; the file is not
/// refused for it.
void note_missing(Context &context, const Config &config)
{
	std::set<std::string> optional;
	for (const auto &net : config.networks)
		for (const auto &port : net.ports)
			if (port.optional)
				optional.insert(port.dev);
	for (const std::string &dev : context.overlay().missing())
		if (!optional.contains(dev))
			fmt::print(stderr,
				   "xovl: apply: note: {} is missing: any change attaches it once it is there\n",
				   printable(dev));
}

void apply(Context &context, Args &args)
{
	bool dry_run = args.flag("--dry-run");
	std::string file = args.next("FILE");
	args.end();
	Config wanted = read_config(context, file);
	const std::vector<std::string> changes =
		dry_run ? context.overlay().preview(wanted) : context.overlay_to_change().apply(wanted);
	if (!dry_run)
		context.warn_of_absent_vteps("apply");
	const auto running = context.overlay().running_build();
	if (running && !running->same_programs(own_build()))
		fmt::print(stderr,
			   "xovl: apply: {} runs, this is {} (xovl down, then apply, puts this one in its place)\n",
			   running->str(), own_build().str());
	if (context.out.is_json())
		context.out.json({{"changes", changes}});
	else
		for (const std::string &change : changes)
			context.out.text(printable(change) + "\n");
	if (!dry_run)
		note_missing(context, wanted);
}

void save(Context &context, Args &args)
{
	const std::optional<std::string> fdb_file = args.value_of("--fdb");
	args.end();
	const Config config = context.overlay().running(true);
	context.release(); // the reader of the output may be slow
	if (fdb_file)
		write_text_file(*fdb_file, to_fdb_file(config));
	context.out.text(to_yaml(config, fdb_file.value_or("")));
}

void down_stale(Context &context)
{
	const StaleStates states = context.down_stale();
	std::vector<std::string> kept = states.kept;
	kept.insert(kept.end(), states.unseen.begin(), states.unseen.end());
	if (context.out.is_json())
		context.out.json({{"removed", states.removed}, {"kept", kept}});
	else {
		for (const std::string &name : states.removed)
			context.out.text(fmt::format("- {}\n", name));
		for (const std::string &state : kept)
			context.out.text(fmt::format("kept {}\n", printable(state)));
	}
	if (states.unseen.empty())
		return;
	context.flush();
	const size_t more = states.unseen.size() - 1;
	throw Error(Error::Kind::System,
		    states.unseen.front() + (more ? fmt::format(" (and {} more of those that were kept)", more) : ""));
}

void down(Context &context, Args &args)
{
	const bool stale = args.flag("--stale");
	args.end();
	if (stale)
		return down_stale(context);
	context.down();
	context.tell("- everything");
}

constexpr Command kApply[] = {{"", "apply FILE [--dry-run]", apply}};
constexpr Command kSave[] = {{"", "save [--fdb FILE]", save}};
constexpr Command kDown[] = {{"", "down [--stale]", down}};

} // namespace

const Object kApplyObject{"apply", kApply};
const Object kSaveObject{"save", kSave};
const Object kDownObject{"down", kDown, false};

} // namespace xovl

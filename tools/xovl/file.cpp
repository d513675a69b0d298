// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl apply, save and down: the whole configuration at once.
#include <fmt/format.h>

#include <unistd.h>

#include "command.hpp"
#include "fdb_file.hpp"
#include "text_file.hpp"

namespace xovl {

namespace {

Config read_config(Context &context, const std::string &file)
{
	Limits in_force = context.overlay().limits();
	context.release(); // who writes the file may be slow
	if (file != "-")
		return read_yaml_file(file, in_force, check_interfaces);
	return parse_yaml(read_text(STDIN_FILENO, "<stdin>", kYamlMost), "<stdin>", in_force, check_interfaces);
}

void apply(Context &context, Args &args)
{
	bool dry_run = args.flag("--dry-run");
	std::string file = args.next("FILE");
	args.end();
	Config wanted = read_config(context, file);
	std::vector<std::string> changes = context.overlay().apply(wanted, dry_run);
	if (!dry_run)
		context.warn_of_absent_vteps("apply");
	if (context.out.is_json())
		context.out.json({{"changes", changes}});
	else
		for (const std::string &change : changes)
			context.out.text(printable(change) + "\n");
}

void save(Context &context, Args &args)
{
	const std::optional<std::string> fdb_file = args.value_of("--fdb");
	args.end();
	const Config config = context.overlay().running(true);
	context.release(); // who reads the files may be slow
	if (fdb_file)
		write_text_file(*fdb_file, to_fdb_file(config));
	context.out.text(to_yaml(config, fdb_file.value_or("")));
}

void down(Context &context, Args &args)
{
	args.end();
	context.down();
	context.tell("- everything");
}

constexpr Command kApply[] = {{"", "apply FILE [--dry-run]", apply}};
constexpr Command kSave[] = {{"", "save [--fdb FILE]", save}};
constexpr Command kDown[] = {{"", "down", down}};

} // namespace

const Object kApplyObject{"apply", kApply};
const Object kSaveObject{"save", kSave};
const Object kDownObject{"down", kDown, false};

} // namespace xovl

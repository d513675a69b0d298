// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl-bench: reads the options and runs one plan after the other. tools/bench builds and runs it.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <optional>

#include "generator.hpp"
#include "plans.hpp"
#include "report.hpp"

namespace {

using namespace xovl::bench;

constexpr unsigned kQuickRounds = 3, kFullRounds = 9;

struct CommandLine {
	Settings settings;
	std::vector<std::string> only;
	bool json = false;
	bool list = false;
};

void add_options(CLI::App &app, CommandLine &line)
{
	app.description("Measure xovl beside the kernel's vxlan and beside the least that a path costs.");
	app.add_flag("--quick", line.settings.quick, "Less of everything, in two minutes");
	app.add_option("--rounds", line.settings.rounds, "Samples of each subject")->check(CLI::Range(1, 1000));
	app.add_option("--only", line.only, "Only groups whose id begins so")->delimiter(',')->type_name("ID[,ID...]");
	app.add_flag("--all", line.settings.all, "Also what is left out by default (see --list)");
	app.add_flag("--list", line.list, "Print the ids for --only and end; * marks what is measured by default");
	app.add_option("--against", line.settings.against,
		       "The xovl command of another build, measured beside this one")
		->check(CLI::ExistingFile);
	app.add_flag("-j", line.json, "JSON instead of tables");
}

std::vector<Group> run(const Plan &plan, const CommandLine &line)
{
	std::optional<OneCpu> one_cpu;
	if (plan.one_cpu)
		one_cpu.emplace();
	std::vector<Group> groups = plan.set_up();
	std::erase_if(groups, [&](const Group &group) { return !selected(line.only, group.id); });
	measure(groups, line.settings.rounds);
	for (Group &group : groups)
		for (Subject &subject : group.subjects)
			subject.sample = nullptr; // destroys the set-up that the subject runs on
	return groups;
}

void list_plans(const Settings &settings)
{
	for (const Plan &plan : all_plans(settings))
		fmt::print("{} {}\n", plan.by_default ? '*' : ' ', plan.id);
}

/// Throws std::runtime_error if a measurement was invalid, after all others are done.
void run_all(const CommandLine &line)
{
	const std::vector<Plan> todo = plans(line.settings, line.only);
	const Circumstances where = circumstances(line.settings);
	std::vector<Group> done;
	if (!line.json)
		fmt::print("{}", header_text(where));
	for (const Plan &plan : todo)
		for (const Group &group : run(plan, line)) {
			if (!line.json)
				fmt::print("{}", group_text(group));
			std::fflush(stdout);
			done.push_back(group);
		}
	if (line.json)
		fmt::print("{}\n", to_json(where, done).dump(2));
	std::fflush(stdout);
	for (const Group &group : done)
		if (group.invalid())
			throw std::runtime_error(group.id + " has INVALID subjects");
}

} // namespace

int main(int argc, char **argv)
{
	CommandLine line;
	CLI::App app;
	add_options(app, line);
	try {
		app.parse(argc, argv);
		if (!line.settings.rounds)
			line.settings.rounds = line.settings.quick ? kQuickRounds : kFullRounds;
		if (line.list) {
			list_plans(line.settings);
			return 0;
		}
		hold_signals();
		run_all(line);
		return 0;
	} catch (const CLI::ParseError &error) {
		if (error.get_exit_code() == 0) // --help
			return app.exit(error);
		fmt::print(stderr, "xovl-bench: {}\n", error.what());
		return 1;
	} catch (const Interrupted &interrupted) {
		fmt::print(stderr, "xovl-bench: interrupted\n");
		return 128 + interrupted.signal;
	} catch (const std::exception &error) {
		fmt::print(stderr, "xovl-bench: {}\n", one_line(error.what()));
		return 1;
	}
}

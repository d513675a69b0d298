// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The command xovl: reads the options, then runs one command or a file of commands. Errors become one line on stderr
// and the exit status.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "batch.hpp"
#include "command.hpp"
#include "netns.hpp"

namespace {

using namespace xovl;

constexpr const char *kPinRoot = "/sys/fs/bpf/xovl";

struct CommandLine {
	Options options{.pin_root = kPinRoot};
	std::optional<std::string> netns;
	std::optional<std::string> batch;
	bool help = false;
	std::vector<std::string> words;
};

/// Throws Error(Request) if an option is wrong.
CommandLine parse(int argc, char **argv)
{
	CommandLine line;
	CLI::App app;
	app.set_help_flag();
	app.allow_extras(); // OBJECT COMMAND and the arguments
	app.add_option("-n", line.netns)->type_name("NETNS");
	app.add_option("-b", line.batch)->type_name("FILE");
	app.add_option("--pin-root", line.options.pin_root)->type_name("DIR")->envname("XOVL_PIN_ROOT");
	for (CLI::Option *option : app.get_options())
		// repeated options are refused below, with a message of our own
		option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
	app.add_flag("-j", line.options.format.json);
	app.add_flag("-p", line.options.format.pretty);
	app.add_flag("-v", line.options.verbose);
	app.add_flag("-h,--help", line.help);
	try {
		app.parse(argc, argv);
	} catch (const CLI::ParseError &error) {
		throw request_error(fmt::format("{} (xovl help)", error.what()));
	}
	for (const CLI::Option *option : app.get_options())
		if (option->get_items_expected_max() && option->count() > 1)
			throw request_error(fmt::format("{} is given twice (once)", option->get_name()));
	line.words = app.remaining();
	line.options.format.json |= line.options.format.pretty;
	if (line.batch && !line.words.empty())
		throw request_error(
			fmt::format("-b: unexpected \"{}\" (the commands stand in the file)", line.words[0]));
	if (!line.batch && !line.help && line.words.empty())
		throw request_error("no OBJECT is given (xovl help)");
	if (!line.words.empty() && line.words[0].starts_with('-'))
		throw request_error(fmt::format("unknown option \"{}\" (xovl help)", line.words[0]));
	return line;
}

void run(const CommandLine &line)
{
	Context context(line.options);
	if (line.netns && !line.help)
		enter_netns(*line.netns);
	if (line.help)
		context.out.text(help_text(line.words.empty() ? "" : line.words[0]));
	else if (line.batch)
		run_batch(context, *line.batch);
	else
		run_command(context, line.words);
	context.flush();
}

} // namespace

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN); // writing to a closed pipe fails with EPIPE
	try {
		run(parse(argc, argv));
		return 0;
	} catch (const Error &error) {
		fmt::print(stderr, "xovl: {}\n", printable(error.what()));
		return error.exit_status();
	} catch (const OutputClosed &) {
		return static_cast<int>(Error::Kind::System);
	} catch (const std::exception &error) {
		fmt::print(stderr, "xovl: {}\n", printable(error.what()));
		return static_cast<int>(Error::Kind::System);
	}
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl stats: the datapath's counters.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>

#include "base/error.hpp"
#include "command.hpp"
#include "snapshot.hpp"

namespace xovl {

namespace {

constexpr std::string_view kClearScreen = "\033[H\033[J";  // ANSI escape sequences (console_codes(4))
constexpr NumberRange kIntervalRange{"--watch", 1, 86400}; ///< seconds

struct Request {
	std::string which;
	Cpus cpus = Cpus::Together;
	time_t interval = 0; ///< seconds; 0: print once
};

Request parse(Args &args)
{
	Request request;
	if (args.flag("--per-cpu"))
		request.cpus = Cpus::Each;
	if (auto seconds = args.value_of("--watch"))
		request.interval = static_cast<time_t>(parse_number(kIntervalRange, *seconds));
	if (!args.empty())
		request.which = parse_section(args.next("SECTION"));
	args.end();
	return request;
}

/// Blocks SIGINT and SIGTERM while an object lives, so that they end wait() instead of the process.
class Interrupt {
public:
	Interrupt()
	{
		sigemptyset(&signals_);
		sigaddset(&signals_, SIGINT);
		sigaddset(&signals_, SIGTERM);
		sigprocmask(SIG_BLOCK, &signals_, &before_);
	}
	~Interrupt() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
	Interrupt(const Interrupt &) = delete;
	Interrupt &operator=(const Interrupt &) = delete;

	/// Waits. Returns true if a signal has arrived.
	bool wait(time_t seconds) const
	{
		timespec timeout{.tv_sec = seconds};
		return sigtimedwait(&signals_, nullptr, &timeout) > 0;
	}

private:
	sigset_t signals_;
	sigset_t before_;
};

/// Adds the tables that are more than 90 % full. In text, the section is left out if there are none.
void add_nearly_full(Context &context, std::vector<Section> &sections)
{
	const Limits limits = context.overlay().limits(), use = context.overlay().use();
	Table table({{"limit", "limit"}, {"used", "used"}, {"most", "most"}});
	for (const LimitKey &key : kLimitKeys)
		if (uint64_t{use.*key.member} * 10 > uint64_t{limits.*key.member} * 9)
			table.add({key.range.what, use.*key.member, limits.*key.member});
	if (context.out.is_json() || !table.empty())
		sections.push_back({"nearly_full", table});
}

std::vector<Section> sections_of(Context &context, const Request &request, const Snapshot &now, const Snapshot *before)
{
	std::vector<Section> sections = tables_of(now, before);
	if (request.which.empty())
		add_nearly_full(context, sections);
	return sections;
}

Snapshot take(Context &context, const Request &request)
{
	return snapshot_of(context.overlay().counters(), request.which, request.cpus,
			   context.out.is_json() ? Zeros::Shown : Zeros::Hidden);
}

void watch(Context &context, const Request &request)
{
	bool clear = !context.out.is_json() && isatty(STDOUT_FILENO) == 1;
	Interrupt interrupt;
	std::optional<Snapshot> before;
	do {
		Snapshot now = take(context, request);
		if (clear)
			context.out.text(kClearScreen);
		else if (before && !context.out.is_json())
			context.out.text("\n");
		context.out.sections(sections_of(context, request, now, before ? &*before : nullptr));
		context.flush();
		before = std::move(now);
	} while (!interrupt.wait(request.interval));
}

void stats(Context &context, Args &args)
{
	Request request = parse(args);
	if (request.interval)
		watch(context, request);
	else
		context.out.sections(sections_of(context, request, take(context, request), nullptr));
}

constexpr Command kCommands[] = {{"", "stats [net|port|peer|drop] [--per-cpu] [--watch SECONDS]", stats}};

} // namespace

const Object kStatsObject{"stats", kCommands};

} // namespace xovl

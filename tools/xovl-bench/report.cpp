// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "report.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "process.hpp"

namespace xovl::bench {

using Json = nlohmann::ordered_json;

namespace {

constexpr size_t kColumn = 22; // width of a spread: "1234.5 (1234.1-1234.9)"

std::string cpu_model()
{
	std::ifstream file("/proc/cpuinfo");
	for (std::string line; std::getline(file, line);)
		if (line.starts_with("model name"))
			return line.substr(line.find(':') + 2);
	return "unknown CPU";
}

std::string version_of(const std::string &command)
{
	return one_line(test::must({command, "version"}));
}

/// Formats with four digits, or all digits before the decimal point.
std::string number(double value)
{
	const int decimals = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3;
	return fmt::format("{:.{}f}", value, decimals);
}

std::string spread_text(const Spread &spread)
{
	return fmt::format("{} ({}-{})", number(spread.median), number(spread.min), number(spread.max));
}

/// Returns the difference of two rates in millions per second as nanoseconds.
double ns_over(const Subject &subject, const Subject &floor)
{
	return 1000 / spread_of(subject.samples).median - 1000 / spread_of(floor.samples).median;
}

std::string ratio_text(const Group &group, const Subject &subject, const Reference &reference)
{
	const Subject *other = group.measured(reference.subject);
	return other && other != &subject ? spread_text(ratio_of(subject, *other, reference.inverse)) : "";
}

size_t name_width(const Group &group)
{
	size_t width = 0;
	for (const Subject &subject : group.subjects)
		width = std::max(width, subject.name.size());
	return width;
}

std::string failure_word(const Subject &subject)
{
	return subject.invalid ? "INVALID" : "not measured";
}

/// True if the group has packet lengths.
bool has_packets(const Group &group)
{
	return std::any_of(group.subjects.begin(), group.subjects.end(),
			   [](const Subject &subject) { return !subject.packets.empty(); });
}

std::string subject_text(const Group &group, const Subject &subject)
{
	const size_t width = name_width(group);
	if (!subject.failure.empty())
		return fmt::format("  {:<{}}  {}: {}\n", subject.name, width, failure_word(subject),
				   one_line(subject.failure));
	std::string line =
		fmt::format("  {:<{}}  {:<{}}", subject.name, width, spread_text(spread_of(subject.samples)), kColumn);
	for (const Reference &reference : group.references)
		line += fmt::format(" {:<{}}", ratio_text(group, subject, reference), kColumn);
	if (const Subject *floor = group.floor ? group.measured(*group.floor) : nullptr; floor && floor != &subject)
		line += fmt::format(" {:+.1f}", ns_over(subject, *floor));
	if (!subject.packets.empty())
		line += fmt::format(" {:.0f}", spread_of(subject.packets).median);
	return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

Json spread_json(const Spread &spread)
{
	return {{"median", spread.median}, {"min", spread.min}, {"max", spread.max}};
}

Json subject_json(const Group &group, const Subject &subject)
{
	if (!subject.failure.empty())
		return {{"name", subject.name},
			{subject.invalid ? "invalid" : "not_measured", one_line(subject.failure)}};
	Json json = {{"name", subject.name}};
	json.update(spread_json(spread_of(subject.samples)));
	json["samples"] = subject.samples;
	if (!subject.packets.empty())
		json["packet_octets"] = spread_json(spread_of(subject.packets));
	json["ratios"] = Json::object();
	for (const Reference &reference : group.references)
		if (const Subject *other = group.measured(reference.subject); other && other != &subject)
			json["ratios"][reference.title] = spread_json(ratio_of(subject, *other, reference.inverse));
	if (const Subject *floor = group.floor ? group.measured(*group.floor) : nullptr; floor && floor != &subject)
		json["ns_over_floor"] = ns_over(subject, *floor);
	return json;
}

} // namespace

Circumstances circumstances(const Settings &settings)
{
	utsname kernel = {};
	uname(&kernel);
	std::string against;
	if (!settings.against.empty())
		against = fmt::format("{} ({})", settings.against, version_of(settings.against));
	return {cpu_model(),    sysconf(_SC_NPROCESSORS_ONLN),
		kernel.release, version_of(XOVL_COMMAND),
		against,        settings.quick,
		settings.rounds};
}

std::string header_text(const Circumstances &c)
{
	return fmt::format(
		"{}\n{}{}, {} CPUs, Linux {}\n"
		"{} mode: median (smallest-largest) of {} rounds, in each of which every subject has its turn\n",
		c.version, c.against.empty() ? "" : "against " + c.against + "\n", c.cpu, c.cpus, c.kernel,
		c.quick ? "quick" : "full", c.rounds);
}

std::string group_text(const Group &group)
{
	std::string text = fmt::format("\n{}: {}\n  {:<{}}  {:<{}}", group.id, group.title, "", name_width(group),
				       group.unit, kColumn);
	for (const Reference &reference : group.references)
		text += fmt::format(" {:<{}}", reference.title, kColumn);
	text += group.floor ? fmt::format(" ns over {}", *group.floor) : "";
	text += has_packets(group) ? " octets a packet" : "";
	text.erase(text.find_last_not_of(' ') + 1);
	text += '\n';
	for (const Subject &subject : group.subjects)
		text += subject_text(group, subject);
	return text;
}

Json to_json(const Circumstances &c, const std::vector<Group> &groups)
{
	Json json = {{"version", c.version}, {"against", c.against}, {"cpu", c.cpu},       {"cpus", c.cpus},
		     {"kernel", c.kernel},   {"quick", c.quick},     {"rounds", c.rounds}, {"groups", Json::array()}};
	for (const Group &group : groups) {
		Json subjects = Json::array();
		for (const Subject &subject : group.subjects)
			subjects.push_back(subject_json(group, subject));
		json["groups"].push_back(
			{{"id", group.id}, {"title", group.title}, {"unit", group.unit}, {"subjects", subjects}});
	}
	return json;
}

std::string one_line(std::string text)
{
	text.erase(text.find_last_not_of('\n') + 1);
	std::replace(text.begin(), text.end(), '\n', ' ');
	return text;
}

} // namespace xovl::bench

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Time and memory that the xovl command takes.
#include <chrono>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "forwarder.hpp"
#include "large.hpp"
#include "overlays.hpp"
#include "plans.hpp"

namespace xovl::bench {

using namespace test;

namespace {

constexpr uint32_t kAdded = 10'000; // FDB entries added one by one

double seconds_of(const std::function<void()> &fn)
{
	const auto start = std::chrono::steady_clock::now();
	fn();
	return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A host with port0 and up0. Their other ends are in another namespace.
class Machine {
public:
	explicit Machine(const std::string &role) : host_(role + "-host"), far_(role + "-far")
	{
		veth(host_, "port0", far_, "tenant0");
		veth(host_, "up0", far_, "underlay0");
		host_.ip("addr add 192.0.2.1/24 dev up0");
	}

	const Host &host() const { return host_; }

private:
	Host host_;
	Netns far_;
};

/// Applies large files with one build. Each apply gives a time in seconds and a peak memory in MiB.
class Applied {
public:
	Applied(const Build &build, const Large &large)
		: machine_(build.name), command_(build.command), large_(large, "tc"), yaml_(large_.yaml()),
		  first_([this] {
			  machine_.host().xovl_must("down");
			  return apply_once();
		  }),
		  second_([this] { return apply_once(); })
	{
	}

	Both &first() { return first_; }
	/// Must be sampled after first().
	Both &second() { return second_; }

private:
	std::array<Sample, 2> apply_once() const
	{
		Result result;
		const double seconds = seconds_of([&] {
			result =
				run({command_, "-n", machine_.host().name(), "apply", yaml_.path()}, {.timeout = 120s});
		});
		if (!result.ok())
			throw std::runtime_error(result.timed_out ? "apply takes too long" : result.err);
		return {seconds, static_cast<double>(result.peak_memory) / (1 << 20)};
	}

	Machine machine_;
	std::string command_;
	LargeFile large_;
	TempFile yaml_;
	Both first_, second_;
};

std::vector<Group> apply_groups(const Settings &settings)
{
	const uint32_t entries = settings.quick ? 65536 : 1'000'000;
	const Large large = {.entries = entries, .networks = 4000, .peers = 1000};
	std::vector<Candidate<Applied>> all;
	for (const Build &build : builds(settings))
		all.emplace_back(build.name, [&] { return std::make_unique<Applied>(build, large); });
	const auto group = [&](const std::string &id, const std::string &what, const std::string &unit, size_t which) {
		Group group = {
			.id = "control-apply-" + id,
			.title = fmt::format(
				"{} of apply: {} FDB entries (plain file), 4000 networks, 1000 peers; and once more",
				what, entries),
			.unit = unit,
			.subjects = {}};
		for (const Candidate<Applied> &one : all) {
			group.subjects.push_back(
				one.subject([which](Applied &applied) { return applied.first().take(which); }));
			group.subjects.push_back(
				one.subject([which](Applied &applied) { return applied.second().take(which); }));
			group.subjects.back().name += "-again";
		}
		return group;
	};
	return {group("time", "Time", "s", 0), group("memory", "Peak memory", "MiB", 1)};
}

Group attach_group(const Settings &settings)
{
	Group group = {.id = "control-attach",
		       .title = "Time to apply one network with one port, mode tc, where nothing of xovl is loaded, "
				"and of down",
		       .unit = "ms",
		       .subjects = {}};
	for (const Build &build : builds(settings)) {
		const Candidate<Machine> machine(build.name, [&] { return std::make_unique<Machine>(build.name); });
		group.subjects.push_back(machine.subject([build](Machine &on) {
			on.host().xovl_must("down");
			return 1000 *
			       seconds_of([&] { apply(on.host(), build.command, blue_yaml("tc", {peer_address(0)})); });
		}));
		group.subjects.push_back(machine.subject([build](Machine &on) {
			return 1000 * seconds_of([&] { must({build.command, "-n", on.host().name(), "down"}); });
		}));
		group.subjects.back().name += "-down";
	}
	return group;
}

/// Returns a file of commands, one for each of kAdded FDB entries. {} in command is replaced by the MAC.
std::string batch_lines(const std::string &command)
{
	std::string text;
	for (uint32_t i = 0; i < kAdded; i++)
		text += fmt::format(fmt::runtime(command + "\n"), fmt::format("{:02x}", fmt::join(entry_mac(i), ":")));
	return text;
}

/// Adds FDB entries one by one and deletes them again. Returns thousands added per second.
double thousand_added(const Args &batch, const std::string &add, const std::string &del)
{
	const TempFile adding(batch_lines(add)), deleting(batch_lines(del));
	const auto run_file = [&](const TempFile &file) {
		Args argv = batch;
		argv.push_back(file.path());
		must(argv);
	};
	const double seconds = seconds_of([&] { run_file(adding); });
	run_file(deleting);
	return kAdded / seconds / 1000;
}

Group fdb_group(const Settings &settings)
{
	Group group = {
		.id = "control-fdb-add",
		.title = fmt::format("{} FDB entries added one by one, by xovl -b FILE and bridge -batch FILE", kAdded),
		.unit = "thousand/s",
		.subjects = {},
		.references = references(settings, {{"of kernel", "kernel"}})};
	for (const Build &build : builds(settings)) {
		const Candidate<Machine> machine(build.name, [&] {
			auto made = std::make_unique<Machine>("add-" + build.name);
			apply(made->host(), build.command, blue_yaml("tc", {peer_address(0)}));
			return made;
		});
		group.subjects.push_back(machine.subject([build](Machine &on) {
			return thousand_added({build.command, "-n", on.host().name(), "-b"},
					      "fdb add {} net blue dst 192.0.2.2", "fdb del {} net blue");
		}));
	}
	const Candidate<Machine> kernel("kernel", [] {
		auto made = std::make_unique<Machine>("add-kernel");
		join_vxlan(made->host(), kVni, "192.0.2.1", {peer_address(0)});
		return made;
	});
	group.subjects.push_back(kernel.subject([](Machine &on) {
		return thousand_added({"bridge", "-n", on.host().name(), "-batch"}, "fdb add {} dev vx0 dst 192.0.2.2",
				      "fdb del {} dev vx0");
	}));
	return group;
}

} // namespace

std::vector<Plan> control_plans(const Settings &settings)
{
	return {{"control-apply", false, [settings] { return apply_groups(settings); }},
		{"control-attach", false, [settings] { return std::vector<Group>{attach_group(settings)}; }},
		{"control-fdb-add", false, [settings] { return std::vector<Group>{fdb_group(settings)}; }}};
}

} // namespace xovl::bench

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// TCP where frames come in as from a network card, so that XDP sees what it is made for.
#include "chain.hpp"
#include "plans.hpp"

namespace xovl::bench {

namespace {

std::vector<Candidate<Chain>> candidates(const Settings &settings)
{
	const auto candidate = [&](const std::string &name, const std::function<void(Chain &)> &join) {
		return joined<Chain>(name, join, Links::Card, settings.quick ? 100 : 1000);
	};
	std::vector<Candidate<Chain>> all = {candidate("bridge", [](Chain &path) { path.join_by_bridge(); }),
					     candidate("kernel", [](Chain &path) { path.join_by_kernel(); })};
	for (const Modes &modes : {Modes{"tc", "tc"}, Modes{"native", "tc"}, Modes{"native", "native"}})
		for (const Build &build : builds(settings))
			all.push_back(candidate(build.name + "-" + modes.uplink + "-" + modes.port,
						[&](Chain &path) { path.join_by_xovl(build.command, modes); }));
	return all;
}

std::vector<Group> groups(const Settings &settings)
{
	const auto chains = candidates(settings);
	const auto group = [&](const std::string &id, const std::string &title, const std::string &unit,
			       size_t which) -> Group {
		return {.id = id,
			.title = title + "; frames as from cards (tx off at the clients, GRO on), modes uplink-port",
			.unit = unit,
			.subjects = subjects_of<Chain>(chains,
						       [which](Chain &path) { return path.one_stream().take(which); }),
			.references = {{"of bridge", "bridge"}, {"of kernel", "kernel"}}};
	};
	return {group("nic-tcp1", "One TCP stream", "Gb/s", 0),
		group("nic-cpu", "CPU time of the machine during it", "CPU s/GB", 1)};
}

} // namespace

std::vector<Plan> nic_plans(const Settings &settings)
{
	return {{"nic", false, [settings] { return groups(settings); }}};
}

} // namespace xovl::bench

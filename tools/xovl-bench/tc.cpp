// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Applications across two hosts, in mode tc: beside a bridge without any overlay, and beside the kernel's vxlan.
#include <fmt/format.h>

#include "chain.hpp"
#include "plans.hpp"
#include "streams.hpp"

namespace xovl::bench {

namespace {

using namespace std::chrono_literals;

std::vector<Candidate<Chain>> candidates(const Settings &settings)
{
	const auto candidate = [&](const std::string &name, const std::function<void(Chain &)> &join) {
		return joined<Chain>(name, join, Links::Veth, settings.quick ? 500 : 4000);
	};
	std::vector<Candidate<Chain>> all = {candidate("bridge", [](Chain &path) { path.join_by_bridge(); }),
					     candidate("kernel", [](Chain &path) { path.join_by_kernel(); })};
	for (const Build &build : builds(settings))
		all.push_back(candidate(build.name, [&](Chain &path) {
			path.join_by_xovl(build.command, {"tc", "tc"});
		}));
	return all;
}

std::vector<Group> groups(const Settings &settings)
{
	const auto chains = candidates(settings);
	const auto time = settings.quick ? 200ms : 1000ms;
	const auto group = [&](const std::string &id, const std::string &title, const std::string &unit,
			       const std::function<double(Chain &)> &sample) -> Group {
		return {.id = "tc-" + id,
			.title = title + "; client, host, host, client on veth pairs, MTU 1450",
			.unit = unit,
			.subjects = subjects_of<Chain>(chains, sample),
			.references = references(settings, {{"of bridge", "bridge"}, {"of kernel", "kernel"}})};
	};
	std::vector<Group> all = {
		group("tcp1", "One TCP stream (iperf3)", "Gb/s", [](Chain &path) { return path.one_stream().take(0); }),
		group("cpu", "CPU time of the whole machine during that stream", "CPU s/GB",
		      [](Chain &path) { return path.one_stream().take(1); }),
		group("tcp4", "Four TCP streams (iperf3)", "Gb/s", [](Chain &path) { return path.tcp(4)[0]; }),
		group("udp", "UDP, 64 octets: datagrams that arrive (own sender)", "thousand/s",
		      [time](Chain &path) { return udp_thousand_per_second(path.ends(), time); }),
		group("rr", "TCP request and response, on one CPU (sockperf)", "thousand/s",
		      [](Chain &path) { return tcp_thousand_transactions(path.ends(), 1); }),
	};
	if (settings.quick) { // two minutes are not enough for all
		std::erase_if(all, [](const Group &group) { return group.id == "tc-tcp4"; });
		all.back().most_rounds = 2;
	}
	return all;
}

} // namespace

std::vector<Plan> tc_plans(const Settings &settings)
{
	return {{"tc", false, [settings] { return groups(settings); }}};
}

} // namespace xovl::bench

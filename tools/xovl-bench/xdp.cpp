// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Known unicast in native XDP on one CPU, compared with a bare redirect and with the kernel.
#include <fmt/format.h>

#include "forwarder.hpp"
#include "plans.hpp"

namespace xovl::bench {

namespace {

std::vector<Candidate<Forwarder>> candidates(const Settings &settings, const Load &load)
{
	const Traffic tenant = load.traffic(Way::Encap), underlay = load.traffic(Way::Decap);
	const auto candidate = [&](const std::string &name, const std::function<void(Forwarder &)> &join) {
		return joined<Forwarder>(name, join, tenant, underlay);
	};
	std::vector<Candidate<Forwarder>> all = {candidate("bare", [](Forwarder &path) { path.join_by_redirect(); })};
	for (const Build &build : builds(settings))
		all.push_back(candidate(build.name, [&](Forwarder &path) {
			path.join_by_xovl(Layer::Xdp, build.command, blue_yaml("native", {load.peer()}));
		}));
	all.push_back(candidate("kernel", [&](Forwarder &path) { path.join_by_kernel({load.peer()}); }));
	return all;
}

std::string id_of(const Load &load)
{
	return fmt::format("xdp-{}-{}-{}", load.v6 ? "ipv6" : "ipv4", load.inner_len,
			   load.flows == 1 ? "1flow" : fmt::format("{}flows", load.flows));
}

Group group(const Settings &settings, const Load &load, Way way, const std::vector<Candidate<Forwarder>> &paths)
{
	const bool encap = way == Way::Encap;
	return {.id = id_of(load) + (encap ? "-encap" : "-decap"),
		.title = fmt::format("XDP {}: VXLAN over {}, inner frames of {} octets, {}, one CPU",
				     encap ? "encap" : "decap", load.v6 ? "IPv6" : "IPv4", load.inner_len,
				     load.flows == 1 ? "one flow" : fmt::format("{} flows", load.flows)),
		.unit = "million frames/s",
		.subjects = subjects_of<Forwarder>(paths, [way](Forwarder &path) { return path.sample(way); }),
		.references = references(settings, {{"of bare", "bare"}, {"of kernel", "kernel"}}),
		.floor = "bare"};
}

} // namespace

std::vector<Plan> xdp_plans(const Settings &settings)
{
	std::vector<Load> loads = {{.flows = 1}, {.flows = 1000}};
	if (!settings.quick)
		loads.insert(loads.end(), {{.inner_len = 1400},
					   {.inner_len = 1400, .flows = 1000},
					   {.v6 = true},
					   {.v6 = true, .flows = 1000}});
	std::vector<Plan> plans;
	for (const Load &load : loads)
		plans.push_back({id_of(load), true, [settings, load] {
					 const auto paths = candidates(settings, load);
					 return std::vector<Group>{group(settings, load, Way::Encap, paths),
								   group(settings, load, Way::Decap, paths)};
				 }});
	return plans;
}

} // namespace xovl::bench

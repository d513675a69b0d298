// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What port security costs: a port without it, and guarded, locked and isolated ports.
#include <fmt/format.h>

#include "chain.hpp"
#include "forwarder.hpp"
#include "plans.hpp"

namespace xovl::bench {

namespace {

struct Kind {
	std::string name;
	std::string port_words; ///< keys of the port
};

std::vector<Kind> kinds(const std::string &mac, const std::string &addresses)
{
	return {{"open", ""},
		{"mac-guard", fmt::format(", mac-guard: [\"{}\"]", mac)},
		{"guarded", fmt::format(", mac-guard: [\"{}\"], ip-guard: [{}]", mac, addresses)},
		{"isolated", ", isolated: true"}};
}

std::vector<Group> xdp_groups(const Settings &settings)
{
	const Load load;
	std::vector<Candidate<Forwarder>> paths;
	const auto add = [&](const std::string &name, const std::function<void(Forwarder &)> &join) {
		paths.push_back(joined<Forwarder>(name, join, load.traffic(Way::Encap), load.traffic(Way::Decap)));
	};
	add("bare", [](Forwarder &path) { path.join_by_redirect(); });
	for (const Kind &kind : kinds(kTenantMac, "10.1.0.1"))
		add(kind.name, [=](Forwarder &path) {
			path.join_by_xovl(Layer::Xdp, XOVL_COMMAND,
					  blue_yaml("native", {load.peer()}, {}, kind.port_words));
		});
	const Burst burst = {.count = settings.quick ? 300'000u : 1'000'000u};
	return {{.id = "security-xdp",
		 .title = "XDP encap and the security of the port, over IPv4, inner frames of 60 octets, one flow, one "
			  "CPU",
		 .unit = "million frames/s",
		 .subjects = subjects_of<Forwarder>(
			 paths, [burst](Forwarder &path) { return path.sample(Way::Encap, burst); }),
		 .references = {{"of bare", "bare"}, {"of open", "open"}},
		 .floor = "bare"}};
}

std::vector<Group> tc_groups(const Settings &settings)
{
	std::vector<Contender> contenders;
	for (const Kind &kind : kinds("02:00:00:00:00:00", "10.1.0.0/24")) {
		if (kind.name == "mac-guard")
			continue; // clients have MACs of the kernel's choice
		const std::string words = kind.name == "guarded" ? ", ip-guard: [10.1.0.0/24]" : kind.port_words;
		const Overlay xovl = by_xovl(XOVL_COMMAND, {"tc", "tc", "", words});
		contenders.push_back({kind.name, xovl, xovl});
	}
	const auto paths = chains({.links = super_frame_links()}, contenders);
	const TcpLoad load = {.streams = 1, .amount = settings.quick ? "-n 500M" : "-n 4000M"};
	const std::string title =
		"and the security of the ports; super-frames; client, host, host, client on veth pairs, MTU 1450";
	return {{.id = "security-tcp1",
		 .title = "One TCP stream (iperf3) " + title,
		 .unit = "Gb/s",
		 .subjects = subjects_of<Chain>(paths, [load](Chain &path) { return path.tcp(load)[0]; }),
		 .references = {{"of open", "open"}}},
		{.id = "security-rr",
		 .title = "TCP request and response, on one CPU (sockperf) " + title,
		 .unit = "thousand/s",
		 .subjects = subjects_of<Chain>(paths, [](Chain &path) { return path.transactions(1); }),
		 .references = {{"of open", "open"}}}};
}

} // namespace

std::vector<Plan> security_plans(const Settings &settings)
{
	return {{"security-xdp", true, [settings] { return xdp_groups(settings); }, !settings.quick},
		{"security", false, [settings] { return tc_groups(settings); }, !settings.quick}};
}

} // namespace xovl::bench

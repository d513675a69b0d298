// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The encapsulations compared: known unicast in native XDP on one CPU, and a TCP stream in mode tc.
#include <fmt/format.h>

#include "chain.hpp"
#include "forwarder.hpp"
#include "plans.hpp"

namespace xovl::bench {

namespace {

/// Large enough for every encapsulation with the MTU that clients have for VXLAN.
constexpr unsigned kUnderlayMtu = 1600;

std::vector<Candidate<Forwarder>> forwarders(bool v6)
{
	std::vector<Candidate<Forwarder>> all;
	const auto add = [&](const std::string &name, const Load &load, const std::function<void(Forwarder &)> &join) {
		all.push_back(joined<Forwarder>(name, join, load.traffic(Way::Encap), load.traffic(Way::Decap)));
	};
	add("bare", {.v6 = v6}, [](Forwarder &path) { path.join_by_redirect(); });
	for (const Tunnel &tunnel : tunnels({8, 32, 64})) {
		const Load load = {.v6 = v6, .tunnel = tunnel};
		add(tunnel.name(), load, [&](Forwarder &path) {
			path.join_by_xovl(Layer::Xdp, XOVL_COMMAND, blue_yaml("native", {load.peer()}, tunnel));
		});
	}
	return all;
}

Group xdp_group(const Settings &settings, bool v6, Way way, const std::vector<Candidate<Forwarder>> &paths)
{
	const std::string word = way == Way::Encap ? "encap" : "decap", ip = v6 ? "ipv6" : "ipv4";
	const Burst burst = {.count = settings.quick ? 300'000u : 1'000'000u};
	return {.id = fmt::format("kinds-{}-{}", ip, word),
		.title = fmt::format("XDP {} by encapsulation, over {}, inner frames of 60 octets, one flow, one CPU",
				     word, v6 ? "IPv6" : "IPv4"),
		.unit = "million frames/s",
		.subjects = subjects_of<Forwarder>(paths,
						   [way, burst](Forwarder &path) { return path.sample(way, burst); }),
		.references = {{"of bare", "bare"}, {"of vxlan", "vxlan"}},
		.floor = "bare"};
}

Plan xdp_plan(const Settings &settings, bool v6)
{
	return {v6 ? "kinds-ipv6" : "kinds-ipv4", true, [settings, v6] {
			const auto paths = forwarders(v6);
			return std::vector<Group>{xdp_group(settings, v6, Way::Encap, paths),
						  xdp_group(settings, v6, Way::Decap, paths)};
		}};
}

Group tcp_group(const Settings &settings)
{
	std::vector<Contender> contenders;
	for (const Tunnel &tunnel : tunnels({32})) {
		const Overlay xovl = by_xovl(XOVL_COMMAND, {"tc", "tc"}, tunnel);
		contenders.push_back({tunnel.name(), xovl, xovl});
	}
	const auto paths = chains({.links = super_frame_links(), .underlay_mtu = kUnderlayMtu}, contenders);
	const TcpLoad load = {.amount = settings.quick ? "-n 500M" : "-n 4000M"};
	return {.id = "kinds-tcp1",
		.title = fmt::format(
			"One TCP stream (iperf3) by encapsulation, super-frames; client, host, host, client "
			"on veth pairs, MTU 1450 over {}",
			kUnderlayMtu),
		.unit = "Gb/s",
		.subjects = subjects_of<Chain>(paths, [load](Chain &path) { return path.tcp(load)[0]; }),
		.references = {{"of vxlan", "vxlan"}}};
}

} // namespace

std::vector<Plan> kind_plans(const Settings &settings)
{
	std::vector<Plan> plans = {xdp_plan(settings, false)};
	if (!settings.quick)
		plans.push_back(xdp_plan(settings, true));
	plans.push_back({"kinds-tcp1", false, [settings] { return std::vector<Group>{tcp_group(settings)}; }});
	return plans;
}

} // namespace xovl::bench

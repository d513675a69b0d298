// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Applications across two hosts on veth pairs whose underlay link carries super-frames (GSO), compared with a bridge
// without overlay and with the kernel's vxlan. In nic.cpp the link carries packets.
#include "chain.hpp"
#include "plans.hpp"

namespace xovl::bench {

namespace {

using namespace std::chrono_literals;

const std::vector<Reference> kReferences = {{"of bridge", "bridge"}, {"of kernel", "kernel"}};

std::vector<Contender> bridge_and_kernel()
{
	return {{"bridge", by_bridge(), by_bridge()}, {"kernel", by_kernel(), by_kernel()}};
}

std::vector<Group> tc_groups(const Settings &settings)
{
	std::vector<Contender> contenders = bridge_and_kernel();
	for (const Build &build : builds(settings)) {
		const Overlay xovl = by_xovl(build.command, {"tc", "tc"});
		contenders.push_back({build.name, xovl, xovl});
	}
	if (!settings.quick) {
		const Overlay xovl = by_xovl(XOVL_COMMAND, {"tc", "tc", "", ", deliver: peer"});
		contenders.push_back({"xovl-to-peer", xovl, xovl});
	}
	const auto paths = chains({.links = super_frame_links()}, contenders);
	const std::string title = "super-frames; client, host, host, client on veth pairs, MTU 1450";
	const std::string amount = settings.quick ? "-n 500M" : "-n 4000M";
	const UdpLoad udp = {.time = settings.quick ? 200ms : 1000ms};
	const auto compared = references(settings, kReferences);
	std::vector<Group> all =
		stream_groups({"tc-tcp1", "tc-cpu", title}, paths, {.streams = 1, .amount = amount}, compared);
	const auto add = [&](const std::string &id, const std::string &what, const std::string &unit,
			     const std::function<Sample(Chain &)> &sample) {
		all.push_back({.id = "tc-" + id,
			       .title = what + "; " + title,
			       .unit = unit,
			       .subjects = subjects_of<Chain>(paths, sample),
			       .references = compared});
	};
	if (!settings.quick) // too slow for the two minutes of quick mode
		add("tcp4", "Four TCP streams (iperf3)", "Gb/s",
		    [amount](Chain &path) { return path.tcp({.streams = 4, .amount = amount})[0]; });
	add("udp", "UDP, 64 octets: datagrams that arrive (own sender)", "thousand/s",
	    [udp](Chain &path) { return path.udp(udp); });
	add("rr", "TCP request and response, on one CPU (sockperf)", "thousand/s",
	    [](Chain &path) { return path.transactions(1); });
	if (settings.quick)
		all.back().most_rounds = 2;
	return all;
}

std::vector<Group> super_frame_groups(const Settings &settings)
{
	std::vector<Contender> contenders = bridge_and_kernel();
	for (const Modes &modes : {Modes{"tc", "tc"}, Modes{"native", "tc"}, Modes{"native", "native"}})
		for (const Build &build : builds(settings)) {
			const Overlay xovl = by_xovl(build.command, modes);
			contenders.push_back({build.name + "-" + modes.uplink + "-" + modes.port, xovl, xovl});
		}
	return stream_groups({"super-frames-tcp1", "super-frames-cpu",
			      "super-frames made by GRO at the first port (tx off at the clients, GRO on); "
			      "modes uplink-port"},
			     chains({.links = merged_links()}, contenders),
			     {.amount = settings.quick ? "-n 100M" : "-n 1000M"}, kReferences);
}

} // namespace

std::vector<Plan> tc_plans(const Settings &settings)
{
	return {{"tc", false, [settings] { return tc_groups(settings); }}};
}

std::vector<Plan> super_frame_plans(const Settings &settings)
{
	return {{"super-frames", false, [settings] { return super_frame_groups(settings); }, !settings.quick}};
}

} // namespace xovl::bench

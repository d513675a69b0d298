// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "chain.hpp"

#include <linux/if_ether.h>

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace xovl::bench {

using namespace test;

namespace {

constexpr uint16_t kIperfPort = 5201;

std::string client_address(unsigned i)
{
	return fmt::format("10.1.0.{}", i);
}

void offload(const Netns &netns, const std::string &dev, const std::string &features)
{
	if (!features.empty())
		netns.offload(dev, features);
}

/// Packets and octets that an interface has carried in one direction.
struct Carried {
	double packets = 0, octets = 0;

	double mean_since(const Carried &before) const
	{
		return packets > before.packets ? (octets - before.octets) / (packets - before.packets) : 0;
	}
};

struct BothWays {
	Carried in, out;
};

BothWays carried_by(const Netns &netns, const std::string &dev)
{
	const auto stats = netns.ip_show("-s link show dev " + dev).at(0).at("stats64");
	const auto way = [&](const char *key) {
		return Carried{stats.at(key).at("packets"), stats.at(key).at("bytes")};
	};
	return {way("rx"), way("tx")};
}

} // namespace

Links super_frame_links()
{
	return {};
}

Links merged_links()
{
	return {.clients = "gro on tx off", .ports = "gro on", .uplinks = "gro on"};
}

Links wire_links(const std::string &clients)
{
	return {.clients = clients,
		.uplinks = "gro on tx off tso off gso off tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off "
			   "tx-gre-segmentation off tx-gre-csum-segmentation off",
		.wire = true};
}

Chain::Chain(const std::string &role, const Layout &layout)
	: layout_(layout), c1_(role + "-c1"), h1_(role + "-h1"), h2_(role + "-h2"), c2_(role + "-c2")
{
	add_client(c1_, h1_, 1);
	add_client(c2_, h2_, 2);
	veth(h1_, "up0", h2_, "up0");
	for (const auto &[host, i] : {std::pair(&h1_, 1U), std::pair(&h2_, 2U)}) {
		host->ip(fmt::format("link set up0 mtu {}\naddr add {}/{} dev up0", layout.underlay_mtu, vtep(i),
				     layout.v6 ? 64 : 24));
		offload(*host, "port0", layout.links.ports);
		offload(*host, "up0", layout.links.uplinks);
	}
}

void Chain::add_client(const Netns &client, const Host &host, unsigned i) const
{
	veth(host, "port0", client, "eth0");
	client.ip(fmt::format("link set eth0 mtu {}\naddr add {}/24 dev eth0", layout_.client_mtu, client_address(i)));
	offload(client, "eth0", layout_.links.clients);
}

std::string Chain::vtep(unsigned i) const
{
	return fmt::format("{}{}", layout_.v6 ? "2001:db8::" : "192.0.2.", i);
}

void Chain::join(const Overlay &h1, const Overlay &h2)
{
	const Site first = {.host = h1_, .tenant = c1_, .facing = h2_, .local = vtep(1), .remote = vtep(2)};
	const Site second = {.host = h2_, .tenant = c2_, .facing = h1_, .local = vtep(2), .remote = vtep(1)};
	// h2 first: Open vSwitch gives it another MAC, and a tunnel device of h1 asks for it at once.
	overlays_[1] = h2(second);
	overlays_[0] = h1(first);
	if (!c1_.run("ping -q -c 5 -i 0.05 -w 3 " + client_address(2)).ok())
		throw std::runtime_error("the clients do not reach each other");
	iperf_server_.emplace(c2_.start("iperf3 -s"));
	if (!wait_until([&] { return c2_.listens(kIperfPort); }))
		throw std::runtime_error("the server of iperf3 does not start");
}

Pair Chain::ends() const
{
	return {.client = {c1_, client_address(1)}, .server = {c2_, client_address(2)}};
}

double Chain::packet_meanwhile(Direction direction, const std::function<void()> &run) const
{
	const BothWays before = carried_by(h2_, "up0");
	run();
	const BothWays after = carried_by(h2_, "up0");
	const double in = after.in.mean_since(before.in), out = after.out.mean_since(before.out);
	if (layout_.links.wire && std::max(in, out) > layout_.underlay_mtu + ETH_HLEN)
		throw Invalid(fmt::format("packets of {:.0f} octets on a link with MTU {}", std::max(in, out),
					  layout_.underlay_mtu));
	switch (direction) {
	case Direction::ToServer:
		return in;
	case Direction::ToClient:
		return out;
	case Direction::Both:
		break;
	}
	return std::max(in, out);
}

std::array<Sample, 2> Chain::tcp(const TcpLoad &load) const
{
	std::array<double, 2> values{};
	const double packet = packet_meanwhile(load.direction, [&] { values = tcp_stream(ends(), load); });
	return {Sample{values[0], packet}, Sample{values[1], packet}};
}

Sample Chain::udp(const UdpLoad &load) const
{
	Sample sample;
	sample.packet = packet_meanwhile(load.direction, [&] { sample.value = udp_thousand_per_second(ends(), load); });
	return sample;
}

Sample Chain::transactions(unsigned seconds) const
{
	Sample sample;
	sample.packet =
		packet_meanwhile(Direction::Both, [&] { sample.value = tcp_thousand_transactions(ends(), seconds); });
	return sample;
}

std::vector<Candidate<Chain>> chains(const Layout &layout, const std::vector<Contender> &contenders)
{
	std::vector<Candidate<Chain>> all;
	for (const Contender &one : contenders)
		all.push_back(joined<Chain>(
			one.name, [&](Chain &path) { path.join(one.peer, one.measured); }, layout));
	return all;
}

std::vector<Group> stream_groups(const StreamGroups &names, const std::vector<Candidate<Chain>> &chains,
				 const TcpLoad &load, const std::vector<Reference> &references)
{
	const std::string streams = load.streams == 1 ? "One TCP stream" : fmt::format("{} TCP streams", load.streams);
	const auto subjects = subjects_of_both<Chain>(chains, [load](Chain &path) { return path.tcp(load); });
	return {{.id = names.id,
		 .title = fmt::format("{} (iperf3); {}", streams, names.title),
		 .unit = "Gb/s",
		 .subjects = subjects[0],
		 .references = references},
		{.id = names.cpu_id,
		 .title = fmt::format("{}: CPU time of the whole machine; {}", streams, names.title),
		 .unit = "CPU s/GB",
		 .subjects = subjects[1],
		 .references = references}};
}

} // namespace xovl::bench

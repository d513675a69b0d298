// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "chain.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "overlays.hpp"

namespace xovl::bench {

using namespace test;

namespace {

constexpr uint16_t kIperfPort = 5201;

std::string vtep(unsigned i)
{
	return fmt::format("192.0.2.{}", i);
}

std::string client_address(unsigned i)
{
	return fmt::format("10.1.0.{}", i);
}

std::string yaml(unsigned i, const Modes &modes, const Tunnel &tunnel)
{
	return fmt::format(R"(vtep: {{local: [{}]}}
uplinks: [{{dev: up0, mode: {}}}]
networks:
  - {{name: blue, {}, ports: [{{dev: port0, mode: {}}}], flood: [{}]}}
)",
			   vtep(i), modes.uplink, tunnel.keys(), modes.port, vtep(3 - i));
}

} // namespace

Chain::Chain(const std::string &role, Links links, unsigned megabytes, unsigned underlay_mtu)
	: c1_(role + "-c1"), h1_(role + "-h1"), h2_(role + "-h2"), c2_(role + "-c2"), megabytes_(megabytes),
	  one_stream_([this] { return tcp(1); })
{
	add_client(c1_, h1_, 1);
	add_client(c2_, h2_, 2);
	veth(h1_, "up0", h2_, "up0");
	h1_.ip(fmt::format("link set up0 mtu {}\naddr add {}/24 dev up0", underlay_mtu, vtep(1)));
	h2_.ip(fmt::format("link set up0 mtu {}\naddr add {}/24 dev up0", underlay_mtu, vtep(2)));
	if (links == Links::Veth)
		return;
	for (const Netns *client : {&c1_, &c2_})
		client->offload("eth0", "gro on tx off");
	for (const Host *host : {&h1_, &h2_})
		for (const char *dev : {"port0", "up0"})
			host->offload(dev, "gro on");
}

void Chain::add_client(const Netns &client, const Host &host, unsigned i) const
{
	veth(host, "port0", client, "eth0");
	client.ip(fmt::format("link set eth0 mtu 1450\naddr add {}/24 dev eth0", client_address(i)));
}

void Chain::join_by_bridge()
{
	join_bridge(h1_);
	join_bridge(h2_);
	start();
}

void Chain::join_by_kernel()
{
	join_vxlan(h1_, kVni, vtep(1), {vtep(2)});
	join_vxlan(h2_, kVni, vtep(2), {vtep(1)});
	start();
}

void Chain::join_by_xovl(const std::string &command, const Modes &modes, const Tunnel &tunnel)
{
	apply(h1_, command, yaml(1, modes, tunnel));
	apply(h2_, command, yaml(2, modes, tunnel));
	start();
}

Pair Chain::ends() const
{
	return {c1_, c2_, client_address(2)};
}

std::array<double, 2> Chain::tcp(unsigned streams) const
{
	return tcp_stream(ends(), streams, megabytes_);
}

void Chain::start()
{
	if (!c1_.run("ping -q -c 5 -i 0.05 -w 3 " + client_address(2)).ok())
		throw std::runtime_error("the clients do not reach each other");
	iperf_server_.emplace(c2_.start("iperf3 -s"));
	if (!wait_until([&] { return c2_.listens(kIperfPort); }))
		throw std::runtime_error("the server of iperf3 does not start");
}

} // namespace xovl::bench

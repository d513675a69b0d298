// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What each encapsulation takes of the underlay's MTU.
#include "overhead.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

using namespace xovl;

namespace {

std::string overhead(const NetworkConfig &net, int family = AF_INET, size_t port_options = 0)
{
	return str(overhead_parts(net, net.encap, family, port_options));
}

NetworkConfig network(xovl_encap encap, std::optional<uint32_t> id = 100)
{
	NetworkConfig net;
	net.encap = encap;
	net.vni = id;
	net.dstport = default_dstport(encap);
	return net;
}

} // namespace

TEST(Overhead, Vxlan)
{
	EXPECT_EQ(overhead(network(XOVL_ENCAP_VXLAN)), "50: IPv4 20, UDP 8, VXLAN 8, Ethernet 14");
	EXPECT_EQ(overhead(network(XOVL_ENCAP_VXLAN), AF_INET6), "70: IPv6 40, UDP 8, VXLAN 8, Ethernet 14");
}

TEST(Overhead, GeneveWithOptions)
{
	NetworkConfig net = network(XOVL_ENCAP_GENEVE);
	EXPECT_EQ(overhead(net), "50: IPv4 20, UDP 8, GENEVE 8, Ethernet 14");
	EXPECT_EQ(overhead(net, AF_INET, 4), "54: IPv4 20, UDP 8, GENEVE 8, options 4, Ethernet 14");
	net.options = parse_options("1:2:00010002,1:3:");
	EXPECT_EQ(overhead(net, AF_INET6, 8), "90: IPv6 40, UDP 8, GENEVE 8, options 20, Ethernet 14");
	EXPECT_EQ(str(overhead_parts(net, XOVL_ENCAP_VXLAN, AF_INET, 8)), "50: IPv4 20, UDP 8, VXLAN 8, Ethernet 14")
		<< "only GENEVE has options";
}

TEST(Overhead, GreWithWhatItsHeaderHas)
{
	NetworkConfig net = network(XOVL_ENCAP_GRE, std::nullopt);
	EXPECT_EQ(overhead(net), "38: IPv4 20, GRE 4, Ethernet 14");
	net.vni = 0;
	EXPECT_EQ(overhead(net), "42: IPv4 20, GRE 4, key 4, Ethernet 14");
	net.csum = true;
	net.seq = GreSeq::On;
	EXPECT_EQ(overhead(net, AF_INET6), "70: IPv6 40, GRE 4, checksum 4, key 4, sequence 4, Ethernet 14");
	net.vni.reset();
	net.seq = GreSeq::Strict;
	EXPECT_EQ(overhead(net), "46: IPv4 20, GRE 4, checksum 4, sequence 4, Ethernet 14");
}

TEST(Overhead, Nvgre)
{
	EXPECT_EQ(overhead(network(XOVL_ENCAP_NVGRE)), "42: IPv4 20, NVGRE 8, Ethernet 14");
	EXPECT_EQ(overhead(network(XOVL_ENCAP_NVGRE), AF_INET6), "62: IPv6 40, NVGRE 8, Ethernet 14");
}

TEST(Overhead, LargestOfPeersAndPorts)
{
	const Address v4 = Address::parse("10.0.0.2"), v6 = Address::parse("fd00::2"),
		      other = Address::parse("10.0.0.3");
	const std::vector<VtepConfig> vteps = {{Address::parse("fd00::1")}, {Address::parse("10.0.0.1")}};
	auto largest = [&](const NetworkConfig &net) { return octets_of(largest_overhead(net, vteps)); };

	NetworkConfig net = network(XOVL_ENCAP_NVGRE);
	EXPECT_EQ(largest(net), 62u) << "no peer: the first vtep's family";
	net.local = Address::parse("10.0.0.1");
	EXPECT_EQ(largest(net), 42u) << "no peer: its own local address";
	net.local.reset();
	EXPECT_EQ(octets_of(largest_overhead(net, {})), 42u);
	net.flood = {v4};
	EXPECT_EQ(largest(net), 42u);
	net.flood = {v4, v6};
	EXPECT_EQ(largest(net), 62u);
	net.flood = {v4, other};
	net.peers = {{other, XOVL_ENCAP_GENEVE, 6081}};
	EXPECT_EQ(largest(net), 50u);
	net.ports = {{"p0"}, {"p1"}, {"p2"}};
	net.ports[1].options = parse_options("1:2:00010002");
	net.ports[2].options = parse_options("1:2:");
	EXPECT_EQ(largest(net), 58u);
	net.flood = {v4};
	EXPECT_EQ(largest(net), 42u) << "none of the flooded peers is of GENEVE";
}

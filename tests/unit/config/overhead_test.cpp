// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The overhead of each encapsulation in the underlay's MTU.
#include "config/overhead.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

using namespace xovl;

namespace {

std::string overhead(const NetworkConfig &net, int family = AF_INET, size_t port_options = 0)
{
	return overhead_text(outer_kind(net, net.encap, family, port_options));
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
	EXPECT_EQ(overhead_text(outer_kind(net, XOVL_ENCAP_VXLAN, AF_INET, 8)),
		  "50: IPv4 20, UDP 8, VXLAN 8, Ethernet 14")
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
	auto largest = [&](const NetworkConfig &net, const std::set<Address> &peers) {
		const xovl_outer_kind kind = largest_kind(net, vteps, peers);
		return xovl_outer_len(&kind);
	};

	NetworkConfig net = network(XOVL_ENCAP_NVGRE);
	EXPECT_EQ(largest(net, {}), 62u) << "no peer: the first vtep's family";
	net.local = Address::parse("10.0.0.1");
	EXPECT_EQ(largest(net, {}), 42u) << "no peer: its own local address";
	net.local.reset();
	EXPECT_EQ(overhead_text(largest_kind(net, {}, {})), "42: IPv4 20, NVGRE 8, Ethernet 14");
	EXPECT_EQ(largest(net, {v4}), 42u);
	EXPECT_EQ(largest(net, {v4, v6}), 62u);
	net.peers = {{other, XOVL_ENCAP_GENEVE, 6081}};
	EXPECT_EQ(largest(net, {v4, other}), 50u);
	net.ports = {{"p0"}, {"p1"}, {"p2"}};
	net.ports[1].options = parse_options("1:2:00010002");
	net.ports[2].options = parse_options("1:2:");
	EXPECT_EQ(largest(net, {v4, other}), 58u);
	EXPECT_EQ(largest(net, {v4}), 42u) << "none of the peers is of GENEVE";
}

/* The parts in the text add up to its total in every combination of settings. */
TEST(Overhead, PartsAddUp)
{
	for (uint32_t bits = 0; bits < 1u << 7; bits++) {
		NetworkConfig net = network(static_cast<xovl_encap>(XOVL_ENCAP_VXLAN + bits % 4));
		if (bits & 4)
			net.vni.reset();
		net.csum = bits & 8;
		net.seq = bits & 16 ? GreSeq::On : GreSeq::Off;
		if (bits & 32)
			net.options = parse_options("1:2:00010002");
		const std::string text = overhead(net, bits & 64 ? AF_INET6 : AF_INET, bits & 4 ? 4 : 0);
		unsigned long sum = 0;
		for (size_t comma = text.find(':'); comma != text.npos; comma = text.find(',', comma + 1))
			sum += std::stoul(text.substr(text.find(' ', comma + 2)));
		EXPECT_EQ(sum, std::stoul(text)) << text;
	}
}

/* xovl_outer_len() counts a VLAN tag, although the tag is no part of an IP MTU. */
TEST(Overhead, OfATaggedPacket)
{
	xovl_outer_kind kind = outer_kind(network(XOVL_ENCAP_VXLAN), XOVL_ENCAP_VXLAN, AF_INET);
	EXPECT_EQ(xovl_outer_len(&kind), 50u);
	kind.tagged = 1;
	EXPECT_EQ(xovl_outer_len(&kind), 54u);
}

TEST(MtuInForce, IsTheSmallerOne)
{
	const xovl_outer_kind kind = outer_kind(network(XOVL_ENCAP_VXLAN), XOVL_ENCAP_VXLAN, AF_INET);
	const std::string carried = "1500 (eth0) - 50: IPv4 20, UDP 8, VXLAN 8, Ethernet 14";
	auto mtu = [&](uint16_t set, const std::optional<Underlay> &underlay) {
		const NetworkMtu mtu = mtu_in_force(set, underlay, kind);
		return std::pair(mtu.mtu, mtu.from);
	};
	const Underlay eth0{"eth0", 1500};
	EXPECT_EQ(mtu(0, eth0), std::pair(1450u, carried));
	EXPECT_EQ(mtu(1400, eth0), std::pair(1400u, std::string("set")));
	EXPECT_EQ(mtu(1450, eth0), std::pair(1450u, std::string("set")));
	EXPECT_EQ(mtu(1451, eth0), std::pair(1450u, carried + " (set 1451)"));
	EXPECT_EQ(mtu(1400, {}), std::pair(1400u, std::string("set"))) << "no uplink";
	EXPECT_EQ(mtu(0, {}), std::pair(0u, std::string()));
	EXPECT_EQ(mtu(1400, Underlay{"eth0", 50}).first, 0u) << "there is no room for a frame";
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Traffic of two tenants through two hosts, in every mode.
 *
 *   namespace    c1             h1                              h2             c2
 *             +------+     +-----------+   underlay, VXLAN  +-----------+     +------+
 *             | eth0 |-----| port0 up0 |--------------------| up0 port0 |-----| eth0 |
 *             +------+     +-----------+                    +-----------+     +------+
 *
 *   Switched:  h1 up0 --- mid (bridge br0) --- up0 h2, h3
 *   Routed:    h1 up0 --- mid (router)     --- up0 h2           VTEP addresses on lo, route by the router
 *   Multipath: h1 up0, up1 === mid (router) === up0, up1 h2     the same, equal-cost routes over both links
 *
 *   address       1                    2                    n
 *   tenant IPv4   10.1.0.1/24          10.1.0.2/24          10.1.0.n/24
 *   tenant IPv6   fd01::1/64           fd01::2/64           fd01::n/64
 *   tenant MAC    02:00:00:00:01:01    02:00:00:00:01:02    02:00:00:00:01:n
 *   VTEP IPv4     192.0.2.1            192.0.2.2            192.0.2.n      Direct, Switched: /24 on up0; else /32, lo
 *   VTEP IPv6     2001:db8::1          2001:db8::2          2001:db8::n    Direct, Switched: /64 on up0; else /128, lo
 *   router link   198.51.100.(128 link + 4 host + 1)/30, router + 2; 2001:db8:1:(2 host + link)::1/64, router ::2
 *
 *   tenant MTU 1450 over an IPv4 underlay, 1430 over IPv6: 1500 less 50 or 70
 *
 *   a frame from c1 to c2
 *   1. c1 eth0 -> h1 port0   XDP or TC ingress of the port: network blue, FDB: behind VTEP 2
 *   2. h1                    outer Ethernet, IP, UDP 4789, VXLAN 100; next hop by the kernel's tables
 *   3. h1 up0 -> h2 up0      across the underlay
 *   4. h2 up0                XDP or TC ingress of the uplink: to a local VTEP, from a peer of blue: decapsulated
 *   5. h2 port0 -> c2 eth0   delivered; c1's MAC is learned behind VTEP 1
 */
#include <algorithm>
#include <string>
#include <tuple>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

class Traffic : public OverlayTest, public testing::WithParamInterface<std::tuple<std::string, std::string, bool>> {
protected:
	void SetUp() override
	{
		const auto &[port, uplink, v6] = GetParam();
		build({.port_mode = port, .uplink_mode = uplink, .v6 = v6});
	}

	/// The largest ICMP payload that fits.
	unsigned largest(bool inner6) const { return net_->tenant_mtu() - (inner6 ? 48 : 28); }
};

using MtuEdge = Traffic;
using NativeXdp = Traffic;
using NativeXdpWithoutNapi = OverlayTest;

std::string mode_name(const testing::TestParamInfo<Traffic::ParamType> &info)
{
	return "port_" + std::get<0>(info.param) + "_uplink_" + std::get<1>(info.param) +
	       (std::get<2>(info.param) ? "_over_v6" : "_over_v4");
}

} // namespace

TEST_P(Traffic, ModesAreInForceForPingAndUdp)
{
	for (unsigned i = 1; i <= 2; i++) {
		const auto port = h(i).xovl_show("port show").at(0);
		EXPECT_EQ(port.at("mode_asked"), std::get<0>(GetParam())) << port;
		EXPECT_EQ(port.at("mode"), std::get<0>(GetParam())) << port;
		const auto uplink = h(i).xovl_show("uplink show").at(0);
		EXPECT_EQ(uplink.at("mode_asked"), std::get<1>(GetParam())) << uplink;
		EXPECT_EQ(uplink.at("mode"), std::get<1>(GetParam())) << uplink;
	}
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(pings(c(1), net().tenant6(2)));
	EXPECT_TRUE(pings(c(2), net().tenant4(1), 2, largest(false)));
	EXPECT_TRUE(pings(c(2), net().tenant6(1), 2, largest(true)));
	for (const size_t size : {1, 17, 100, 1380}) {
		ASSERT_TRUE(udp_both_ways(c(1), net().tenant4(1), c(2), net().tenant4(2), size));
		ASSERT_TRUE(udp_both_ways(c(1), net().tenant6(1), c(2), net().tenant6(2), size));
	}
}

TEST_P(Traffic, TcpBothWays)
{
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2)));
	EXPECT_TRUE(tcp_content(c(2), c(1), net().tenant6(1)));
	EXPECT_TRUE(iperf(c(1), c(2), net().tenant4(2)));
	EXPECT_TRUE(iperf(c(1), c(2), net().tenant6(2), 20, true));
}

INSTANTIATE_TEST_SUITE_P(Modes, Traffic,
			 testing::Combine(testing::Values("native", "generic", "tc"),
					  testing::Values("native", "generic", "tc"), testing::Bool()),
			 mode_name);

TEST_P(MtuEdge, WhatDoesNotFitTheUnderlayIsDroppedAndCounted)
{
	const unsigned mtu = net().tenant_mtu();
	ASSERT_TRUE(pings(c(1), net().tenant4(2), 1));
	c(1).ip("link set eth0 mtu 1500");
	EXPECT_TRUE(pings(c(1), net().tenant4(2), 2, mtu - 28));
	EXPECT_EQ(h(1).drops("mtu_underlay"), 0u);
	const uint64_t arrived = h(2).port_counter("port0", "tx_packets");

	const UdpSocket from(c(1), "0.0.0.0", 0);
	const UdpSocket to(c(2), "0.0.0.0", 9000);
	from.send(net().tenant4(2), 9000, Payload::of(mtu - 28 + 1).data);
	EXPECT_TRUE(wait_until([&] { return h(1).drops("mtu_underlay") == 1; }));
	EXPECT_FALSE(to.receive(100ms));
	EXPECT_LE(h(2).port_counter("port0", "tx_packets"), arrived + 2) << "only neighbour discovery may pass";
}

INSTANTIATE_TEST_SUITE_P(Modes, MtuEdge,
			 testing::Combine(testing::Values("native", "generic", "tc"), testing::Values("tc"),
					  testing::Bool()),
			 mode_name);

// The stack sees the first frames (next hop, neighbour) and hardly any later one.
TEST_P(NativeXdp, TakesKnownUnicast)
{
	ASSERT_TRUE(pings(c(1), net().tenant4(2), 20));
	PacketSocket wire(h(2), "up0");
	PacketSocket tenant_side(h(1), "port0");
	ASSERT_TRUE(pings(c(1), net().tenant4(2), 50));
	const auto of_ping = [](const Frame &frame) { return !frame.outgoing && frame.bytes.size() > 90; };
	EXPECT_LT(wire.frames(of_ping).size(), 10u) << "of 50";
	EXPECT_LT(tenant_side.frames(of_ping).size(), 10u) << "of 50";
}

INSTANTIATE_TEST_SUITE_P(Modes, NativeXdp,
			 testing::Combine(testing::Values("native"), testing::Values("native"), testing::Bool()),
			 mode_name);

// A veth takes redirected XDP frames only while its peer end has NAPI: without it, TC delivers.
TEST_F(NativeXdpWithoutNapi, DeliversThroughTc)
{
	build({.port_mode = "native", .uplink_mode = "native", .napi = false});
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(pings(c(2), net().tenant6(1)));
	EXPECT_TRUE(udp_both_ways(c(1), net().tenant4(1), c(2), net().tenant4(2)));
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2)));
	EXPECT_TRUE(iperf(c(2), c(1), net().tenant6(1)));
}

} // namespace xovl::test
